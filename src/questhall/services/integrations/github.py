"""What a GitHub webhook says: its kind, who did it, its own key, flat attributes. Pure."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import msgspec

Payload = dict[str, Any]


class Draft(msgspec.Struct, frozen=True, kw_only=True):
    """An act as a source tells it, before it is known whose it is."""

    kind: str
    account: str
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
    "member": "member",
    "deployment_status": "deployment_status",
    "check_run": "check_run",
    "branch_protection_rule": "rule",
    "page_build": "build",
    "sponsorship": "sponsorship",
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


def draft_of(event: str, payload: Payload, delivery: str) -> Draft:
    """The act that a delivery tells of. Raises Ignored."""
    sender = payload.get("sender")
    if not isinstance(sender, dict) or not isinstance(sender.get("login"), str):
        raise Ignored("nobody is named as its sender")
    action = payload["action"][:60] if isinstance(payload.get("action"), str) else ""
    entity = _entity(event, payload)
    merged = event == "pull_request" and action == "closed" and entity.get("merged") is True
    what = "merged" if merged else action
    # What was merged is its author's work, even when a merge queue did it; everything else is the sender's.
    doer = entity["user"] if merged and _login(entity.get("user")) else sender
    if doer.get("type") == "Bot":
        raise Ignored("a bot did it")
    name = _NAMES.get(event, event)
    return Draft(
        kind=".".join(filter(None, ("github", name, what))),
        account=doer["login"],
        key=_key(event, name, what, entity, payload, delivery),
        occurred_at=_time(event, what, entity, payload),
        attributes=_attributes(event, entity, payload),
    )


def _entity(event: str, payload: Payload) -> Payload:
    found = payload.get(_ENTITY.get(event, event))
    return found if isinstance(found, dict) else {}


def _login(user: Any) -> str:
    return user["login"] if isinstance(user, dict) and isinstance(user.get("login"), str) else ""


def _repo(payload: Payload) -> str:
    repository = payload.get("repository")
    return str(repository.get("full_name", "")) if isinstance(repository, dict) else ""


def _key(event: str, name: str, what: str, entity: Payload, payload: Payload, delivery: str) -> str:
    if event == "push":
        return f"push:{_repo(payload)}:{payload.get('ref', '')}:{payload.get('after', '')}"
    if event in ("create", "delete"):
        return f"{event}:{_repo(payload)}:{payload.get('ref_type', '')}:{payload.get('ref', '')}:{delivery}"
    if event in ("star", "watch"):
        return f"{event}:{_repo(payload)}:{payload['sender']['login'].lower()}:{what}"
    if event == "pull_request_review" and what == "submitted":
        return f"review:{entity.get('id')}"
    thing = entity.get("node_id") or entity.get("id")
    if thing is None:
        return f"{event}:{what}:{_repo(payload)}:{delivery}"
    if what in _ONCE:
        return f"{name}:{thing}:{what}"
    return f"{name}:{thing}:{what or 'sent'}:{entity.get('updated_at') or delivery}"


def _time(event: str, what: str, entity: Payload, payload: Payload) -> datetime | None:
    if event == "push":
        head = payload.get("head_commit")
        text = head.get("timestamp") if isinstance(head, dict) else None
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


def _plain(value: Any) -> bool:
    return isinstance(value, str | int | float | bool)


_Read = Callable[[Payload, Payload], Any]
_COMMON: dict[str, _Read] = {
    "number": lambda e, p: e.get("number") or p.get("number"),
    "title": lambda e, _: e.get("title") or e.get("name"),
    "state": lambda e, _: e.get("state"),
    "url": lambda e, _: e.get("html_url"),
}
_SPECIAL: dict[str, dict[str, _Read]] = {
    "pull_request": {
        "additions": lambda e, _: e.get("additions"),
        "deletions": lambda e, _: e.get("deletions"),
        "changed_files": lambda e, _: e.get("changed_files"),
        "commits": lambda e, _: e.get("commits"),
        "base": lambda e, _: (e.get("base") or {}).get("ref"),
        "author": lambda e, _: _login(e.get("user")),
        "merged_by": lambda e, _: _login(e.get("merged_by")) or None,
        "draft": lambda e, _: e.get("draft"),
    },
    "pull_request_review": {
        "number": lambda _, p: (p.get("pull_request") or {}).get("number"),
        "title": lambda _, p: (p.get("pull_request") or {}).get("title"),
        "author": lambda _, p: _login((p.get("pull_request") or {}).get("user")),
        "own": lambda e, p: _login(e.get("user")) == _login((p.get("pull_request") or {}).get("user")),
    },
    "push": {
        "ref": lambda _, p: p.get("ref"),
        "branch": lambda _, p: str(p.get("ref", "")).removeprefix("refs/heads/"),
        "commits": lambda _, p: len(p.get("commits") or []),
        "forced": lambda _, p: p.get("forced"),
        "created": lambda _, p: p.get("created"),
        "deleted": lambda _, p: p.get("deleted"),
    },
    "issue_comment": {
        "number": lambda _, p: (p.get("issue") or {}).get("number"),
        "title": lambda _, p: (p.get("issue") or {}).get("title"),
        "length": lambda e, _: len(e.get("body") or ""),
    },
    "release": {"tag": lambda e, _: e.get("tag_name"), "prerelease": lambda e, _: e.get("prerelease")},
    "workflow_run": {
        "conclusion": lambda e, _: e.get("conclusion"),
        "branch": lambda e, _: e.get("head_branch"),
    },
    "check_run": {"conclusion": lambda e, _: e.get("conclusion")},
    "create": {"ref": lambda _, p: p.get("ref"), "ref_type": lambda _, p: p.get("ref_type")},
    "delete": {"ref": lambda _, p: p.get("ref"), "ref_type": lambda _, p: p.get("ref_type")},
}


def _attributes(event: str, entity: Payload, payload: Payload) -> dict[str, Any]:
    found: dict[str, Any] = {"repo": _repo(payload)}
    for name, read in {**_COMMON, **_SPECIAL.get(event, {})}.items():
        value = read(entity, payload)
        if _plain(value) and value != "":
            found[name] = value[:300] if isinstance(value, str) else value
    return found
