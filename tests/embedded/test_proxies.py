"""Behind a proxy: its word about who the client is counts, and nobody else's does."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import httpx
import pytest

from questhall.gateway.policy import QUOTAS
from tests.embedded.test_up import Up
from tests.embedded.test_up import data as data

pytestmark = pytest.mark.timeout(240)
PROXY, STRANGER = "127.0.0.2", "127.0.0.1"
"""Both are this machine; the second is who would be believed if the setting were not read."""


def log_ins(up: Up, peer: str, forwarded: Iterable[str]) -> list[int]:
    """Statuses of attempts to log in from a peer that says whom each is for: 422 for one that is served.

    They are empty: limits come before the body is looked at, and no time is lost with passwords.
    """
    transport = httpx.HTTPTransport(local_address=peer)
    with httpx.Client(transport=transport, base_url=f"http://127.0.0.1:{up.port}/api/v1", timeout=30) as client:
        return [
            client.post("/auth/login", json={}, headers={"x-forwarded-for": address}).status_code
            for address in forwarded
        ]


def test_a_proxy_is_believed_and_nobody_else(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QUESTHALL_TRUSTED_PROXIES", f"10.0.0.0/8,{PROXY}")
    up = Up(data)
    try:
        tries = QUOTAS["auth"].burst + 9
        # The last one that is not trusted counts: what stands before it, a client may have written itself.
        same = ["192.0.2.1"] * tries + ["192.0.2.5, 192.0.2.1", "192.0.2.1, 10.1.2.3"]
        one = log_ins(up, PROXY, same)
        assert (one[0], one[-3:]) == (422, [429] * 3), one
        others = ["192.0.2.2", "192.0.2.1, 192.0.2.3", "192.0.2.4, 10.1.2.3"]
        assert log_ins(up, PROXY, others) == [422] * 3
        rotating = log_ins(up, STRANGER, [f"198.51.100.{number}" for number in range(tries)])
        assert (rotating[0], rotating[-1]) == (422, 429), rotating
        assert log_ins(up, PROXY, ["198.51.100.1"]) == [422], "nothing was counted for whom it named"
    finally:
        up.stop()
