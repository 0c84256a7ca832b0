"""raro:// addresses: what a library file, an artifact and an agent's output are called in resources and tools.

    raro://library/{filename}
    raro://artifacts/{run_id}/{path}
    raro://outputs/{run_id}/{agent_id}

Every segment is percent-encoded. An address that means anything but one of these is refused here; whether there is
such a thing is the server's to say.
"""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import quote, unquote

from raro.errors import BadName

MAX_CHARS = 16_384
"""A path of 4096 bytes, each of them encoded, has room."""


@dataclass(frozen=True, slots=True)
class LibraryAddress:
    """A library file."""

    filename: str

    def __str__(self) -> str:
        return f"raro://library/{quote(self.filename, safe='')}"


@dataclass(frozen=True, slots=True)
class ArtifactAddress:
    """An artifact of a run."""

    run_id: str
    path: str

    def __str__(self) -> str:
        return f"raro://artifacts/{quote(self.run_id, safe='')}/{quote(self.path, safe='/')}"


@dataclass(frozen=True, slots=True)
class OutputAddress:
    """All that an agent said in the end."""

    run_id: str
    agent_id: str

    def __str__(self) -> str:
        return f"raro://outputs/{quote(self.run_id, safe='')}/{quote(self.agent_id, safe='')}"


Address = LibraryAddress | ArtifactAddress | OutputAddress
TEMPLATES = {
    "raro://library/{filename}": "A file of the library, its current version",
    "raro://artifacts/{run_id}/{+path}": "A file that an agent made in a run",
    "raro://outputs/{run_id}/{agent_id}": "The full output of an agent that has finished, Markdown",
}


def parse(uri: str) -> Address:
    """The address that `uri` writes.

    Raises:
        BadName: it is none, or one of its segments is empty, `.`, `..` or not UTF-8.
    """
    if len(uri) > MAX_CHARS:
        raise _bad(uri, f"is longer than {MAX_CHARS} characters")
    if "?" in uri or "#" in uri:
        raise _bad(uri, "has a '?' or '#'; write %3F or %23 where one belongs to a name")
    kind, *segments = uri.removeprefix("raro://").split("/") if uri.startswith("raro://") else ("", "")
    names = [_segment(uri, segment) for segment in segments]
    match kind, names:
        case "library", [filename]:
            return LibraryAddress(filename)
        case "artifacts", [run_id, *path] if path and "/" not in run_id:
            return ArtifactAddress(run_id, "/".join(path))
        case "outputs", [run_id, agent_id]:
            return OutputAddress(run_id, agent_id)
    raise _bad(uri, f"is none of {', '.join(TEMPLATES)}")


def _segment(uri: str, encoded: str) -> str:
    try:
        name = unquote(encoded, errors="strict")
    except UnicodeDecodeError:
        raise _bad(uri, "is not UTF-8 once decoded") from None
    if not {"", ".", ".."}.isdisjoint(name.split("/")):
        raise _bad(uri, "has a segment that is empty, '.' or '..'; name the file directly")
    return name


def _bad(uri: str, reason: str) -> BadName:
    shown = repr(uri if len(uri) <= 200 else uri[:200] + "…")
    return BadName(f"the address {shown} {reason}.", uri=uri[:200])
