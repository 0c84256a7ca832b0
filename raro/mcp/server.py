"""The MCP server: which requests there are, and how errors are told.

A tool's error is an answer with `is_error`, our code and message: a model can read it and do better. A resource that
cannot be read is an error of the protocol, with the code in its data. Nothing else reaches the client.
"""

from __future__ import annotations

import json
import logging
from importlib import metadata
from typing import Any

from mcp import MCPError, types
from mcp.server import NotificationOptions, Server, ServerRequestContext
from mcp.server.models import InitializationOptions
from mcp.server.session import ServerSession
from mcp.server.subscriptions import ListenHandler, ResourcesListChanged, ServerEvent, ToolsListChanged
from pydantic import ValidationError

from raro.client import RaroClient
from raro.errors import BadRequest, RaroError
from raro.mcp import resources
from raro.mcp.changes import Changes
from raro.mcp.desk import Desk
from raro.mcp.reading import read_whole
from raro.mcp.tools import TOOLS, Given
from raro.mcp.workspace import Outcome

logger = logging.getLogger(__name__)

Context = ServerRequestContext[Any, Any]

INSTRUCTIONS = """\
RARO keeps a person's files (the library), the runs in which agents worked on them, and what they made (artifacts).
Find files with list_library and list_artifacts, read them as resources or with read_part. start_run has RARO's own
agents work on a directive; run_state tells what became of it. To work yourself, use the tools of a workspace:
input/ holds what was given, what you write below output/ is kept. What a run asks a person, a person decides.
"""


class McpServer:
    """One client's RARO as an MCP server; `serve` it with a transport of the SDK."""

    def __init__(self, client: RaroClient, changes: Changes, desk: Desk) -> None:
        self._client = client
        self._changes = changes
        self._desk = desk
        self._older: ServerSession | None = None
        changes.tell_older = self._tell_older
        self.protocol = Server[Any](
            "raro",
            version=metadata.version("raro"),
            title="RARO",
            instructions=INSTRUCTIONS,
            on_list_tools=self._list_tools,
            on_call_tool=self._call_tool,
            on_list_resources=self._list_resources,
            on_list_resource_templates=self._list_templates,
            on_read_resource=self._read_resource,
            on_subscriptions_listen=ListenHandler(changes.bus),
        )
        self.protocol.add_notification_handler("notifications/initialized", types.NotificationParams, self._initialized)

    @property
    def options(self) -> InitializationOptions:
        """What the client is told at the beginning."""
        changing = NotificationOptions(resources_changed=True, tools_changed=True)
        return self.protocol.create_initialization_options(changing)

    async def _list_tools(self, context: Context, asked: types.PaginatedRequestParams | None) -> types.ListToolsResult:
        try:
            own = await self._desk.tools()
        except RaroError as error:
            raise protocol_error(error) from None
        tools = [
            types.Tool(
                name=name,
                description=tool.description,
                input_schema=tool.arguments.model_json_schema(),
                annotations=types.ToolAnnotations(
                    read_only_hint=tool.effect == "reads", destructive_hint=False, open_world_hint=False
                ),
            )
            for name, tool in TOOLS.items()
        ]
        tools += [types.Tool(name=tool.name, description=tool.description, input_schema=tool.schema) for tool in own]
        return types.ListToolsResult(tools=tools)

    async def _call_tool(self, context: Context, asked: types.CallToolRequestParams) -> types.CallToolResult:
        try:
            return await self._called(context, asked.name, asked.arguments or {})
        except RaroError as error:
            return refused(error)
        except ValidationError as error:
            return refused(BadRequest(f"bad arguments for {asked.name}: {_problems(error)}."))
        except MCPError:
            raise
        except Exception as error:  # the last line of defence: the client gets no traceback
            logger.exception("calling %s", asked.name)
            return refused(RaroError(f"{type(error).__name__}: {error}. The log of `raro mcp` says where."))

    async def _called(self, context: Context, name: str, arguments: dict[str, Any]) -> types.CallToolResult:
        if tool := TOOLS.get(name):
            return answered(await tool.run(self._client, tool.arguments.model_validate(arguments)))
        steps = 0

        async def tell(what: str) -> None:
            nonlocal steps
            steps += 1
            await context.session.report_progress(steps, message=what)

        outcome = await self._desk.call(name, arguments, tell)
        if outcome is None:
            raise MCPError(types.INVALID_PARAMS, f"there is no tool {name[:100]!r} here; see tools/list.")
        return returned(outcome)

    async def _list_resources(
        self, context: Context, asked: types.PaginatedRequestParams | None
    ) -> types.ListResourcesResult:
        try:
            return await resources.page(self._client, asked.cursor if asked else None)
        except RaroError as error:
            raise protocol_error(error) from None

    async def _list_templates(
        self, context: Context, asked: types.PaginatedRequestParams | None
    ) -> types.ListResourceTemplatesResult:
        return resources.templates()

    async def _read_resource(
        self, context: Context, asked: types.ReadResourceRequestParams
    ) -> types.ReadResourceResult:
        try:
            return types.ReadResourceResult(contents=[await read_whole(self._client, asked.uri)])
        except RaroError as error:
            raise protocol_error(error, uri=asked.uri) from None

    async def _initialized(self, context: Context, asked: types.NotificationParams) -> None:
        self._older = context.session

    async def _tell_older(self, notice: ServerEvent) -> None:
        """Versions before 2026-07-28 are told without having asked."""
        match notice, self._older:
            case ResourcesListChanged(), ServerSession() as session:
                await session.send_resource_list_changed()
            case ToolsListChanged(), ServerSession() as session:
                await session.send_tool_list_changed()


def answered(given: Given) -> types.CallToolResult:
    """A tool's answer."""
    content: list[types.ContentBlock] = [_text(json.dumps(given.answer, ensure_ascii=False))]
    if isinstance(given.contents, types.TextResourceContents):
        content.append(_text(given.contents.text))
    elif given.contents is not None:
        content.append(types.EmbeddedResource(resource=given.contents))
    return types.CallToolResult(content=content, structured_content=given.answer)


def returned(outcome: Outcome) -> types.CallToolResult:
    """What a call in the workspace gave, in the words that an agent's model is told."""
    told = outcome.text if outcome.ok else f"{outcome.code}: {outcome.text}"
    answer = {"ok": outcome.ok, "code": outcome.code, "turn": outcome.turn, "returned": outcome.returned}
    return types.CallToolResult(content=[_text(told)], structured_content=answer, is_error=not outcome.ok)


def refused(error: RaroError) -> types.CallToolResult:
    """A tool's error."""
    told = {"error": {"code": error.code, "message": error.message, "detail": error.detail}}
    # Through JSON and back: a detail may be of any type.
    plain = json.loads(json.dumps(told, default=str))
    return types.CallToolResult(
        content=[_text(f"{error.code}: {error.message}")], structured_content=plain, is_error=True
    )


def protocol_error(error: RaroError, **data: str) -> MCPError:
    """An error where there is no answer to put it into."""
    code = types.INVALID_PARAMS if 400 <= error.status < 500 else types.INTERNAL_ERROR
    return MCPError(code, error.message, {"code": error.code, **data})


def _text(text: str) -> types.TextContent:
    return types.TextContent(text=text)


def _problems(error: ValidationError) -> str:
    return "; ".join(f"{'.'.join(map(str, item['loc'])) or 'arguments'}: {item['msg']}" for item in error.errors())
