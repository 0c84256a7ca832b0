"""What a verification found, judged check by check; pure.

A check is ok or says what is wrong, and `since` names the first event that is concerned. "As signed" always means:
by the key that is shown; who wants more has noted that key, or keeps checkpoints elsewhere.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from raro.audit.notes import Checkpoint, Verifier, to_base64
from raro.audit.reading import MOST_NAMED, Found, Reading
from raro.audit.shadow import Difference


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was verified."""

    name: str
    ok: bool
    detail: str
    since: int | None = None


@dataclass(frozen=True, slots=True)
class Report:
    """All checks; `size` events were read, whose root (base64) this is, empty where an event is missing."""

    size: int
    root: str
    checks: tuple[Check, ...]

    @property
    def ok(self) -> bool:
        """Whether every check is."""
        return all(check.ok for check in self.checks)

    def to_json(self) -> dict[str, Any]:
        """The answer of /audit/verify."""
        return {"ok": self.ok, "size": self.size, "root": self.root, "checks": [asdict(check) for check in self.checks]}


@dataclass(frozen=True, slots=True)
class Place:
    """The checkpoints of one place: those that are signed, by their size, and what is wrong with others."""

    signed: Mapping[int, Checkpoint] = field(default_factory=dict)
    faults: tuple[tuple[int, str], ...] = ()
    away: str = ""
    """Why the place cannot be read at all."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """What was on disk before the log was read."""

    key: Verifier | None
    pinned: Verifier | None
    first: Place
    second: Place | None
    others: tuple[str, ...] = ()
    """Other logs, of which checkpoints lie beside this one's."""

    @property
    def roots(self) -> dict[int, set[bytes]]:
        """Every signed root by its size."""
        found: dict[int, set[bytes]] = {}
        for place in (self.first, self.second or Place()):
            for size, checkpoint in place.signed.items():
                found.setdefault(size, set()).add(checkpoint.root)
        return found


@dataclass(frozen=True, slots=True)
class Bytes:
    """How the stored bytes are: so many looked at, and the hashes of those that are wrong."""

    looked_at: int
    missing: tuple[str, ...]
    corrupt: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ViewsFound:
    """The views as they are served, whole up to an event, and what differs; or why they are not compared."""

    whole_to: int
    fault: str = ""
    broken: bool = False
    """The fault is damage, and not that there are none yet."""
    compared: bool = False
    differing: tuple[Difference, ...] = ()


def judge(
    evidence: Evidence,
    reading: Reading,
    *,
    later: Mapping[int, Checkpoint],
    blobs: Bytes | None = None,
    views: ViewsFound | None = None,
) -> Report:
    """Every check. `later` are checkpoints that were signed while the log was read."""
    checks = [
        _key(evidence),
        _signatures(evidence),
        _events(reading),
        _root(evidence, reading),
        _consistency(evidence, reading, later),
        _tiles(evidence, reading),
        _batches(reading),
        _other_logs(evidence),
    ]
    if evidence.second is not None:
        checks.insert(2, _second(evidence.first, evidence.second))
    if blobs is not None:
        checks.append(_blobs(blobs))
    if views is not None:
        checks.append(_views(views, reading.last))
    root = "" if reading.missing.count else to_base64(reading.tree.root())
    return Report(reading.last, root, tuple(checks))


def _key(evidence: Evidence) -> Check:
    if evidence.key is None:
        return Check("key", evidence.pinned is None, "nothing was sealed yet")
    if evidence.pinned is not None and str(evidence.pinned) != str(evidence.key):
        return Check("key", False, f"the log is sealed with {evidence.key}, not with the key that was named")
    return Check("key", True, str(evidence.key))


def _signatures(evidence: Evidence) -> Check:
    places = [("", evidence.first)] + ([("second place: ", evidence.second)] if evidence.second else [])
    faults = [(size, f"{where}checkpoint {size}: {why}") for where, place in places for size, why in place.faults]
    if faults:
        return Check("signatures", False, _some([why for _, why in faults]), min(size for size, _ in faults))
    count = sum(len(place.signed) for _, place in places)
    return Check("signatures", True, f"{count:,} {'checkpoint is' if count == 1 else 'checkpoints are'} as signed")


def _second(first: Place, second: Place) -> Check:
    if second.away:
        return Check("second_place", False, second.away)
    lacking = sorted(second.signed.keys() - first.signed.keys() - {size for size, _ in first.faults})
    behind = len(first.signed.keys() - second.signed.keys())
    if lacking:
        sizes = _some([str(size) for size in lacking])
        return Check("second_place", False, f"checkpoints that are gone from the first place: {sizes}", lacking[0])
    return Check("second_place", True, f"{len(second.signed):,} checkpoints, {behind:,} not copied yet")


def _events(reading: Reading) -> Check:
    missing = reading.missing
    if missing.count:
        return Check("events", False, f"{_named(missing)} not in the log", missing.first[0])
    return Check("events", True, f"{reading.last:,} events without a gap")


