"""Events in plain words: a line of a player's history, a step of a chain of causes. Pure."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from questhall.kernel.text import one_line

Data = dict[str, Any]


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """An event in plain words."""

    icon: str
    """Name of a Fluent emoji."""
    text: str
    detail: str = ""
    link: tuple[str, str] | None = None
    """Kind and id: what ``/why`` can explain (``transaction``, ``badge``, ``level``), or a ``quest``."""


class Words(msgspec.Struct, frozen=True, kw_only=True):
    """A step of a chain."""

    kind: str
    title: str
    detail: str = ""
    rule: dict[str, Any] | None = None


_CURRENCIES = {
    "xp": ("XP", "XP", "sparkles"),
    "coins": ("coin", "coins", "coin"),
    "gems": ("gem", "gems", "gem-stone"),
    "guild_tokens": ("guild token", "guild tokens", "ticket"),
}


def amount_of(currency: str, amount: int) -> str:
    """An amount with its currency, such as ``1 coin`` or ``2,500 XP``."""
    plain = currency.removeprefix("event:").replace("_", " ").replace("-", " ")
    one, many, _ = _CURRENCIES.get(currency, (plain, plain, ""))
    return f"{amount:,} {one if amount == 1 else many}"


def _icon(currency: str) -> str:
    return _CURRENCIES.get(currency, ("", "", "ticket"))[2]


def _days(length: int) -> str:
    return "1 day" if length == 1 else f"{length} days"


# What somebody did, by the kind of the act: to who did it, and told by somebody else. Others are read off the kind itself.
_ACTS = {
    "github.pull_request.opened": ("rocket", "You opened a pull request", "a pull request was opened"),
    "github.pull_request.merged": ("party-popper", "Your pull request was merged", "a pull request was merged"),
    "github.pull_request.closed": ("package", "You closed a pull request", "a pull request was closed"),
    "github.review.submitted": (
        "magnifying-glass-tilted-left",
        "You reviewed a pull request",
        "a pull request was reviewed",
    ),
    "github.review_comment.created": ("speech-balloon", "You commented on a change", "a change was commented on"),
    "github.issue.opened": ("light-bulb", "You opened an issue", "an issue was opened"),
    "github.issue.closed": ("check-mark-button", "You closed an issue", "an issue was closed"),
    "github.issue_comment.created": ("speech-balloon", "You joined a conversation", "a comment was written"),
    "github.push": ("hammer-and-wrench", "You pushed your work", "work was pushed"),
    "github.release.published": ("ship", "You published a release", "a release was published"),
    "github.star.created": ("star", "You starred a project", "a project was starred"),
    "github.watch.started": ("star", "You starred a project", "a project was starred"),
    "github.fork": ("fork-and-knife", "You forked a project", "a project was forked"),
}


def _act(kind: str) -> tuple[str, str, str]:
    known = _ACTS.get(kind)
    if known is not None:
        return known
    plain = " ".join(kind.replace(".", " ").replace("_", " ").split())
    return "hammer-and-wrench", plain.capitalize(), plain


def _about(d: Data) -> str:
    """What an act was about: ``octo/hall #12, Fix the door``."""
    attributes = d.get("attributes", {})
    number = attributes.get("number")
    where = " ".join(str(part) for part in (attributes.get("repo"), f"#{number}" if number else None) if part)
    # What a source says is kept as it came; shown is what turns nothing around.
    return one_line(", ".join(str(part) for part in (where, attributes.get("title")) if part)) or f"from {d['source']}"


def _recorded(d: Data) -> Line:
    icon, text, _ = _act(d["kind"])
    return Line(icon=icon, text=text, detail=_about(d))


def _why(d: Data) -> str:
    """What somebody wrote with an amount, or what rule it was for."""
    return str(d.get("note") or d.get("reason", ""))


def _for(d: Data) -> str:
    """What an amount was for; what an admin wrote is a sentence of its own."""
    why = _why(d)
    if not why:
        return ""
    return f": {why}" if d.get("transaction_type") == "admin" else f" for {why}"


def _credited(d: Data) -> Line:
    about = _for(d)
    link = ("transaction", d["transfer_id"])
    if d.get("transaction_type") == "reversal":
        return Line(icon=_icon(d["currency"]), text=f"You got {amount_of(d['currency'], d['amount'])} back", link=link)
    if d.get("transaction_type") == "gift":
        text = f"A player gave you {amount_of(d['currency'], d['amount'])}"
        return Line(icon="wrapped-gift", text=text, detail=_why(d), link=link)
    return Line(
        icon=_icon(d["currency"]), text=f"You received {amount_of(d['currency'], d['amount'])}{about}", link=link
    )


