"""The static page: which file, how long it may be kept, in which encoding, and what is no page."""

from __future__ import annotations

import gzip
import os
from pathlib import Path

import httpx
import pytest

from questhall.gateway import page as page_module
from questhall.gateway.page import Page
from questhall.kernel.testing import Hall

ROOT = "http://localhost:8000"
SCRIPT = b"console.log('hall')\n" * 200
BROTLI = b"stands for what the build compressed"
SHELL = b"<!doctype html><script src=/assets/index-Ab12.js></script>"


def write(folder: Path) -> None:
    (folder / "assets").mkdir(parents=True, exist_ok=True)
    (folder / "index.html").write_bytes(SHELL)
    (folder / "manifest.webmanifest").write_bytes(b"{}")
    script = folder / "assets/index-Ab12.js"
    script.write_bytes(SCRIPT)
    script.with_name("index-Ab12.js.br").write_bytes(BROTLI)
    script.with_name("index-Ab12.js.gz").write_bytes(gzip.compress(SCRIPT))


@pytest.fixture
def built(hall: Hall, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A small page as the build leaves one, served by the installation."""
    write(tmp_path)
    monkeypatch.setattr(page_module, "FOLDER", tmp_path)
    page_module._files.cache_clear()
    hall.installation.gateway._page = Page(https=False)
    return tmp_path


async def got(hall: Hall, path: str, **headers: str) -> httpx.Response:
    """The answer as it came, before it is decompressed."""
    async with hall.client().stream("GET", f"{ROOT}{path}", headers=headers) as answer:
        raw = b"".join([part async for part in answer.aiter_raw()])
    answer._content = raw
    return answer


async def test_hashed_names_are_kept_for_ever_and_all_others_asked_for(hall: Hall, built: Path) -> None:
    script = await got(hall, "/assets/index-Ab12.js")
    assert script.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert script.headers["content-type"] == "text/javascript; charset=utf-8"
    for path in ("/", "/index.html", "/manifest.webmanifest", "/quests/some-page"):
        assert (await got(hall, path)).headers["cache-control"] == "no-cache", path
    assert (await got(hall, "/manifest.webmanifest")).headers["content-type"] == "application/manifest+json"


@pytest.mark.parametrize(
    ("accepts", "encoding"),
    [
        ("br, gzip", "br"),
        ("gzip, deflate, br;q=0.5", "br"),
        ("GZIP", "gzip"),
        ("gzip, br;q=0", "gzip"),
        ("br; q=0.0, gzip;q=0", None),
        ("identity", None),
        ("zstd", None),
    ],
)
async def test_what_was_compressed_beforehand_is_sent_to_who_takes_it(
    hall: Hall, built: Path, accepts: str, encoding: str | None
) -> None:
    answer = await got(hall, "/assets/index-Ab12.js", **{"accept-encoding": accepts})
    assert answer.headers.get("content-encoding") == encoding
    assert answer.headers["vary"] == "accept-encoding"
    sent = {"br": BROTLI, "gzip": (built / "assets/index-Ab12.js.gz").read_bytes(), None: SCRIPT}[encoding]
    assert answer.content == sent
    assert int(answer.headers["content-length"]) == len(sent)
    shell = await got(hall, "/", **{"accept-encoding": accepts})
    assert ("content-encoding" in shell.headers, shell.content) == (False, SHELL), "there is none of it"


async def test_what_a_browser_has_is_not_sent_again_until_it_changes(
    hall: Hall, built: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    etag = (await got(hall, "/")).headers["etag"]
    for held in (etag, f'"other", {etag}', etag.removeprefix("W/"), "*"):
        again = await got(hall, "/", **{"if-none-match": held})
        assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", etag), held
    assert (await got(hall, "/", **{"if-none-match": '"other"'})).status_code == 200
    # A new build of the same size, with the times of the old one, as packages that are built reproducibly have them.
    shell = built / "index.html"
    before = shell.stat()
    shell.write_bytes(SHELL.replace(b"Ab12", b"Cd34"))
    os.utime(shell, ns=(before.st_atime_ns, before.st_mtime_ns))
    page_module._files.cache_clear()
    hall.installation.gateway._page = Page(https=False)
    assert (await got(hall, "/", **{"if-none-match": etag})).status_code == 200


async def test_the_pages_own_routes_get_its_shell_and_nothing_else_does(hall: Hall, built: Path) -> None:
    for path in ("/", "/sign-in", "/quests/0199ffff-0000-7000-8000-000000000001", "/apiary"):
        answer = await got(hall, path)
        assert (answer.status_code, answer.content) == (200, SHELL), path
    for path in (
        "/api",
        "/api/",
        "/api/v1",
        "/api/v1/",
        "/api/v1/nothing",
        "/api/v2/me",
        "/.well-known/nothing",
        "/assets/index-Old9.js",
        "/assets/index-Ab12.js.br",
        "/metrics",
        "/internal/identity/resolve",
        "/assets/../../page.py",
        "/..%2f..%2fpage.py",
    ):
        answer = await got(hall, path)
        assert (answer.status_code, answer.headers["content-type"]) == (404, "application/problem+json"), path
