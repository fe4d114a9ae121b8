"""The static page: hashed assets cached for ever, compressed beforehand, under a strict content security policy."""

from __future__ import annotations

import hashlib
import mimetypes
from functools import cache
from pathlib import Path
from typing import Any

import msgspec

from questhall.gateway.routes import MethodNotAllowed, NotFound

__all__ = ["Page"]

FOLDER = Path(__file__).parent / "built"
"""Where the build puts the page; absent in a checkout that was not built."""
ASSETS = "assets/"
HASHED_FOR_EVER = b"public, max-age=31536000, immutable"
ALWAYS_ASK = b"no-cache"

CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; font-src 'self'; "
    "connect-src 'self'; manifest-src 'self'; worker-src 'self'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'; object-src 'none'; require-trusted-types-for 'script'; trusted-types questhall"
)
NOT_BUILT = (
    b"<!doctype html><html lang=en><title>Questhall</title><h1>Questhall is running</h1>"
    b"<p>The page was not built here: run <code>make up</code>. The API is at <a href=/api/docs>/api/docs</a>.</p>"
)


class _File(msgspec.Struct, frozen=True):
    body: bytes
    kind: bytes
    cache: bytes
    variants: dict[bytes, bytes]
    etag: bytes


@cache
def _files(folder: Path) -> dict[str, _File]:
    """What was built, by path; read once a process. Empty where nothing was."""
    found: dict[str, _File] = {}
    for file in sorted(folder.rglob("*")):
        name = file.relative_to(folder).as_posix()
        if not file.is_file() or name.endswith((".br", ".gz")):
            continue
        variants = {
            encoding: file.with_name(file.name + ending).read_bytes()
            for encoding, ending in ((b"br", ".br"), (b"gzip", ".gz"))
            if file.with_name(file.name + ending).exists()
        }
        kind = mimetypes.guess_type(name)[0] or "application/octet-stream"
        if name.endswith(".webmanifest"):
            kind = "application/manifest+json"
        if kind.startswith("text/") or kind.endswith("javascript"):
            kind += "; charset=utf-8"
        body = file.read_bytes()
        found["/" + name] = _File(
            body=body,
            kind=kind.encode(),
            cache=HASHED_FOR_EVER if name.startswith(ASSETS) else ALWAYS_ASK,
            variants=variants,
            # Of what it says, so that several gateways agree, and an upgrade that keeps sizes and times is seen;
            # weak, since it is the same for each encoding.
            etag=f'W/"{hashlib.sha256(body).hexdigest()[:32]}"'.encode(),
        )
    return found


class Page:
    """All files of the page, held in memory."""

    def __init__(self, *, https: bool) -> None:
        self.security_headers: list[tuple[bytes, bytes]] = [
            (b"content-security-policy", CSP.encode()),
            (b"x-content-type-options", b"nosniff"),
            (b"referrer-policy", b"same-origin"),
            (b"cross-origin-opener-policy", b"same-origin"),
            (b"cross-origin-resource-policy", b"same-origin"),
            (b"permissions-policy", b"camera=(), microphone=(), geolocation=(), payment=(), usb=()"),
        ]
        if https:
            self.security_headers.append((b"strict-transport-security", b"max-age=63072000; includeSubDomains"))
        self._files = _files(FOLDER)

    async def serve(self, scope: dict[str, Any], send: Any) -> None:
        """A file; or the page's shell for a path that is none, since the page routes by itself.

        Refuses ``not_found`` for what looks like a file, ``method_not_allowed``.
        """
        if scope["method"] != "GET":
            raise MethodNotAllowed(headers=[(b"allow", b"GET, HEAD")])
        path = scope["path"]
        file = self._files.get(path) or self._badge(path)
        if file is None:
            last = path.rsplit("/", 1)[-1]
            if "." in last:
                raise NotFound
            file = self._files.get("/index.html")
        if file is None:
            await self.send_html(send, NOT_BUILT)
            return
        await self._send_file(scope, send, file)

    def _badge(self, path: str) -> _File | None:
        """What stands for a badge's picture whose emblem is unknown: the page draws the same."""
        folder, _, name = path.rpartition("/")
        return (
            self._files.get(f"{folder}/compass.svg")
            if folder.startswith("/badges/") and name.endswith(".svg")
            else None
        )

    async def _send_file(self, scope: dict[str, Any], send: Any, file: _File) -> None:
        wanted = dict(scope["headers"])
        headers = [(b"content-type", file.kind), (b"cache-control", file.cache), (b"etag", file.etag)]
        headers.append((b"vary", b"accept-encoding"))
        if _is_held(file.etag, wanted.get(b"if-none-match", b"")):
            await self._send(send, 304, headers, b"")
            return
        body = file.body
        accepted = _accepted(wanted.get(b"accept-encoding", b""))
        for encoding in (b"br", b"gzip"):
            if encoding in file.variants and encoding in accepted:
                body = file.variants[encoding]
                headers.append((b"content-encoding", encoding))
                break
        headers.append((b"content-length", str(len(body)).encode()))
        await self._send(send, 200, headers, body)

    async def send_html(self, send: Any, html: bytes) -> None:
        """A page of ours that is no file."""
        headers = [(b"content-type", b"text/html; charset=utf-8"), (b"content-length", str(len(html)).encode())]
        await self._send(send, 200, [*headers, (b"cache-control", ALWAYS_ASK)], html)

    @staticmethod
    async def _send(send: Any, status: int, headers: list[tuple[bytes, bytes]], body: bytes) -> None:
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body})


def _is_held(etag: bytes, header: bytes) -> bool:
    """Whether a client has this already: by weak comparison, as If-None-Match wants it."""
    words = [word.strip().removeprefix(b"W/") for word in header.split(b",")]
    return b"*" in words or etag.removeprefix(b"W/") in words


def _accepted(header: bytes) -> set[bytes]:
    """Encodings that a client takes: those it names without a weight of nought."""
    found: set[bytes] = set()
    for word in header.split(b","):
        name, _, weight = word.partition(b";")
        if weight.replace(b" ", b"") not in (b"q=0", b"q=0.0", b"q=0.00", b"q=0.000"):
            found.add(name.strip().lower())
    return found