def _debited(d: Data) -> Line:
    what, link = amount_of(d["currency"], d["amount"]), ("transaction", d["transfer_id"])
    if d.get("transaction_type") == "reversal":
        return Line(icon=_icon(d["currency"]), text=f"{what} were taken back", detail=_why(d), link=link)
    if d.get("source") == "sink:debt":
        return Line(icon=_icon(d["currency"]), text=f"You paid back {what} that you owed", link=link)
    if d.get("transaction_type") == "gift":
        return Line(icon="wrapped-gift", text=f"You gave {what} to a player", detail=_why(d), link=link)
    about = _for(d)
    return Line(icon=_icon(d["currency"]), text=f"You gave {what}{about}", link=link)


def _owed(d: Data) -> Line:
    text = f"You owe {amount_of(d['currency'], d['debt'])}: what comes in pays it back first"
    return Line(icon=_icon(d["currency"]), text=text, detail=_why(d), link=("transaction", d["transfer_id"]))


def _earned(d: Data) -> Line:
    tier = f", {d['tier']}" if d.get("tier") else ""
    link = ("badge", d["award_id"])
    if d.get("reason"):
        text = f"You were given the badge “{d['name']}”{tier}"
        return Line(icon="sports-medal", text=text, detail=f"by hand: {d['reason']}", link=link)
    text = f"You earned the badge “{d['name']}”{tier}"
    return Line(icon="sports-medal", text=text, detail=f"a {d['rarity']} one", link=link)


def _taken(d: Data) -> Line:
    what = f"“{d['name']}”, {d['tier']}," if d.get("tier") else f"“{d['name']}”"
    text = f"The badge {what} was taken back"
    return Line(icon="counterclockwise-arrows-button", text=text, detail=d.get("reason", ""))


def _quest(icon: str, text: str) -> Callable[[Data], Line]:
    return lambda d: Line(icon=icon, text=text.format(d["title"]), link=("quest", d["quest_id"]))


_ROLES = {
    "player": "You are a player like everybody again",
    "moderator": "You look after the community now, as a moderator",
    "manager": "You author quests and badges now, as a manager",
    "admin": "You look after the whole hall now, as an admin",
}


def _suspended(d: Data) -> Line:
    text = "Your account rests for a while" if d["suspended"] else "Welcome back: your account is open again"
    return Line(icon="locked" if d["suspended"] else "unlocked", text=text, detail=d.get("reason", ""))


_PLATFORMS = {"github": "GitHub"}


def _platform(kind: str) -> str:
    return _PLATFORMS.get(kind, "other")


WRITERS: dict[str, Callable[[Data], Line]] = {
    "user.registered": lambda _: Line(icon="camping", text="You arrived at the camp"),
    "user.role_changed": lambda d: Line(icon="crown", text=_ROLES[d["role"]], detail=d.get("reason", "")),
    "user.suspended": _suspended,
    "password.changed": lambda d: Line(
        icon="locked-with-key",
        text="Your password was changed",
        detail="by a mailed link" if d.get("by_link") else "by yourself",
    ),
    "email.changed": lambda _: Line(icon="envelope", text="You confirmed your e-mail address"),
    "token.created": lambda d: Line(icon="key", text=f"You made the access token “{d['name']}”"),
    "account.linked": lambda d: Line(icon="handshake", text=f"Your {_platform(d['kind'])} account was linked"),
    "account.unlinked": lambda d: Line(
        icon="leaf-fluttering-in-wind", text=f"Your {_platform(d['kind'])} account was unlinked"
    ),
    "activity.recorded": _recorded,
    "quest.accepted": _quest("world-map", "You set out on “{}”"),
    "quest.completed": lambda d: Line(
        icon="scroll", text=f"You completed “{d['title']}”", detail=d["difficulty"], link=("quest", d["quest_id"])
    ),
    "quest.expired": _quest("hourglass-done", "Time ran out on “{}”; there will be others"),
    "quest.abandoned": _quest("leaf-fluttering-in-wind", "You left “{}” for another day"),
    "streak.extended": lambda d: Line(
        icon="fire",
        text="A new streak begins" if d["length"] == 1 else f"Your streak burns for {_days(d['length'])}",
        detail="your longest yet" if 1 < d["length"] == d.get("best") else "",
    ),
    "streak.frozen": lambda d: Line(icon="snowflake", text=f"A freeze kept your streak of {_days(d['length'])}"),
    "streak.broken": lambda d: Line(
        icon="wood", text=f"Your streak rests after {_days(d['length'])}", detail="its embers are still warm"
    ),
    "currency.credited": _credited,
    "currency.debited": _debited,
    "currency.owed": _owed,
    "level.reached": lambda d: Line(
        icon="glowing-star",
        text=f"You reached level {d['level']}{' again' if d.get('earlier') else ''}",
        link=("level", str(d["level"])),
    ),
    "level.lost": lambda d: Line(icon="counterclockwise-arrows-button", text=f"An undo took level {d['level']} back"),
    "badge.earned": _earned,
    "badge.revoked": _taken,
}
"""Types that a player sees in their history."""

