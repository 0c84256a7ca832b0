"""The stream exactly as it is stored, fast and in a thread: what the hash tree is made of.

A connection of its own, spoken to in the NATS client protocol, because what the tree covers (time and headers of
every message) costs nats-py three times what reading does, and all of it in the event loop. Flow control and the end
come in line with the messages, so nothing is lost; an outage is an error and the caller's to repeat.
"""

from __future__ import annotations

import json
import re
import socket
import ssl
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from nats.aio.client import Client

from raro.errors import LogUnavailable
from raro.events.reader import Arrived, RawMessage
from raro.events.stream import STREAM
from raro.events.upcasters import CURRENT
from raro.events.wire import BATCH_COMMIT, BATCH_ID

_TIMEOUT_S = 10.0
_PIECE_BYTES = 1 << 20
_HEARTBEAT_NS = 2_000_000_000
# The reply subject of a delivery: $JS.ACK.<stream>.<consumer>.<delivered>.<stream seq>.<consumer seq>.<time>.<pending>
_DELIVERY = re.compile(rb"H?MSG (\S+) 2 \$JS\.ACK\.[^. ]+\.[^. ]+\.\d+\.(\d+)\.\d+\.(\d+)\.(\d+) (?:(\d+) )?(\d+)\r\n")


ID_LINE, COMMIT_LINE = f"\r\n{BATCH_ID}:".encode(), f"\r\n{BATCH_COMMIT}:".encode()
"""How the header lines begin that say which atomic batch a message is in, and that it commits that."""


class Stored(NamedTuple):
    """One message: its place, the server's nanoseconds since 1970, subject, header block and body as stored."""

    seq: int
    time_ns: int
    subject: bytes
    headers: bytes
    body: bytes


