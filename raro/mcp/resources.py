"""The client's library and artifacts as MCP resources: which there are, page by page."""

from __future__ import annotations

from mcp import types

from raro.client import RaroClient
from raro.client.rows import ArtifactRow, LibraryFile, RunArtifacts
from raro.mcp.addresses import TEMPLATES, ArtifactAddress, LibraryAddress

PAGE_ROWS = 500


async def page(client: RaroClient, cursor: str | None) -> types.ListResourcesResult:
    """The whole library and the first artifacts, newest first; then more artifacts. Raises BadCursor."""
    files = [] if cursor else [of_file(row) for row in (await client.library.list())["files"]]
    listing = await client.artifacts.list(limit=PAGE_ROWS, cursor=cursor)
    made = [of_artifact(run, row) for run in listing["artifacts"] for row in run["metadata"]["artifacts"]]
    return types.ListResourcesResult(resources=[*files, *made], next_cursor=listing.get("next"))


def templates() -> types.ListResourceTemplatesResult:
    """How addresses are made."""
    made = [
        types.ResourceTemplate(uri_template=template, name=template.split("/")[2], description=told)
        for template, told in TEMPLATES.items()
    ]
    return types.ListResourceTemplatesResult(resource_templates=made)


def of_file(row: LibraryFile) -> types.Resource:
    """A library file."""
    linked = "; linked: the next runs are given it" if row["linked"] else ""
    return types.Resource(
        uri=str(LibraryAddress(row["filename"])),
        name=row["filename"],
        description=f"library file, version {row['version']}, {row['scope']}{linked}",
        mime_type=row["content_type"],
        size=row["size_bytes"],
        annotations=types.Annotations(last_modified=row["uploaded_at"]),
    )


def of_artifact(run: RunArtifacts, row: ArtifactRow) -> types.Resource:
    """An artifact; its description says what it was made for."""
    directive = " ".join(run["metadata"]["user_directive"].split())[:120]
    return types.Resource(
        uri=str(ArtifactAddress(run["run_id"], row["filename"])),
        name=row["filename"],
        description=f"made by {row['agent_id']} in {run['run_id']}, version {row['version']}: {directive}",
        mime_type=row["content_type"],
        size=row["size_bytes"],
        annotations=types.Annotations(last_modified=row["generated_at"]),
    )
