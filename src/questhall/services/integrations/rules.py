"""Pure decisions of integrations."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import parse_qs

import msgspec

from questhall.services.integrations.github import Draft

PAST_DAYS = 30
"""How far back a source is believed; an admin may make one that is believed further, to bring a history along."""
PAST_DAYS_MAX = 400
FUTURE_MAX = timedelta(minutes=2)
WAITING_MAX = timedelta(days=30)
BODY_KEPT = timedelta(days=30)
WHOLE_MAX = 2**63 - 1
"""Larger whole numbers are left out: rules count with 64 bits."""
FIELDS_MAX = 8
KEY_MAX = 400


def clamped(occurred: datetime | None, received: datetime, past_days: int = PAST_DAYS) -> datetime:
    """When an act happened: the source's word, at most so many days ago and 2 minutes ahead."""
    if occurred is None:
        return received
    return min(max(occurred, received - timedelta(days=past_days)), received + FUTURE_MAX)


def signed(body: bytes, header: str, secrets: Iterable[str]) -> bool:
    """Whether a signature over the raw body (``sha256=...``, as GitHub writes it) fits one of the secrets.

    Compared in constant time.
    """
    fits = False
    for secret in secrets:
        expected = "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
        fits = hmac.compare_digest(expected.encode(), header.encode("latin-1", "replace")) or fits
    return fits


def json_of(body: bytes, content_type: str) -> bytes:
    """The JSON in a GitHub request, which may come as a form field."""
    if content_type.split(";", maxsplit=1)[0].strip().lower() == "application/x-www-form-urlencoded":
        # More fields than this are no hook's; reading them all would be work for nothing.
        text = body.decode(errors="replace")
        return parse_qs(text).get("payload", [""])[0].encode() if text.count("&") < FIELDS_MAX else b""
    return body


def storable(draft: Draft) -> Draft:
    """The act without what no database can keep (zero characters, endless numbers), so that it can't spoil a batch."""
    attributes: dict[str, Any] = {}
    for name, value in draft.attributes.items():
        if isinstance(value, str):
            attributes[name.replace("\0", "")] = value.replace("\0", "")
        elif isinstance(value, float) or -WHOLE_MAX <= value <= WHOLE_MAX:
            attributes[name.replace("\0", "")] = value
    key = draft.key.replace("\0", "")
    if len(key) > KEY_MAX:
        # No index holds a longer one. A cut key would make two acts one; a hash of it does not.
        key = f"sha256:{hashlib.sha256(key.encode()).hexdigest()}"
    return msgspec.structs.replace(draft, account=draft.account.replace("\0", ""), key=key, attributes=attributes)
