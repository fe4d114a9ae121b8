"""What a GitHub webhook says: its kind, who did it, its own key, flat attributes. Pure."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from datetime import datetime
from typing import Any

import msgspec

Payload = dict[str, Any]

KIND = re.compile(r"[a-z0-9][a-z0-9_.-]{0,119}")
EVENT = re.compile(r"[a-z][a-z0-9_]{0,59}")
"""What may stand in X-GitHub-Event."""
LOGIN_MAX = 100
TEXT_MAX = 300


class Draft(msgspec.Struct, frozen=True, kw_only=True):
    """An act as a source tells it, before it is known whose it is."""

    kind: str
    account: str
    account_id: str = ""
    """The source's own number of the account, which outlives a new name; empty where there is none."""
    key: str
    occurred_at: datetime | None
    attributes: dict[str, Any]


class Ignored(Exception):
    """The delivery is fine and no player's act; the message says why."""


# Where an event keeps the thing that it is about, where that is not under the event's own name.
_ENTITY = {
    "pull_request_review": "review",
    "pull_request_review_comment": "comment",
    "pull_request_review_thread": "thread",
    "issues": "issue",
    "issue_comment": "comment",
    "commit_comment": "comment",
    "discussion_comment": "comment",
    "code_scanning_alert": "alert",
    "dependabot_alert": "alert",
    "repository_vulnerability_alert": "alert",
    "fork": "forkee",
    "branch_protection_rule": "rule",
    "page_build": "build",
    "star": "repository",
    "watch": "repository",
}
# Kinds that are named for what they mean, where GitHub's event and action do not.
_NAMES = {
    "pull_request_review": "review",
    "pull_request_review_comment": "review_comment",
    "issues": "issue",
}
# Acts that happen to a thing once only; all others may come again, and carry the time of the change in their key.
_ONCE = frozenset({"opened", "merged", "submitted", "created", "published", "started", "forked", "answered"})
# Events whose action is free text of the sender's, and so no part of a stable kind.
_FREE = frozenset({"repository_dispatch"})
# Parts that differ between two hooks that tell of the same act.
_OF_THE_HOOK = frozenset({"installation", "organization", "enterprise"})


def drafts_of(event: str, payload: Payload) -> list[Draft]:
    """The acts that a delivery tells of, one a person concerned. Raises Ignored."""
    sender = _part(payload, "sender")
    if not _login(sender):
        raise Ignored("nobody is named as its sender")
    action = payload["action"] if isinstance(payload.get("action"), str) and event not in _FREE else ""
    entity = _part(payload, _ENTITY.get(event, event))
    merged = event == "pull_request" and action == "closed" and entity.get("merged") is True
    what = "merged" if merged else action
    # What was merged is its author's work, even when a merge queue did it; everything else is the sender's.
    author = _part(entity, "user")
    doer = author if merged and _login(author) else sender
    if doer.get("type") == "Bot":
        raise Ignored("a bot did it")
    name = _NAMES.get(event, event)
    kind = ".".join(filter(None, ("github", name, what)))
    if KIND.fullmatch(kind) is None:
        raise Ignored("its action is no plain word")
    draft = Draft(
        kind=kind,
        account=_login(doer),
        account_id=_number(doer),
        key=_key(event, name, what, entity, payload),
        occurred_at=_time(event, what, entity, payload),
        attributes=_attributes(event, entity, payload),
    )
    if not merged or _login(sender).lower() == _login(doer).lower() or sender.get("type") == "Bot":
        return [draft]
    # Who let somebody else's work in did something too.
    merger = {"kind": f"{kind}_by", "account": _login(sender), "account_id": _number(sender), "key": f"{draft.key}_by"}
    return [draft, msgspec.structs.replace(draft, **merger)]


def _part(payload: Payload, *path: str) -> Payload:
    """An object within an object; an empty one when it is not there, or something else."""
    for name in path:
        found = payload.get(name)
        payload = found if isinstance(found, dict) else {}
    return payload


def _login(user: Payload) -> str:
    login = user.get("login")
    return login if isinstance(login, str) and len(login) <= LOGIN_MAX else ""


def _number(user: Payload) -> str:
    number = user.get("id")
    return str(number) if isinstance(number, int) and 0 < number < 2**63 else ""


def _repo(payload: Payload) -> str:
    return str(_part(payload, "repository").get("full_name", ""))


def _key(event: str, name: str, what: str, entity: Payload, payload: Payload) -> str:
    """The act's own key: made of the signed body alone, so that no replay under another delivery id counts anew."""
    if event == "push":
        return f"push:{_repo(payload)}:{payload.get('ref', '')}:{payload.get('after', '')}"
    if event in ("star", "watch"):
        return f"{event}:{_repo(payload)}:{_login(_part(payload, 'sender')).lower()}:{what}"
    if event == "pull_request_review" and what == "submitted":
        return f"review:{entity.get('id')}"
    thing, changed = entity.get("node_id") or entity.get("id"), entity.get("updated_at")
    if thing is not None and what in _ONCE:
        return f"{name}:{thing}:{what}"
    if thing is not None and changed:
        return f"{name}:{thing}:{what or 'sent'}:{changed}"
    return f"{name}:{what or 'sent'}:{_repo(payload)}:{_fingerprint(payload)}"


