"""What a file can do, told from its first bytes alone: programs and scripts, whatever their name says.

Text is no program because it begins with the letters MZ, and a Markdown page may begin with `#!` followed by a word.
A script without a first line that says so cannot be told from text, and archives are not looked into.
"""

from __future__ import annotations

import re
from typing import Literal

from raro.files.content_types import is_text

Content = Literal[
    "windows-program",
    "linux-program",
    "mac-program",
    "java-program",
    "android-program",
    "package",
    "windows-shortcut",
    "shell-script",
    "script",
    "batch-script",
    "powershell-script",
]

_MAGIC: tuple[tuple[bytes, Content], ...] = (
    (b"\x7fELF", "linux-program"),
    (b"\xfe\xed\xfa\xce", "mac-program"),
    (b"\xfe\xed\xfa\xcf", "mac-program"),
    (b"\xce\xfa\xed\xfe", "mac-program"),
    (b"\xcf\xfa\xed\xfe", "mac-program"),
    (b"\xca\xfe\xba\xbf", "mac-program"),
    (b"dex\n03", "android-program"),
    (b"!<arch>\ndebian-binary", "package"),
    (b"\xed\xab\xee\xdb", "package"),
    (b"L\0\0\0\x01\x14\x02\0", "windows-shortcut"),
)
_FAT_OR_CLASS = b"\xca\xfe\xba\xbe"
# A Java class names its version here, 45 or more; a fat Mach-O how many programs it holds, a few.
_LEAST_CLASS_VERSION = 45
_SHELLS = "sh|bash|zsh|dash|ash|ksh|mksh|csh|tcsh|fish|busybox|pwsh|powershell"
_INTERPRETERS = rf"{_SHELLS}|python|perl|ruby|node|deno|php|lua|tclsh|expect|awk|gawk|env|make|Rscript|osascript"
_SHEBANG = re.compile(rf"#![ \t]*(/[^\n]*|(?:{_INTERPRETERS})[\d.]*(?:[ \t][^\n]*)?)\r?(?:\n|$)")
_SHELL_WORD = re.compile(rf"(?:^|[/\s])(?:{_SHELLS})[\d.]*(?:\s|$)")
# Lines that say nothing: `::` and `rem` in a batch script, `#` in PowerShell.
_BATCH_REMARK = re.compile(r"::|@?rem\b", re.IGNORECASE)
_BATCH_COMMAND = re.compile(r"@?echo[ \t]+o(?:ff|n)\b|@?setlocal\b|@(?:cls|chcp|rem)\b", re.IGNORECASE)
_POWERSHELL_REMARK = re.compile(r"#(?!requires)", re.IGNORECASE)
_POWERSHELL_COMMAND = re.compile(r"#requires\s+-(?:version|modules?|psedition|runasadministrator)", re.IGNORECASE)
_FIRST_CHARS = 2000


def kinds_of(head: bytes) -> frozenset[Content]:
    """What a file with these first bytes is, of the kinds that can be run; mostly nothing."""
    if kind := _binary_kind(head):
        return frozenset({kind})
    if not is_text(head):
        return frozenset()
    text = _decoded(head)[:_FIRST_CHARS]
    if shebang := _SHEBANG.match(text):
        return frozenset({"shell-script" if _SHELL_WORD.search(shebang[1]) else "script"})
    if _begins(text, _BATCH_COMMAND, _BATCH_REMARK):
        return frozenset({"batch-script"})
    return frozenset({"powershell-script"}) if _begins(text, _POWERSHELL_COMMAND, _POWERSHELL_REMARK) else frozenset()


def _begins(text: str, command: re.Pattern[str], remark: re.Pattern[str]) -> bool:
    """Whether the first line that is no remark is such a command."""
    for line in text.splitlines():
        if command.match(line.lstrip()):
            return True
        if line.strip() and not remark.match(line.lstrip()):
            return False
    return False


def _binary_kind(head: bytes) -> Content | None:
    for magic, kind in _MAGIC:
        if head.startswith(magic):
            return kind
    if head.startswith(_FAT_OR_CLASS):
        return "java-program" if int.from_bytes(head[4:8], "big") >= _LEAST_CLASS_VERSION else "mac-program"
    # The address of the PE header, at 60, has zero bytes: a program is never text.
    if head.startswith((b"MZ", b"ZM")) and not is_text(head):
        return "windows-program"
    if head.startswith(b"PK\x03\x04") and b"META-INF/MANIFEST.MF" in head:
        return "java-program"
    return None


def _decoded(head: bytes) -> str:
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return head.decode("utf-16", errors="replace")
    return head.removeprefix(b"\xef\xbb\xbf").decode("utf-8", errors="replace")
