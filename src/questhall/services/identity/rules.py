"""Pure decisions of identity."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

import msgspec

from questhall.contracts.identity import (
    InvalidEmail,
    InvalidPassword,
    InvalidScope,
    InvalidTimezone,
    InvalidUsername,
    Look,
    ZoneChangedRecently,
)
from questhall.kernel.calendar import is_zone, local_day, start_of
from questhall.kernel.text import is_plain, is_visible, one_line

USERNAME = re.compile(r"[a-z0-9_-]{2,32}")
RESERVED = frozenset(
    [
        "admin",
        "administrator",
        "api",
        "app",
        "auth",
        "bot",
        "everyone",
        "guild",
        "help",
        "here",
        "login",
        "logout",
        "me",
        "moderator",
        "null",
        "questhall",
        "root",
        "settings",
        "support",
        "system",
        "undefined",
        "user",
        "users",
        "www",
    ]
)
EMAIL = re.compile(r"[^@\s]{1,64}@[^@\s]{1,190}\.[^@\s]{2,63}")
PASSWORD_MIN, PASSWORD_MAX = 10, 200
ZONE_CHANGE_EVERY = timedelta(hours=24)
SESSION_IDLE = timedelta(hours=12)
SESSION_MAX = timedelta(days=30)
SEEN_EVERY = timedelta(minutes=10)
BELIEVED_S = 60.0
KEPT_AFTER_END = timedelta(days=30)
"""How long ended sessions, used links and kept mails stay to be looked at."""
LINK_LIFE = timedelta(minutes=30)
TOKENS_MAX = 50
"""Access tokens that a player may have at once."""


def check_username(username: str) -> str:
    """The name as it is kept. Refuses ``invalid_username``."""
    name = username.strip().lower()
    if USERNAME.fullmatch(name) is None:
        raise InvalidUsername("2 to 32 of a-z, 0-9, _ and -", errors=[_at("username", "2 to 32 of a-z, 0-9, _ and -")])
    if name in RESERVED:
        raise InvalidUsername("this name is reserved", errors=[_at("username", "this name is reserved")])
    return name


def check_email(email: str) -> str:
    """The address, trimmed. Refuses ``invalid_email``."""
    plain = email.strip()
    if len(plain) > 254 or EMAIL.fullmatch(plain) is None or not is_plain(plain):
        raise InvalidEmail(errors=[_at("email", "this is no e-mail address")])
    return plain


def check_password(password: str, common: frozenset[str], *about: str) -> None:
    """Refuses ``invalid_password`` for one that is too short or long, common, or the player's own name."""
    problem = None
    if not PASSWORD_MIN <= len(password) <= PASSWORD_MAX:
        problem = f"{PASSWORD_MIN} to {PASSWORD_MAX} characters"
    elif _common(password.lower(), common) or len(set(password)) < 4:
        problem = "this one is among the first that anybody would try"
    elif password.lower() in {word.lower() for word in about if word}:
        problem = "not your name or address"
    if problem:
        raise InvalidPassword(problem, errors=[_at("password", problem)])


_AROUND = "0123456789 !@#$%^&*()-_=+.,?~"


def _common(password: str, common: frozenset[str]) -> bool:
    """Whether it is a common one, one with digits or signs around it, or one said twice."""
    core = password.strip(_AROUND)
    half = core[: len(core) // 2]
    return password in common or core in common or (core == half * 2 and half in common)


def clean_name(name: str) -> str:
    """A display name as it is shown: one line, no control characters, nothing that turns the text around it.

    Empty for one of which nothing can be seen.
    """
    shown = one_line(name)[:80]
    return shown if is_visible(shown) else ""


# The first that fits: Chrome says Safari too, most others say both, and an iPhone says Mac OS X.
_BROWSERS = {
    "Edg": "Edge",
    "OPR/": "Opera",
    "SamsungBrowser/": "Samsung Internet",
    "Firefox/": "Firefox",
    "FxiOS/": "Firefox",
    "CriOS/": "Chrome",
    "Chrome/": "Chrome",
    "Safari/": "Safari",
}
_SYSTEMS = {
    "iPhone": "iPhone",
    "iPad": "iPad",
    "Android": "Android",
    "Windows": "Windows",
    "Mac OS X": "macOS",
    "CrOS": "ChromeOS",
    "Linux": "Linux",
}


def browser_of(agent: str) -> str:
    """A ``User-Agent`` in plain words: "Firefox on Linux"; what names no browser that is known, as it calls itself."""
    browser = next((name for sign, name in _BROWSERS.items() if sign in agent), None)
    if browser is None:
        shown = one_line(agent)[:40].strip()
        return shown if is_visible(shown) else "A browser"
    system = next((name for sign, name in _SYSTEMS.items() if sign in agent), None)
    return f"{browser} on {system}" if system else browser


def check_scopes(scopes: list[str] | None, role: frozenset[str], own: tuple[str, ...] | None) -> list[str] | None:
    """Scopes as they are kept, without repeats: of those that the role has. A token (``own`` not None) makes none that may
    do more than itself.

    Refuses ``invalid_scope``.
    """
    if scopes is None:
        return None if own is None else sorted(own)
    may = role if own is None else role.intersection(own)
    for index, scope in enumerate(scopes):
        if scope not in may:
            detail = f"{scope} can't be had here, only: {', '.join(sorted(may))}"
            raise InvalidScope(detail, errors=[_at(f"scopes/{index}", detail)])
    return sorted(set(scopes))


def fresh_seconds(zone: str, expires_at: datetime, moment: datetime) -> float:
    """How long what is known of a caller may be believed: not past the next local midnight, nor its own end."""
    until = min(next_midnight(zone, moment), expires_at)
    return max(0.0, min(BELIEVED_S, (until - moment).total_seconds()))


def check_timezone(name: str) -> str:
    """Refuses ``invalid_timezone`` for what is no IANA zone."""
    if not is_zone(name):
        raise InvalidTimezone(errors=[_at("timezone", "a zone such as Europe/Berlin")])
    return name


def next_midnight(zone: str, moment: datetime) -> datetime:
    """The start of the next local day, in UTC."""
    return start_of(zone, local_day(zone, moment) + timedelta(days=1))


def may_change_zone(changed_at: datetime | None, moment: datetime) -> None:
    """Refuses ``zone_changed_recently`` within a day of the last change."""
    if changed_at is not None and moment - changed_at < ZONE_CHANGE_EVERY:
        raise ZoneChangedRecently(f"again after {(changed_at + ZONE_CHANGE_EVERY).isoformat()}")


def _at(field: str, detail: str) -> dict[str, str]:
    return {"pointer": f"#/{field}", "detail": detail}


def look_of(kept: str | None) -> Look | None:
    """A player's look, once they have one."""
    try:
        return None if kept is None else msgspec.json.decode(kept, type=Look)
    except msgspec.ValidationError:  # kept by an older version, which took any text: it is chosen anew
        return None
