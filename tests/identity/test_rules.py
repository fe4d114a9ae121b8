"""identity's pure decisions."""

from __future__ import annotations

import zoneinfo
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given
from hypothesis import strategies as st

from questhall.contracts.identity import (
    InvalidEmail,
    InvalidPassword,
    InvalidScope,
    InvalidTimezone,
    InvalidUsername,
    ZoneChangedRecently,
)
from questhall.kernel.calendar import zone_at
from questhall.kernel.settings import Settings
from questhall.services.identity import rules
from questhall.services.identity.api import sign_in
from questhall.services.identity.passwords import common_passwords

ZONES = sorted(zone for zone in available_timezones() if "/" in zone and not zone.startswith("Etc"))
MOMENTS = st.datetimes(datetime(2020, 1, 1), datetime(2035, 1, 1), timezones=st.just(UTC))


@pytest.mark.parametrize("name", ["ab", "wren", "a-b_c9", "x" * 32, " Wren "])
def test_usernames_that_can_be_used(name: str) -> None:
    assert rules.check_username(name) == name.strip().lower()


@pytest.mark.parametrize("name", ["a", "x" * 33, "wr en", "wrén", "a.b", "admin", "Root", "me", "", "a\n"[:2] + "b"])
def test_usernames_that_can_not(name: str) -> None:
    with pytest.raises(InvalidUsername):
        rules.check_username(name)


@pytest.mark.parametrize(
    "address", ["", "a", "a@b", "a b@c.de", "a@b@c.de", "a@" + "b" * 300 + ".de", "a@b.c", "a\u202eb@c.de"]
)
def test_what_is_no_address(address: str) -> None:
    with pytest.raises(InvalidEmail):
        rules.check_email(address)


@pytest.mark.parametrize(
    "password",
    [
        "short",
        "x" * 201,
        "1234567890",
        "QWERTYUIOP",
        "password123",
        "password-2026",
        "!!dragon!!2020",
        "sunshinesunshine",
        "aaaaaaaaaaaa",
        "abababababab",
        "wren-of-the-wood",
    ],
)
def test_passwords_that_anybody_would_try(password: str) -> None:
    with pytest.raises(InvalidPassword):
        rules.check_password(password, common_passwords(), "wren-of-the-wood", "wren@example.org")


@pytest.mark.parametrize(
    "password",
    [
        "correct horse battery",
        "x7#kq!0pLm",
        "ein ganz langer Satz",
        "密码密码一二三四五六七八",
        "x" * 7 + "abc",
        "ein ganz langer Satz, " * 9,
    ],
)
def test_passwords_that_are_good_without_any_rule_of_composition(password: str) -> None:
    rules.check_password(password, common_passwords(), "wren", "wren@example.org")


def test_the_list_of_common_passwords_is_there() -> None:
    assert len(common_passwords()) > 3000
    assert sum(len(word) >= rules.PASSWORD_MIN for word in common_passwords()) > 1000


@pytest.mark.parametrize(
    "zone",
    [
        *("", "Mars/Olympus", "../../etc/passwd", "/etc/localtime", "Europe", "europe/\0"),
        # Names that only a machine's own tables have.
        *("localtime", "posixrules", "right/UTC", "posix/Europe/Berlin"),
    ],
)
def test_what_is_no_zone(zone: str) -> None:
    with pytest.raises(InvalidTimezone):
        rules.check_timezone(zone)


def test_zones_are_those_of_the_pinned_package_alone() -> None:
    assert zoneinfo.TZPATH == ()
    assert {"Europe/Berlin", "Pacific/Apia"} < set(ZONES)
    for zone in ZONES:
        rules.check_timezone(zone)


@given(st.sampled_from(ZONES), MOMENTS)
def test_the_next_midnight_is_the_first_instant_of_the_next_local_day(zone: str, moment: datetime) -> None:
    """In every zone, whatever its clocks do: where they spring at midnight, the day begins at one o'clock."""
    midnight = rules.next_midnight(zone, moment)
    local = ZoneInfo(zone)
    assert midnight > moment
    assert midnight.astimezone(local).date() > moment.astimezone(local).date()
    assert (midnight - timedelta(microseconds=1)).astimezone(local).date() == moment.astimezone(local).date()


def test_midnight_that_the_clocks_leave_out() -> None:
    # In Santiago, 2026-09-06 begins at 01:00.
    moment = datetime(2026, 9, 5, 18, tzinfo=UTC)
    assert rules.next_midnight("America/Santiago", moment) == datetime(2026, 9, 6, 4, tzinfo=UTC)


def test_a_zone_changes_once_in_a_day_and_at_midnight() -> None:
    now = datetime(2026, 3, 2, 9, tzinfo=UTC)
    rules.may_change_zone(None, now)
    rules.may_change_zone(now - timedelta(hours=24), now)
    with pytest.raises(ZoneChangedRecently):
        rules.may_change_zone(now - timedelta(hours=23, minutes=59), now)
    since = rules.next_midnight("Europe/Berlin", now)
    assert zone_at("Asia/Tokyo", "Europe/Berlin", since, since - timedelta(seconds=1)) == "Europe/Berlin"
    assert zone_at("Asia/Tokyo", "Europe/Berlin", since, since) == "Asia/Tokyo"
    assert zone_at("UTC", None, None, now) == "UTC"


