"""A run's log as a script: the turns that its agents took, to be played again with RARO_MODEL=script:FILE."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import yaml

from raro.client import RaroClient


async def script_of(client: RaroClient, run_id: str) -> str:
    """The script as YAML; long texts and arguments are fetched. Raises RunNotFound."""
    await client.runs.state(run_id)
    agents: dict[str, list[dict[str, Any]]] = {}
    async for event in client.audit.events(run_id=run_id):
        kind = event["subject"].rpartition(".")[2]
        if kind == "agent_turn_completed":
            agents.setdefault(event["data"]["agent_id"], []).append(await _turn(client, run_id, event["data"]))
        elif kind == "agent_failed":
            failed = {"code": event["data"]["code"], "message": event["data"]["message"]}
            agents.setdefault(event["data"]["agent_id"], []).append({"fail": failed})
    script = {"name": run_id, "agents": agents}
    return yaml.safe_dump(script, sort_keys=False, allow_unicode=True, width=120)


async def _turn(client: RaroClient, run_id: str, data: Mapping[str, Any]) -> dict[str, Any]:
    """One turn; what has its default value is left out."""
    text = await _whole(client, run_id, data["text"], data.get("text_blob"))
    turn = {
        "text": text,
        "tool_calls": [await _call(client, run_id, call) for call in data["tool_calls"]],
        "final": data["final"],
        "thought_signature": data.get("thought_signature"),
        "tokens_in": data["tokens_in"],
        "tokens_out": data["tokens_out"],
        "cost_usd": data.get("cost_usd"),
    }
    return {name: value for name, value in turn.items() if value not in (None, "", [], 0, False)} or {"text": ""}


async def _call(client: RaroClient, run_id: str, call: Mapping[str, Any]) -> dict[str, Any]:
    args = call["args"]
    if call.get("args_blob"):
        args = json.loads(await client.runs.text(run_id, call["args_blob"]["sha256"]))
    return {"name": call["name"], "args": args, "id": call["call_id"]}


async def _whole(client: RaroClient, run_id: str, text: str, blob: Mapping[str, Any] | None) -> str:
    return await client.runs.text(run_id, blob["sha256"]) if blob else text