def _fingerprint(payload: Payload) -> str:
    said = {name: value for name, value in payload.items() if name not in _OF_THE_HOOK}
    return hashlib.sha256(msgspec.json.encode(said, order="deterministic")).hexdigest()[:32]


def _time(event: str, what: str, entity: Payload, payload: Payload) -> datetime | None:
    if event == "push":
        text = _part(payload, "head_commit").get("timestamp")
    elif what == "merged":
        text = entity.get("merged_at")
    elif what == "submitted":
        text = entity.get("submitted_at")
    elif what in _ONCE:
        text = entity.get("published_at") or entity.get("created_at")
    else:
        text = entity.get("updated_at")
    try:
        found = datetime.fromisoformat(str(text))
    except ValueError:
        return None
    return found if found.tzinfo is not None else None


_Read = Callable[[Payload, Payload], Any]


def _its(*path: str) -> _Read:
    """Reads from the thing that the event is about."""
    return lambda entity, _: _part(entity, *path[:-1]).get(path[-1])


def _in(*path: str) -> _Read:
    """Reads from the whole payload."""
    return lambda _, payload: _part(payload, *path[:-1]).get(path[-1])


def _length(entity: Payload, _payload: Payload) -> int:
    body = entity.get("body")
    return len(body) if isinstance(body, str) else 0


def _own(*author: str) -> _Read:
    """Whether a person spoke of their own work."""
    return lambda entity, payload: _login(_part(entity, "user")) == _login(_part(payload, *author))


_COMMON: dict[str, _Read] = {
    "number": lambda e, p: e.get("number") or p.get("number"),
    "title": lambda e, _: e.get("title") or e.get("name"),
    "state": _its("state"),
    "url": _its("html_url"),
}
_LABELS: dict[str, _Read] = {"label": _in("label", "name"), "assignee": _in("assignee", "login")}
_OF_PULL_REQUEST: dict[str, _Read] = {
    "number": _in("pull_request", "number"),
    "title": _in("pull_request", "title"),
    "author": _in("pull_request", "user", "login"),
}
_SPECIAL: dict[str, dict[str, _Read]] = {
    "pull_request": {
        "additions": _its("additions"),
        "deletions": _its("deletions"),
        "changed_files": _its("changed_files"),
        "commits": _its("commits"),
        "base": _its("base", "ref"),
        "author": _its("user", "login"),
        "merged_by": _its("merged_by", "login"),
        "draft": _its("draft"),
        **_LABELS,
    },
    "pull_request_review": {**_OF_PULL_REQUEST, "own": _own("pull_request", "user")},
    "pull_request_review_comment": {**_OF_PULL_REQUEST, "own": _own("pull_request", "user"), "length": _length},
    "pull_request_review_thread": _OF_PULL_REQUEST,
    "push": {
        "ref": _in("ref"),
        "branch": lambda _, p: str(p.get("ref", "")).removeprefix("refs/heads/"),
        "commits": lambda _, p: len(p["commits"]) if isinstance(p.get("commits"), list) else 0,
        "forced": _in("forced"),
        "created": _in("created"),
        "deleted": _in("deleted"),
    },
    "issues": {"author": _its("user", "login"), **_LABELS},
    "issue_comment": {
        "number": _in("issue", "number"),
        "title": _in("issue", "title"),
        "author": _in("issue", "user", "login"),
        "own": _own("issue", "user"),
        "length": _length,
    },
    "discussion": {
        "author": _its("user", "login"),
        "category": _its("category", "name"),
        "label": _in("label", "name"),
    },
    "discussion_comment": {
        "number": _in("discussion", "number"),
        "title": _in("discussion", "title"),
        "author": _in("discussion", "user", "login"),
        "own": _own("discussion", "user"),
        "length": _length,
    },
    "commit_comment": {"commit": _its("commit_id"), "length": _length},
    "release": {"tag": _its("tag_name"), "prerelease": _its("prerelease")},
    "workflow_run": {"conclusion": _its("conclusion"), "branch": _its("head_branch")},
    "workflow_job": {"conclusion": _its("conclusion")},
    "check_run": {"conclusion": _its("conclusion")},
    "check_suite": {"conclusion": _its("conclusion"), "branch": _its("head_branch")},
    "status": {"state": _in("state"), "context": _in("context")},
    "create": {"ref": _in("ref"), "ref_type": _in("ref_type")},
    "delete": {"ref": _in("ref"), "ref_type": _in("ref_type")},
    "repository_dispatch": {"event_type": _in("action")},
}


def _attributes(event: str, entity: Payload, payload: Payload) -> dict[str, Any]:
    found: dict[str, Any] = {"repo": _repo(payload)[:TEXT_MAX]}
    for name, read in {**_COMMON, **_SPECIAL.get(event, {})}.items():
        value = read(entity, payload)
        if isinstance(value, str | int | float | bool) and value != "":
            found[name] = value[:TEXT_MAX] if isinstance(value, str) else value
    return found
