"""Which files of this machine are meant: names, patterns and folders, as the library's one-segment names."""

from __future__ import annotations

import glob
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from raro.client.uploads import size_of
from raro.errors import BadRequest


@dataclass(frozen=True)
class LocalFile:
    """A file to upload and the name it gets."""

    path: Path
    size_bytes: int

    @property
    def filename(self) -> str:
        """Its name in the library."""
        return self.path.name


def local_files(arguments: Iterable[str]) -> list[LocalFile]:
    """Every file that the arguments name, in order, each once; hidden files in folders are left out.

    Raises:
        BadRequest: an argument names nothing, or two files would get one name.
    """
    files: dict[Path, LocalFile] = {}
    for argument in arguments:
        for path in _matches(argument):
            files.setdefault(path.resolve(), LocalFile(path, size_of(path)))
    found = list(files.values())
    _refuse_equal_names(found)
    return found


def _matches(argument: str) -> list[Path]:
    path = Path(argument)
    # A file may be called `a[1].csv`: what exists is meant literally.
    if path.exists() or path.is_symlink():
        return _in_folder(path) if path.is_dir() else [path]
    matched = [Path(match) for match in sorted(glob.glob(argument, recursive=True))]
    files = [file for match in matched for file in (_in_folder(match) if match.is_dir() else [match])]
    if not files:
        raise BadRequest(f"{argument!r} names no file here. Check the path.", path=argument)
    return files


def _in_folder(folder: Path) -> list[Path]:
    found = sorted(_walk(folder))
    if not found:
        raise BadRequest(f"the folder {str(folder)!r} holds no files.", path=str(folder))
    return found


def _walk(folder: Path) -> Iterator[Path]:
    for path in folder.iterdir():
        if path.name.startswith("."):
            continue
        if path.is_dir():
            # A link to a folder may lead back to where it is.
            if not path.is_symlink():
                yield from _walk(path)
        elif path.is_file():
            yield path


def _refuse_equal_names(files: list[LocalFile]) -> None:
    seen: dict[str, Path] = {}
    for file in files:
        other = seen.setdefault(file.filename, file.path)
        if other is not file.path:
            raise BadRequest(
                f"{str(other)!r} and {str(file.path)!r} would both become {file.filename!r} in the library. "
                "Rename one, or upload them one after the other as versions.",
                filename=file.filename,
            )
