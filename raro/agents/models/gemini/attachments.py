"""What a model looks at itself: files put with the provider once per content, and prompts it keeps for us.

What was put there, or was refused, is remembered by the run, so that every turn and every worker sends the same.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from raro.agents.conversation import Attachment, ModelFailed, Upload, Uploads
from raro.agents.models.gemini.service import GeminiService, Refused

PROVIDER = "gemini"
_SETTLING_S = 120.0
_LOOK_S = 0.5
# A file lies with the API for 48 hours; one that is about to go is put there anew.
_FILE_LIFE = timedelta(hours=48)
_MARGIN = timedelta(minutes=10)
_CACHE_LIFE = timedelta(hours=1)
_FOR_GOOD = timedelta(days=3650)


class Attachments:
    """Puts files and caches with the API."""

    def __init__(self, service: GeminiService, blob_path: Callable[[str], Path]) -> None:
        self._service = service
        self._blob_path = blob_path

    async def part(self, attachment: Attachment, uploads: Uploads) -> dict[str, Any]:
        """The file as a part of the prompt; a note in its place when the API does not take it. Raises ModelFailed."""
        found = await uploads.find(PROVIDER, "file", attachment.sha256)
        if found is None or (found.uri and found.expires_at < datetime.now(UTC) + _MARGIN):
            found = await self._put(attachment)
            await uploads.record(found)
        if not found.uri:
            return {"text": f"[input/{attachment.name} ({attachment.content_type}) could not be shown to you]"}
        return {"fileData": {"fileUri": found.uri, "mimeType": found.content_type}}

    async def cached(self, model: str, prompt: Mapping[str, Any], uploads: Uploads) -> str | None:
        """The name of a cache of this prompt's beginning; None when the API keeps none. Raises ModelFailed."""
        key = hashlib.sha256(json.dumps([model, prompt], sort_keys=True).encode()).hexdigest()
        found = await uploads.find(PROVIDER, "cache", key)
        if found is None or (found.name and found.expires_at < datetime.now(UTC) + _MARGIN):
            found = await self._keep(model, prompt, key)
            await uploads.record(found)
        return found.name or None

    async def _put(self, attachment: Attachment) -> Upload:
        async def put() -> Any:
            client = await self._service.client()
            config: Any = {"mime_type": attachment.content_type, "display_name": attachment.name[-500:]}
            return await self._settled(
                await client.files.upload(file=str(self._blob_path(attachment.sha256)), config=config)
            )

        try:
            file = await self._service.tried(put)
        except Refused as refused:
            if refused.status in (401, 403):
                raise refused.failed from None
            return Upload(PROVIDER, "file", attachment.sha256, "", datetime.now(UTC) + _FOR_GOOD)
        expires = file.expiration_time or datetime.now(UTC) + _FILE_LIFE
        name, uri = str(file.name or ""), str(file.uri or "")
        return Upload(PROVIDER, "file", attachment.sha256, name, expires, uri, attachment.content_type)

    async def _settled(self, file: Any) -> Any:
        """The file once the API has looked at it."""
        client = await self._service.client()
        async with asyncio.timeout(_SETTLING_S):
            while str(getattr(file.state, "value", file.state)) == "PROCESSING":
                await asyncio.sleep(_LOOK_S)
                file = await client.files.get(name=file.name)
        if str(getattr(file.state, "value", file.state)) == "FAILED":
            raise Refused(422, ModelFailed("bad_attachment", "Gemini could not read a file."))
        return file

    async def _keep(self, model: str, prompt: Mapping[str, Any], key: str) -> Upload:
        from google.genai import types

        async def keep() -> Any:
            client = await self._service.client()
            config = types.CreateCachedContentConfig.model_validate({**prompt, "ttl": f"{_CACHE_LIFE.seconds}s"})
            return await client.caches.create(model=model, config=config)

        try:
            kept = await self._service.tried(keep)
        except (Refused, ModelFailed):
            # A cache saves money, no more: without one the prompt is sent whole.
            return Upload(PROVIDER, "cache", key, "", datetime.now(UTC) + _FOR_GOOD)
        return Upload(PROVIDER, "cache", key, str(kept.name or ""), kept.expire_time or datetime.now(UTC) + _CACHE_LIFE)
