"""Which names a file, a client or a run may have: the one place these rules are written.

Every name that came from a person, an agent or a disk passes here before it becomes part of a path or a subject.
What a path leads to is not decided here: `safe_open` does that.
"""

from __future__ import annotations

import re
import unicodedata

from raro.errors import BadClientId, BadName

MAX_SEGMENT_BYTES = 255
"""NAME_MAX of every Linux file system in use."""
MAX_PATH_BYTES = 4096
SYSTEM_CLIENT = "_system"
"""Owns events of the installation itself; no request may name it."""

_TOKEN = re.compile(r"[A-Za-z0-9_-]{1,64}")
_FORBIDDEN_CATEGORIES = frozenset({"Cc", "Cs", "Zl", "Zp"})
# Bidirectional overrides and isolates make `exe.png` out of `gnp.exe` on a screen: https://trojansource.codes
_BIDI_CONTROLS = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_SHOWN_CHARACTERS = 80


def checked_filename(name: str) -> str:
    """A library file's name: one segment, returned in NFC.

    Raises:
        BadName: naming the rule it breaks.
    """
    if "/" in name:
        raise _bad(name, "contains '/', but a library file's name is one segment; use '-' or '_' instead")
    return _checked_segment(name, whole=name)


def checked_path(path: str) -> str:
    """An artifact's path: segments joined by '/', relative, returned in NFC.

    Raises:
        BadName: naming the rule it breaks.
    """
    if path.startswith("/"):
        raise _bad(path, "starts with '/'; give a relative path")
    checked = "/".join(_checked_segment(segment, whole=path) for segment in path.split("/"))
    if len(checked.encode()) > MAX_PATH_BYTES:
        raise _bad(path, f"is longer than {MAX_PATH_BYTES} bytes; shorten it")
    return checked


def checked_client_id(client_id: str) -> str:
    """A client's id: 1–64 of `A-Z a-z 0-9 _ -`, not the system's own.

    Raises:
        BadClientId: when it is anything else.
    """
    if not _TOKEN.fullmatch(client_id):
        raise BadClientId(
            f"client id {_shown(client_id)} is not 1 to 64 of A-Z a-z 0-9 _ - ; send another X-RARO-CLIENT-ID",
            client_id=_shown(client_id),
        )
    if client_id == SYSTEM_CLIENT:
        raise BadClientId(f"client id '{SYSTEM_CLIENT}' is reserved; choose another", client_id=client_id)
    return client_id


def checked_run_id(run_id: str) -> str:
    """A run's id as it stands in folder names and subjects: 1–64 of `A-Z a-z 0-9 _ -`.

    Raises:
        BadName: when it is anything else.
    """
    if not _TOKEN.fullmatch(run_id):
        raise _bad(run_id, "is not a run id: 1 to 64 of A-Z a-z 0-9 _ -")
    return run_id


def free_name(name: str, label: str, taken: frozenset[str] | set[str], *, prefix: str = "") -> str:
    """`report.txt` → `report (label).txt`, or `report (label 2).txt` …: the first with `prefix + name` not taken.

    The result keeps to the segment's length limit by cutting the stem between characters.
    """
    stem, dot, suffix = name.rpartition(".")
    if not stem or len(suffix) > 20:
        stem, dot, suffix = name, "", ""
    number = 1
    while True:
        tail = f" ({label})" if number == 1 else f" ({label} {number})"
        room = MAX_SEGMENT_BYTES - len(f"{tail}{dot}{suffix}".encode())
        candidate = f"{_cut(stem, room)}{tail}{dot}{suffix}"
        if prefix + candidate not in taken:
            return candidate
        number += 1


def _checked_segment(segment: str, *, whole: str) -> str:
    normal = unicodedata.normalize("NFC", segment)
    if reason := _fault(normal):
        raise _bad(whole, reason)
    return normal


def _fault(segment: str) -> str | None:
    """Why one segment cannot be a name; None when it can."""
    if not segment:
        return "has an empty segment; remove the doubled, leading or trailing '/'"
    if segment in {".", ".."}:
        return f"has the segment '{segment}'; name the file directly"
    if segment.isspace():
        return "has a segment of blanks only; nobody could see it in a list"
    if "\\" in segment:
        return "contains a backslash; separate folders with '/'"
    for character in segment:
        if unicodedata.category(character) in _FORBIDDEN_CATEGORIES or character in _BIDI_CONTROLS:
            return f"contains the control character U+{ord(character):04X}; remove it"
    if len(segment.encode()) > MAX_SEGMENT_BYTES:
        return f"has a segment longer than {MAX_SEGMENT_BYTES} bytes; shorten it"
    return None


def _cut(text: str, room_bytes: int) -> str:
    return text.encode()[: max(room_bytes, 0)].decode(errors="ignore")


def _bad(name: str, reason: str) -> BadName:
    return BadName(f"the name {_shown(name)} {reason}", name=_shown(name), reason=reason)


def _shown(name: str) -> str:
    """The name as it can stand in any message: clipped, and with unprintable characters escaped."""
    return repr(name if len(name) <= _SHOWN_CHARACTERS else name[:_SHOWN_CHARACTERS] + "…")
