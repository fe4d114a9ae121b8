"""Activity in: each kind as its senders send it."""

from __future__ import annotations

import re
from typing import Any

import msgspec

from questhall.contracts.integrations import BadSignature, MalformedDelivery, SourceDisabled, SourceNotFound, TooLarge
from questhall.kernel.access import ANONYMOUS
from questhall.kernel.http import PUBLIC, asgi_route
from questhall.kernel.rpc import answer, read_body
from questhall.services.integrations import github, rules
from questhall.services.integrations.actions import Delivery, IntegrationsActions, Source, delivery_name

GITHUB_MAX = 25 * 1024 * 1024
CLOUDEVENTS_MAX = 1024 * 1024
JSON_MAX = 1024 * 1024
HEADERS_KEPT = ("content-type",)
DELIVERY = re.compile(r"[A-Za-z0-9-]{1,120}")
"""What may stand in X-GitHub-Delivery."""
SIGNATURES = {"github": "X-Hub-Signature-256", "json": "X-Questhall-Signature-256"}
"""By kind, where the HMAC over the raw body stands; kinds that have none are sent with a token."""

_INGEST = {
    "summary": "Send activity: a GitHub webhook, CloudEvents, or JSON that the source has a mapping for",
    "requestBody": {"content": {"application/json": {}, "application/cloudevents+json": {}}, "required": True},
    "responses": {
        "200": {"description": "It was counted before (`duplicate: true`)"},
        "202": {"description": "Taken"},
    },
}


async def _admitted(actions: IntegrationsActions, scope: dict[str, Any]) -> Source:
    """The source, if it may be sent to by whoever sends this, as far as can be told without the body."""
    source = await actions.source(scope["path_params"]["slug"])
    if not source.enabled:
        raise SourceDisabled
    header = SIGNATURES.get(source.kind)
    if header is None:
        scope.get("caller", ANONYMOUS).require("ingest")
    elif not any(name == header.lower().encode() and value for name, value in scope["headers"]):
        raise BadSignature(f"the header {header} is missing: give whoever sends it the source's secret")
    return source


@asgi_route(
    "POST",
    "/ingest/{slug}",
    permission=PUBLIC,
    limit="ingest",
    max_body=GITHUB_MAX,
    admit=_admitted,
    operation=_INGEST,
    refuses=(BadSignature, MalformedDelivery, SourceNotFound),
)
async def ingest(actions: IntegrationsActions, scope: dict[str, Any], receive: Any, send: Any) -> None:
    """Takes activity in."""
    headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
    source = await _admitted(actions, scope)  # again: it may have been switched off while the body came
    if source.kind == "github":
        delivery = await _github(actions, source, headers, receive)
    elif source.kind == "json":
        delivery = await _json(actions, source, headers, receive)
    else:
        delivery = await _cloudevents(actions, source, headers, receive)
    taken = await actions.take(delivery)
    await answer(send, 200 if taken.duplicate else 202, msgspec.json.encode(taken))


async def _body(headers: dict[str, str], receive: Any, limit: int) -> bytes:
    declared = headers.get("content-length", "")
    try:
        if declared.isdecimal() and int(declared) > limit:
            raise TooLarge(f"at most {limit} bytes")
        return await read_body(receive, limit=limit)
    except ValueError:
        raise TooLarge(f"at most {limit} bytes") from None


async def _signed_body(source: Source, headers: dict[str, str], receive: Any, limit: int) -> bytes:
    body = await _body(headers, receive, limit)
    if not rules.signed(body, headers[SIGNATURES[source.kind].lower()], source.secrets):
        raise BadSignature
    return body


async def _github(actions: IntegrationsActions, source: Source, headers: dict[str, str], receive: Any) -> Delivery:
    body = await _signed_body(source, headers, receive, GITHUB_MAX)
    event = headers.get("x-github-event", "")
    if github.EVENT.fullmatch(event) is None:
        raise MalformedDelivery("the header X-GitHub-Event is missing, or no name of an event")
    content_type = headers.get("content-type", "application/json")[:200]
    drafts, ignored = actions.read(source, event, body, content_type)
    given = headers.get("x-github-delivery", "")
    return Delivery(
        source=source,
        external_id=given if DELIVERY.fullmatch(given) else delivery_name(body),
        event=event,
        drafts=drafts,
        ignored=ignored,
        body=body,
        content_type=content_type,
        received_at=actions.at.clock.now(),
    )


async def _cloudevents(actions: IntegrationsActions, source: Source, headers: dict[str, str], receive: Any) -> Delivery:
    body = await _body(headers, receive, CLOUDEVENTS_MAX)
    kept = {name: value for name, value in headers.items() if name.startswith("ce-") or name in HEADERS_KEPT}
    content_type = msgspec.json.encode(kept).decode()
    drafts, ignored = actions.read(source, "", body, content_type)
    # One event is its own delivery; a batch is named by what it says.
    external_id = drafts[0].key if len(drafts) == 1 else delivery_name(body)
    return Delivery(
        source=source,
        external_id=external_id,
        event=_named(drafts),
        drafts=drafts,
        ignored=ignored,
        body=body,
        content_type=content_type,
        received_at=actions.at.clock.now(),
    )


async def _json(actions: IntegrationsActions, source: Source, headers: dict[str, str], receive: Any) -> Delivery:
    body = await _signed_body(source, headers, receive, JSON_MAX)
    drafts, ignored = actions.read(source, "", body, "application/json")
    # Named by the acts that it tells of: a body that a mended mapping finds other acts in is no delivery that came before.
    keys = [draft.key for draft in drafts]
    return Delivery(
        source=source,
        external_id=keys[0] if len(keys) == 1 else delivery_name("\n".join(keys).encode() or body),
        event=_named(drafts),
        drafts=drafts,
        ignored=ignored,
        body=body,
        content_type="application/json",
        received_at=actions.at.clock.now(),
    )


def _named(drafts: list[github.Draft]) -> str:
    """How a delivery that brings no name of its own is called."""
    return drafts[0].kind if len(drafts) == 1 else f"batch of {len(drafts)}"
