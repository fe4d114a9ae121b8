"""A lean HTTP client: a common one costs as much as the server that is measured on the same two cores."""

from __future__ import annotations

import asyncio
from typing import cast


class Connection(asyncio.Protocol):
    """One kept-alive connection; one request at a time."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport
        self._answer: asyncio.Future[tuple[int, bytes]] | None = None
        self._came = b""

    @classmethod
    async def open(cls, port: int) -> Connection:
        """Connects to a server on this machine."""
        _, connection = await asyncio.get_running_loop().create_connection(cls, "127.0.0.1", port)
        return connection

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Requests can be sent."""
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is none by its class

    def data_received(self, data: bytes) -> None:
        """A part of an answer, mostly all of it; its length is said in its head."""
        self._came += data
        head, end, body = self._came.partition(b"\r\n\r\n")
        if end and self._answer is not None:
            length = int(head.lower().split(b"content-length: ", 1)[1].split(b"\r\n", 1)[0])
            if len(body) == length:
                self._came = b""
                self._answer.set_result((int(head[9:12]), body))

    def connection_lost(self, exc: Exception | None) -> None:
        """Who waits for an answer gets none."""
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(exc or ConnectionResetError("the server has closed the connection"))

    def post(self, head: bytes, body: bytes) -> asyncio.Future[tuple[int, bytes]]:
        """Sends a request; ``head`` ends before the content length. Answers status and body."""
        self._answer = self._loop.create_future()
        self._transport.write(b"%bcontent-length: %d\r\n\r\n%b" % (head, len(body), body))
        return self._answer

    def close(self) -> None:
        """Ends it."""
        self._transport.close()


def head_of(path: str, headers: dict[str, str]) -> bytes:
    """A request's first lines, up to the content length."""
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return f"POST {path} HTTP/1.1\r\nhost: 127.0.0.1\r\n{lines}".encode()