# In half the time that the class takes to make one itself.
_new = tuple.__new__


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where a nats-server is and how it is entered."""

    host: str
    port: int
    user: str | None = None
    password: str | None = field(default=None, repr=False)
    token: str | None = field(default=None, repr=False)


def endpoint_of(nc: Client) -> Endpoint:
    """The server this connection is on. Raises LogUnavailable while it is on none."""
    url = nc.connected_url
    if url is None or url.hostname is None:
        raise LogUnavailable("the event log is not connected; try again in a moment, or see `raro doctor`.")
    user, password = nc.options["user"] or url.username, nc.options["password"] or url.password
    token = user if user and password is None else None
    return Endpoint(url.hostname, url.port or 4222, None if token else user, password, token)


def read_stored(endpoint: Endpoint, first: int, last: int) -> Iterator[list[Stored]]:
    """Yield the messages from sequence `first` to `last` in order, in the groups they arrive in; blocks.

    A sequence that is not in the stream is passed over: the caller looks for gaps.
    Raises LogUnavailable when the server does not answer or goes away.
    """
    if first > last:
        return
    try:
        with Reading(endpoint, first, last) as reading:
            for data in reading.data():
                if group := _take(reading, data):
                    yield group
    except (OSError, ssl.SSLError) as error:
        raise broken_off(error) from error


def broken_off(error: Exception) -> LogUnavailable:
    """What is told of a connection that failed."""
    return LogUnavailable(
        f"reading the event log broke off ({type(error).__name__}: {error}); try again, or see `raro doctor`."
    )


def arrived(message: Stored) -> Arrived:
    """The message as the reader would have handed it out, with what its headers say of its batch."""
    seq, _, subject, headers, stored = message
    body = CURRENT.upcast(stored)
    raw = _new(RawMessage, (seq, str(subject, "utf-8", "replace"), body, False, None if body is stored else stored))
    begin = headers.find(ID_LINE)
    if begin < 0:
        return raw, None, False
    return raw, headers[begin : headers.find(b"\r\n", begin + 2)], COMMIT_LINE in headers


def _take(reading: Reading, data: bytes) -> list[Stored]:
    """The messages that are in `data` as a whole."""
    group: list[Stored] = []
    place, last, match, ready = 0, reading.last, _DELIVERY.match, len(data) - 2
    while not reading.done:
        if found := match(data, place):
            subject, sequence, time_ns, pending, header_bytes, size = found.groups()
            begin = found.end()
            after = begin + int(size)
            if after > ready:
                break
            middle, seq = begin + int(header_bytes or 0), int(sequence)
            if seq <= last:
                group.append(_new(Stored, (seq, int(time_ns), subject, data[begin:middle], data[middle:after])))
            reading.done = seq >= last or pending == b"0"
            place = after + 2
        elif (after := reading.other(data, place)) > place:
            place = after
        else:
            break
    reading.rest = data[place:]
    return group


def _connected(endpoint: Endpoint) -> socket.socket:
    connection = socket.create_connection((endpoint.host, endpoint.port), _TIMEOUT_S)
    try:
        # The server speaks first: INFO {json}, https://docs.nats.io/reference/reference-protocols/nats-protocol
        info = b""
        while b"\r\n" not in info:
            if not (piece := connection.recv(4096)):
                raise ConnectionError("the server closed the connection")
            info += piece
        if json.loads(info[5 : info.index(b"\r\n")]).get("tls_required"):
            context = ssl.create_default_context()
            connection = context.wrap_socket(connection, server_hostname=endpoint.host)
        given = {"user": endpoint.user, "pass": endpoint.password, "auth_token": endpoint.token}
        options: dict[str, Any] = {"verbose": False, "pedantic": False, "headers": True, "no_responders": True}
        options |= {"lang": "python", "name": "raro audit", "version": "1", "protocol": 1}
        options |= {name: value for name, value in given.items() if value is not None}
        connection.sendall(b"CONNECT " + json.dumps(options).encode() + b"\r\nPING\r\n")
    except BaseException:
        connection.close()
        raise
    return connection


class Reading:
    """One ephemeral consumer on one connection, from sequence `first` to `last`.

    Who reads takes the deliveries out of what `data` gives, hands `other` what is none, leaves in `rest` what has not
    arrived whole and says with `done` that the last one has. Raises OSError, and LogUnavailable when it is refused.
    """

    def __init__(self, endpoint: Endpoint, first: int, last: int) -> None:
        self.last = last
        self.done = False
        self.rest = b""
        self._first = first
        self._connection = _connected(endpoint)

    def __enter__(self) -> Reading:
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()

    def data(self) -> Iterator[bytes]:
        """What was left and what one receive brings, until `done`."""
        self._ask()
        while not self.done:
            piece = self._connection.recv(_PIECE_BYTES)
            if not piece:
                raise ConnectionError("the server closed the connection")
            yield self.rest + piece

    def _ask(self) -> None:
        inbox, answers = f"_INBOX.{uuid.uuid4().hex}", f"_INBOX.{uuid.uuid4().hex}"
        config = {
            "deliver_subject": inbox,
            "deliver_policy": "by_start_sequence",
            "opt_start_seq": self._first,
            "ack_policy": "none",
            "max_deliver": 1,
            "flow_control": True,
            "idle_heartbeat": _HEARTBEAT_NS,
            "inactive_threshold": 30_000_000_000,
            "mem_storage": True,
            "num_replicas": 1,
        }
        request = json.dumps({"stream_name": STREAM, "config": config}).encode()
        create = f"$JS.API.CONSUMER.CREATE.{STREAM}"
        ask = f"SUB {answers} 1\r\nSUB {inbox} 2\r\nPUB {create} {answers} {len(request)}\r\n"
        self._connection.sendall(ask.encode() + request + b"\r\n")

    def other(self, data: bytes, place: int) -> int:
        """Where the protocol goes on behind what is no delivery; `place` itself when that has not arrived whole."""
        end = data.find(b"\r\n", place)
        if end < 0:
            return place
        words, begin = data[place:end].split(b" "), end + 2
        if words[0] not in (b"MSG", b"HMSG"):
            self._on_line(data[place:end])
            return begin
        header_bytes = int(words[-2]) if words[0] == b"HMSG" else 0
        after = begin + int(words[-1])
        if len(data) < after + 2:
            return place
        if words[2] == b"1":
            self._on_answer(data[begin + header_bytes : after])
        else:
            self._on_control(words, data[begin : begin + header_bytes])
        return after + 2

    def _on_line(self, line: bytes) -> None:
        if line.startswith(b"PING"):
            self._connection.sendall(b"PONG\r\n")
        elif line.startswith(b"-ERR"):
            raise ConnectionError(line.decode(errors="replace"))

    def _on_answer(self, body: bytes) -> None:
        answer = json.loads(body) if body else {"error": {"description": "JetStream does not answer"}}
        if error := answer.get("error"):
            raise LogUnavailable(f"the event log cannot be read: {error.get('description')}. See `raro doctor`.")
        self.done = answer.get("num_pending") == 0

    def _on_control(self, words: list[bytes], headers: bytes) -> None:
        """A flow control message wants its answer, a stalled heartbeat names it."""
        answer = words[3] if len(words) > 5 else b""
        for line in headers.split(b"\r\n"):
            if line.lower().startswith(b"nats-consumer-stalled:"):
                answer = line.partition(b":")[2].strip()
        if answer:
            self._connection.sendall(b"PUB " + answer + b" 0\r\n\r\n")