SILENT = frozenset(
    {
        # They move all the time, and say only where something stands.
        "quest.progressed",
        "badge.progressed",
        "user.login",
        "session.started",
        "session.revoked",
        "user.updated",
        # Nobody is left to read it.
        "user.deleted",
        # What they lead to is a line of its own.
        "reward.granted",
        "reward.settled",
        "reward.revoked",
        # Of the hall, not of a player's way through it.
        "invite.created",
        "invite.revoked",
        "registration.changed",
    }
)
"""Types about a player that are left out of their history on purpose."""


def line_of(event_type: str, data: Data) -> Line | None:
    """An event in plain words; None for what is no part of a history."""
    writer = WRITERS.get(event_type)
    if writer is None:
        return None
    try:
        return writer(data)
    except (KeyError, TypeError, AttributeError):
        # The log keeps what older versions wrote, for ever: a line that can't be written well is written plainly.
        return Line(icon="sparkles", text=event_type.replace(".", " ").replace("_", " ").capitalize())


def _reward(d: Data) -> Words:
    reason = d["reason"]
    parts = [
        amount_of(part["what"], part["amount"]) if part["kind"] == "currency" else f"{part['amount']} × {part['kind']}"
        for part in d["parts"]
    ]
    factor = d.get("modifiers", {}).get("factor")
    rule = {name: reason.get(name) for name in ("kind", "id", "title", "version")}
    detail = ", ".join(parts) + (f", at {round(factor * 100)} %" if factor not in (None, 1) else "")
    return Words(kind="reward", title=f"The reward of “{reason['title']}”", detail=detail, rule=rule)


def _completed(d: Data) -> Words:
    rule = {"kind": "quest", "id": d["quest_id"], "title": d["title"], "version": d["version"]}
    detail = f"as version {d['version']} of the quest asked"
    return Words(kind="quest", title=f"Completed the quest “{d['title']}”", detail=detail, rule=rule)


def _awarded(d: Data) -> Words:
    rule = {"kind": "achievement", "id": d["achievement_id"], "title": d["name"], "version": d["version"]}
    if d.get("reason"):
        title, detail = f"Was given the badge “{d['name']}”", f"by hand: {d['reason']}"
        return Words(kind="badge", title=title, detail=detail, rule=rule)
    detail = f"as version {d['version']} of its rule asked"
    return Words(kind="badge", title=f"Earned the badge “{d['name']}”", detail=detail, rule=rule)


_STEPS: dict[str, Callable[[Data], Words]] = {
    "reward.granted": _reward,
    "quest.completed": _completed,
    "badge.earned": _awarded,
    "activity.recorded": lambda d: Words(kind="activity", title=_sentence(_act(d["kind"])[2]), detail=_about(d)),
    "level.reached": lambda d: Words(kind="level", title=f"Reached level {d['level']}", detail=f"with {d['xp']:,} XP"),
    "currency.credited": lambda d: Words(
        kind="transfer", title=f"Received {amount_of(d['currency'], d['amount'])}", detail=f"from {d['source']}"
    ),
    "user.login": lambda d: Words(kind="login", title="Came by", detail=f"on {d['local_day']}"),
    "streak.extended": lambda d: Words(kind="streak", title=f"A streak of {_days(d['length'])}"),
}


def told(source_kind: str, source_name: str, activity: Data) -> tuple[str, str]:
    """Title and detail of the delivery that told of an activity."""
    known = _PLATFORMS.get(source_kind)
    try:
        what, repo = _act(activity["kind"])[2], activity.get("attributes", {}).get("repo")
    except (KeyError, TypeError, AttributeError):
        what, repo = "something happened", None
    where = f" in {one_line(str(repo))}" if repo else ""
    return f"{known or source_name} told us: {what}{where}", f"through the source “{source_name}”" if known else ""


def platform_of(source_kind: str) -> str:
    """Where somebody acted, such as ``GitHub``; empty where the kind of a source does not say."""
    return _PLATFORMS.get(source_kind, "")


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]


def step_of(event_type: str, data: Data) -> Words:
    """An event as a step of a chain."""
    plain = Words(kind="event", title=event_type.replace(".", " ").replace("_", " ").capitalize())
    writer = _STEPS.get(event_type)
    if writer is None:
        line = line_of(event_type, data)
        return plain if line is None else Words(kind="event", title=line.text, detail=line.detail)
    try:
        return writer(data)
    except (KeyError, TypeError, AttributeError):
        return plain