@given(st.sampled_from(ZONES), MOMENTS, st.floats(0, 90))
def test_what_is_known_of_a_caller_never_outlives_the_day_or_the_session(
    zone: str, moment: datetime, left: float
) -> None:
    expires = moment + timedelta(seconds=left)
    fresh = rules.fresh_seconds(zone, expires, moment)
    assert 0 <= fresh <= 60
    assert moment + timedelta(seconds=fresh) <= min(expires, rules.next_midnight(zone, moment)) + timedelta(
        milliseconds=1
    )


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("  Wren   of\n the  wood ", "Wren of the wood"),
        ("evil\u202etxt.exe", "eviltxt.exe"),
        ("👩\u200d🚀 Ada", "👩\u200d🚀 Ada"),
        ("e\u0301", "é"),
        ("\x00\x1b[31mred", "[31mred"),
        ("\u2066\u200b", ""),
        ("x" * 200, "x" * 80),
    ],
)
def test_display_names_are_one_line_and_honest(name: str, shown: str) -> None:
    assert rules.clean_name(name) == shown


CHROME = "AppleWebKit/537.36 (KHTML, like Gecko) Chrome/139.0.0.0"
IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko)"


@pytest.mark.parametrize(
    ("agent", "shown"),
    [
        ("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0", "Firefox on Linux"),
        ("Mozilla/5.0 (Android 15; Mobile; rv:140.0) Gecko/140.0 Firefox/140.0", "Firefox on Android"),
        (f"Mozilla/5.0 (Windows NT 10.0; Win64; x64) {CHROME} Safari/537.36", "Chrome on Windows"),
        (f"Mozilla/5.0 (Windows NT 10.0; Win64; x64) {CHROME} Safari/537.36 Edg/139.0.0.0", "Edge on Windows"),
        (f"Mozilla/5.0 (Linux; Android 10; K) {CHROME} Mobile Safari/537.36 EdgA/139.0.0.0", "Edge on Android"),
        (f"Mozilla/5.0 (X11; Linux x86_64) {CHROME} Safari/537.36 OPR/123.0.0.0", "Opera on Linux"),
        (f"Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) {CHROME} Safari/537.36", "Chrome on ChromeOS"),
        (
            "Mozilla/5.0 (Linux; Android 14; SM-S918B) AppleWebKit/537.36 (KHTML, like Gecko) SamsungBrowser/28.0 "
            "Chrome/130.0.0.0 Mobile Safari/537.36",
            "Samsung Internet on Android",
        ),
        (
            "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 "
            "Safari/605.1.15",
            "Safari on macOS",
        ),
        (f"{IPHONE} Version/18.5 Mobile/15E148 Safari/604.1", "Safari on iPhone"),
        (f"{IPHONE} CriOS/139.0.7258.76 Mobile/15E148 Safari/604.1", "Chrome on iPhone"),
        (f"{IPHONE} FxiOS/140.0 Mobile/15E148 Safari/605.1.15", "Firefox on iPhone"),
        ("Firefox/1.0", "Firefox"),
        ("curl/8.14.1", "curl/8.14.1"),
        ("x" * 200, "x" * 40),
        ("evil\u202e\x1b[31m", "evil[31m"),
        ("\u200b \u2800", "A browser"),
        ("", "A browser"),
    ],
)
def test_a_browser_is_called_by_its_name(agent: str, shown: str) -> None:
    assert rules.browser_of(agent) == shown


def test_scopes() -> None:
    known = frozenset({"player", "users:read"})
    assert rules.check_scopes(None, known, None) is None
    assert rules.check_scopes(["users:read", "player", "player"], known, None) == ["player", "users:read"]
    assert rules.check_scopes(None, known, ("player",)) == ["player"]
    for scopes, own in ((["fly"], None), (["users:read"], ("player",)), (["ingest"], ("ingest", "player"))):
        with pytest.raises(InvalidScope):
            rules.check_scopes(scopes, known, own)


@pytest.mark.parametrize(
    ("url", "name", "secure"),
    [
        ("http://localhost:8123", "session_8123", False),
        ("http://localhost", "session_80", False),
        ("https://hall.example.org:8443", "__Host-session", True),
    ],
)
def test_the_cookie_is_bound_to_the_host_behind_tls(url: str, name: str, secure: bool) -> None:
    actions: Any = SimpleNamespace(at=SimpleNamespace(settings=Settings(public_url=url)))
    header = sign_in._cookie(actions, "session", "s", 60).to_header(header="")
    assert header.startswith(f"{name}=s;")
    assert ("Secure" in header) is secure
    for word in ("HttpOnly", "Path=/", "SameSite=lax", "Max-Age=60"):
        assert word in header
    assert "Domain" not in header
