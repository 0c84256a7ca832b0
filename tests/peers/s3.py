"""A loopback object store that speaks the part of S3's REST protocol that checkpoints need: put, get, list.

https://docs.aws.amazon.com/AmazonS3/latest/API/ (PutObject with If-None-Match, GetObject, ListObjectsV2, path style).
Signatures are not checked: that is the store's business, not the client's. It can be told to fail.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.utils import formatdate
from hashlib import md5
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, unquote, urlsplit
from xml.sax.saxutils import escape

_LIST = '<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><IsTruncated>false</IsTruncated>{}</ListBucketResult>'
_ITEM = (
    "<Contents><Key>{key}</Key><LastModified>2026-11-21T08:00:00.000Z</LastModified>"
    "<ETag>&quot;{etag}&quot;</ETag><Size>{size}</Size></Contents>"
)


@dataclass
class S3:
    """What is stored, by its key within the bucket, and how it answers."""

    url: str = ""
    objects: dict[str, bytes] = field(default_factory=dict)
    failing: bool = False
    requests: list[str] = field(default_factory=list)


@contextmanager
def s3_peer() -> Iterator[S3]:
    """A store with the bucket `bucket`, on a free port."""
    state = S3()

    class Handler(_Handler):
        s3 = state

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    state.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield state
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    s3: S3

    def do_PUT(self) -> None:
        data = self.rfile.read(int(self.headers["Content-Length"]))
        key = self._key()
        if self.s3.failing:
            self._answer(403, b"<Error><Code>AccessDenied</Code><Message>no</Message></Error>")
        elif self.headers.get("If-None-Match") == "*" and key in self.s3.objects:
            self._answer(412, b"<Error><Code>PreconditionFailed</Code></Error>")
        else:
            self.s3.objects[key] = data
            self._answer(200, b"", etag=md5(data).hexdigest())

    def do_GET(self) -> None:
        query = parse_qs(urlsplit(self.path).query)
        if self.s3.failing:
            self._answer(403, b"<Error><Code>AccessDenied</Code><Message>no</Message></Error>")
        elif "list-type" in query:
            prefix = query.get("prefix", [""])[0]
            items = [
                _ITEM.format(key=escape(key), etag=md5(data).hexdigest(), size=len(data))
                for key, data in sorted(self.s3.objects.items())
                if key.startswith(prefix)
            ]
            self._answer(200, _LIST.format("".join(items)).encode())
        elif (key := self._key()) in self.s3.objects:
            self._answer(200, self.s3.objects[key], etag=md5(self.s3.objects[key]).hexdigest())
        else:
            self._answer(404, b"<Error><Code>NoSuchKey</Code></Error>")

    def log_message(self, format: str, *args: object) -> None:
        self.s3.requests.append(format % args)

    def _key(self) -> str:
        return unquote(urlsplit(self.path).path).removeprefix("/bucket/")

    def _answer(self, status: int, body: bytes, etag: str | None = None) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Last-Modified", formatdate(usegmt=True))
        if etag:
            self.send_header("ETag", f'"{etag}"')
        self.end_headers()
        self.wfile.write(body)