def _root(evidence: Evidence, reading: Reading) -> Check:
    sizes = sorted(evidence.roots)
    good = [size for size in sizes if evidence.roots[size] == {reading.roots.get(size)}]
    bad = [size for size in sizes if size not in good]
    if not bad:
        detail = f"the log is as it was signed up to event {sizes[-1]:,}" if sizes else "nothing was sealed yet"
        return Check("root", True, detail)
    intact = max((size for size in good if size < bad[0]), default=0)
    detail = (
        f"the log is not as it was signed: event {intact:,} is the last that surely is, {bad[0]:,} events were signed"
    )
    if reading.changed.count:
        detail += f"; {_named(reading.changed)} not what was sealed"
    since = reading.changed.first[0] if reading.changed.first else intact + 1
    return Check("root", False, detail, since)


def _consistency(evidence: Evidence, reading: Reading, later: Mapping[int, Checkpoint]) -> Check:
    wrong: list[tuple[int, str]] = []
    for size, roots in evidence.roots.items():
        if len(roots) > 1:
            wrong.append((size, f"two roots were signed for {size} events: a fork"))
        if size > reading.last:
            wrong.append((reading.last + 1, f"{size} events were signed, the log ends at {reading.last}"))
    known = {size: to_base64(next(iter(roots))) for size, roots in evidence.roots.items()}
    known |= {size: to_base64(checkpoint.root) for size, checkpoint in later.items()}
    for said in reading.announced:
        if said.size not in known:
            wrong.append((said.seq, f"event {said.seq} tells of a checkpoint of {said.size} events, which is gone"))
        elif said.root != known[said.size]:
            wrong.append((said.seq, f"event {said.seq} tells of another root than was signed for {said.size} events"))
    if wrong:
        return Check("consistency", False, _some([why for _, why in wrong]), min(seq for seq, _ in wrong))
    return Check("consistency", True, "every checkpoint continues those before it")


def _tiles(evidence: Evidence, reading: Reading) -> Check:
    if reading.bad_tiles:
        return Check("tiles", False, _some(reading.bad_tiles))
    if reading.changed.count and _as_signed(evidence, reading):
        # The log gives the roots that were signed, so it is the stored hashes that were changed.
        hashes = f"the stored hashes of {reading.changed.count:,} events are not theirs"
        return Check("tiles", False, f"{hashes}: {_list(reading.changed.first)}", reading.changed.first[0])
    return Check("tiles", True, "the stored hashes are there")


def _as_signed(evidence: Evidence, reading: Reading) -> bool:
    return all(roots == {reading.roots.get(size)} for size, roots in evidence.roots.items())


def _batches(reading: Reading) -> Check:
    torn = reading.torn
    # A crash may leave them (docs/audit.md); nobody reads them as events.
    detail = f"{_named(torn)} of a batch whose end a crash cut off, and not counted" if torn.count else "whole"
    return Check("batches", True, detail)


def _other_logs(evidence: Evidence) -> Check:
    if evidence.others:
        names = _some(list(evidence.others))
        return Check("one_log", False, f"the log was begun anew: checkpoints of other logs are here: {names}", 1)
    return Check("one_log", True, "it was never begun anew")


def _blobs(found: Bytes) -> Check:
    wrong = [f"{sha256} is missing" for sha256 in found.missing] + [f"{sha256} is damaged" for sha256 in found.corrupt]
    if wrong:
        return Check("blobs", False, f"{_some(wrong)}. `raro fsck --repair` looks for copies")
    return Check("blobs", True, f"{found.looked_at:,} files' bytes have their hashes")


def _views(found: ViewsFound, last: int) -> Check:
    if found.fault:
        return Check("views", not found.broken, f"not compared: {found.fault}")
    if found.whole_to > last:
        return Check("views", False, f"they know event {found.whole_to}, the log ends at {last}", last + 1)
    if not found.compared:
        return Check("views", False, "not compared: events are missing")
    if not found.differing:
        return Check("views", True, f"every row follows from the log, up to event {found.whole_to:,}")
    wrong = [_differing(difference) for difference in found.differing]
    seqs = [seq for difference in found.differing for seq in difference.seqs]
    return Check("views", False, f"{_some(wrong)}. `raro rebuild` makes them anew", min(seqs, default=None))


def _differing(found: Difference) -> str:
    if found.rows < 0:
        return f"table {found.table} is not what the log gives"
    return f"rows of {found.table} do not follow from the log: {found.rows:,}, of events {_list(found.seqs)}"


def _named(found: Found) -> str:
    more = f" and {found.count - len(found.first):,} more" if found.count > len(found.first) else ""
    return (
        f"{'event' if found.count == 1 else 'events'} {_list(found.first)}{more} {'is' if found.count == 1 else 'are'}"
    )


def _list(numbers: Iterable[int]) -> str:
    return ", ".join(map(str, numbers))


def _some(words: Sequence[str]) -> str:
    more = len(words) - MOST_NAMED
    return "; ".join(words[:MOST_NAMED]) + (f"; and {more:,} more" if more > 0 else "")
