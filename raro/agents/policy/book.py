"""The rules in force: those of a file, read again when it changes, and never those of a file with a mistake.

Every use looks at the file's state, not at its bytes. A change is taken once the file has been still for a moment,
because an editor that writes in place leaves half a file for a while, which may be valid and say less. The last good
text is kept in a copy, so that a mistake followed by a restart does not leave the machine with fewer rules.
"""

from __future__ import annotations

import codecs
import contextlib
import logging
import os
import secrets
import stat
import threading
import time
from dataclasses import dataclass
from pathlib import Path

from raro.agents.policy.reading import MAX_FILE_BYTES, RuleFault, bad_rules, faults_of
from raro.agents.policy.rules import Rules, rules_of
from raro.errors import BadRules
from raro.files.faults import storage_faults

logger = logging.getLogger(__name__)

SETTLE_S = 0.2
_FLAGS = os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC
# inode, modified, changed, size; or the error's number where there is none.
_Stamp = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Standing:
    """What is in force: the rules, the text they came from; what the file says now, and what is wrong with it."""

    rules: Rules
    text: str = ""
    faults: tuple[RuleFault, ...] = ()
    file_text: str = ""


class RuleBook:
    """The rules of one process; safe to ask from any thread. `kept` is where the last good text is copied to."""

    def __init__(self, path: Path, *, kept: Path | None = None) -> None:
        self.path = path
        self._kept = kept
        self._lock = threading.Lock()
        self._standing: Standing | None = None
        self._taken: _Stamp | None = None
        self._settled = False
        self._pending: tuple[_Stamp, float] | None = None

    def current(self) -> Rules:
        """The rules in force."""
        return self.standing().rules

    def fault(self) -> RuleFault | None:
        """What is wrong with the file as it is now, None when it is in force."""
        return next(iter(self.standing().faults), None)

    def standing(self) -> Standing:
        """Rules, text and faults, all of the same moment."""
        stamp = _stamp(self.path)
        standing = self._standing
        if standing is not None and stamp == self._taken and self._settled:
            return standing
        with self._lock:
            return self._looked(_stamp(self.path), now_s=time.time())

    def stage(self, text: str) -> Path:
        """Write a text beside the file, ready to be put in its place. Raises BadRules, StorageFault."""
        rules_of(text)
        target = Path(os.path.realpath(self.path))
        staged = target.with_name(f".{target.name}.{secrets.token_hex(8)}")
        with storage_faults(f"write the rules to {target.parent}"):
            fd = os.open(staged, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o644)
            with open(fd, "wb") as file:
                with contextlib.suppress(FileNotFoundError):
                    os.fchmod(fd, stat.S_IMODE(target.stat().st_mode))
                file.write(text.encode())
                file.flush()
                os.fsync(fd)
        return staged

    def put(self, staged: Path) -> None:
        """Put a staged text in the file's place, whole, and take it at once. Raises StorageFault."""
        with self._lock:
            with storage_faults(f"replace {self.path}"):
                os.replace(staged, os.path.realpath(self.path))
                folder = os.open(staged.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
                try:
                    os.fsync(folder)
                finally:
                    os.close(folder)
            self._take(_stamp(self.path), settled=False)

    def _looked(self, stamp: _Stamp, now_s: float) -> Standing:
        still = _still_s(stamp, now_s) >= SETTLE_S
        if self._standing is None:
            return self._take(stamp, settled=still)
        if stamp == self._taken:
            self._pending = None
            # It was read when it was young: what was written within the same tick of the clock shows only now.
            return self._take(stamp, settled=True) if still and not self._settled else self._standing
        if self._pending is None or self._pending[0] != stamp:
            self._pending = (stamp, time.monotonic())
        waited = time.monotonic() - self._pending[1]
        return self._take(stamp, settled=still) if still or waited >= SETTLE_S else self._standing

    def _take(self, stamp: _Stamp, *, settled: bool) -> Standing:
        before = self._standing
        self._taken, self._settled, self._pending = stamp, settled, None
        self._standing = self._read(before)
        if self._standing.faults and (before is None or before.faults != self._standing.faults):
            fault = self._standing.faults[0]
            logger.error("%s is not taken, line %s: %s", self.path, fault.line, fault.message)
        return self._standing

    def _read(self, before: Standing | None) -> Standing:
        text = ""
        try:
            text = read_text(self.path)
            rules = before.rules if before and before.text == text else rules_of(text)
        except BadRules as bad:
            faults = faults_of(bad)
        except OSError as error:
            faults = (RuleFault(f"the file cannot be read: {error.strerror or error}."),)
        else:
            self._keep(text)
            return Standing(rules, text, file_text=text)
        good = before or self._last_good()
        return Standing(good.rules, good.text, faults, text)

    def _keep(self, text: str) -> None:
        """Copy the last good text; where that cannot be, a restart with a mistake falls back to the defaults."""
        if self._kept is None:
            return
        with contextlib.suppress(OSError):
            if self._kept.exists() and self._kept.read_text(encoding="utf-8") == text:
                return
        try:
            self._kept.parent.mkdir(parents=True, exist_ok=True)
            staged = self._kept.with_name(f".{self._kept.name}.{secrets.token_hex(8)}")
            staged.write_text(text, encoding="utf-8")
            os.replace(staged, self._kept)
        except OSError as error:
            logger.warning("the last good rules could not be copied to %s: %s", self._kept, error.strerror)

    def _last_good(self) -> Standing:
        with contextlib.suppress(OSError, BadRules):
            if self._kept is not None:
                text = read_text(self._kept)
                return Standing(rules_of(text), text, file_text=text)
        return Standing(rules_of(""))


def _stamp(path: Path) -> _Stamp:
    try:
        status = os.stat(path)
    except OSError as error:
        return (error.errno or 0,)
    return (status.st_ino, status.st_mtime_ns, status.st_ctime_ns, status.st_size)


def _still_s(stamp: _Stamp, now_s: float) -> float:
    """For how long the file has not changed; 0 when that cannot be told, and for one that is not there."""
    return max(0.0, now_s - max(stamp[1], stamp[2]) / 1e9) if len(stamp) > 1 else 0.0


def read_text(path: Path) -> str:
    """The file's text, "" when there is no file. Raises OSError, BadRules when it is no text."""
    try:
        fd = os.open(path, _FLAGS)
    except FileNotFoundError:
        return ""
    try:
        if not stat.S_ISREG(os.fstat(fd).st_mode):
            raise OSError("it is not a plain file")
        # One more than allowed shows that it is too large.
        with open(fd, "rb", closefd=False) as file:
            data = file.read(MAX_FILE_BYTES + 1)
    finally:
        os.close(fd)
    try:
        # Some editors put a mark in front that TOML does not know; a file that is too large is cut within a character.
        return codecs.getincrementaldecoder("utf-8-sig")().decode(data, final=len(data) <= MAX_FILE_BYTES)
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise bad_rules([RuleFault("this is not UTF-8 text.", line)]) from None
