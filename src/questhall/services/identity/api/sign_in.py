"""Signing up, in and out; passwords and addresses."""

from __future__ import annotations

import secrets
from typing import Any

from questhall.contracts.identity import AlreadyTaken, LinkNotGood, NothingThere, WrongCredentials
from questhall.kernel.access import Caller, Forbidden
from questhall.kernel.http import PUBLIC, SIGNED_IN, Cookie, Request, Response, etag, get, post
from questhall.services.identity import rules
from questhall.services.identity.actions import IdentityActions, NewUser
from questhall.services.identity.api.views import (
    Email,
    EmailChange,
    FirstAdmin,
    Login,
    Me,
    PasswordChange,
    RegistrationView,
    Reset,
    Token,
    me_of,
)

DEVICE_S = 365 * 86400
DEVICE_SECRET_MAX = 64


def _cookie(actions: IdentityActions, name: str, value: str, max_age: int) -> Cookie:
    settings = actions.at.settings
    return Cookie(
        key=settings.cookie(name),
        value=value,
        path="/",
        httponly=True,
        secure=settings.https,
        samesite="lax",
        max_age=max_age,
    )


class _Browser:
    """What a request says of the browser that sends it."""

    def __init__(self, actions: IdentityActions, request: Request[Any, Any, Any]) -> None:
        known = request.cookies.get(actions.at.settings.cookie("device"), "")
        self.device = known if 0 < len(known) <= DEVICE_SECRET_MAX else secrets.token_urlsafe(24)
        self.agent = request.headers.get("user-agent", "")


def _signed_in(actions: IdentityActions, row: Any, secret: str | None, browser: _Browser, status: int) -> Response[Me]:
    cookies: list[Cookie] = []
    if secret is not None:
        cookies.append(_cookie(actions, "session", secret, int(rules.SESSION_MAX.total_seconds())))
        cookies.append(_cookie(actions, "device", browser.device, DEVICE_S))
    return Response(me_of(row, actions), status_code=status, cookies=cookies, headers=etag(row["version"]))


def session_cookie_gone(actions: IdentityActions) -> Cookie:
    """Ends the cookie of a browser whose session has ended."""
    return _cookie(actions, "session", "", 0)


def signed_out(actions: IdentityActions) -> Response[None]:
    """The answer to a browser whose own session has ended: its cookie goes too."""
    return Response(None, status_code=204, cookies=[session_cookie_gone(actions)])


@get("/auth/registration", permission=PUBLIC)
async def read_registration(actions: IdentityActions) -> RegistrationView:
    """How one may sign up here."""
    mode: Any = await actions.mode()
    return RegistrationView(mode=mode, first_admin=not await actions.has_admin())


@post("/auth/register", permission=PUBLIC, limit="auth", status=201, refuses=(AlreadyTaken,))
async def register(actions: IdentityActions, data: NewUser, request: Request[Any, Any, Any]) -> Response[Me]:
    """Sign up."""
    browser = _Browser(actions, request)
    row, secret = await actions.register(data, agent=browser.agent, device=browser.device)
    return _signed_in(actions, row, secret, browser, 201)


@post("/auth/first-admin", permission=PUBLIC, limit="auth", status=201, refuses=(AlreadyTaken, LinkNotGood))
async def register_first_admin(
    actions: IdentityActions, data: FirstAdmin, request: Request[Any, Any, Any]
) -> Response[Me]:
    """Use the one-time link that makes the first admin."""
    browser = _Browser(actions, request)
    new = NewUser(username=data.username, email=data.email, password=data.password, timezone=data.timezone)
    row, secret = await actions.first_admin(data.token, new, agent=browser.agent, device=browser.device)
    return _signed_in(actions, row, secret, browser, 201)


@post("/auth/login", permission=PUBLIC, limit="auth", refuses=(WrongCredentials,))
async def login(actions: IdentityActions, data: Login, request: Request[Any, Any, Any]) -> Response[Me]:
    """Sign in."""
    browser = _Browser(actions, request)
    row, secret = await actions.login(data.username, data.password, agent=browser.agent, device=browser.device)
    return _signed_in(actions, row, secret, browser, 200)


@post("/auth/logout", permission=SIGNED_IN, status=204, refuses=(NothingThere,))
async def logout(actions: IdentityActions, caller: Caller) -> Response[None]:
    """Sign out here."""
    if caller.session_id is None:
        raise Forbidden("an access token is ended at /me/tokens")
    await actions.logout(caller.user, caller.session_id)
    return signed_out(actions)


@post("/auth/logout-everywhere", permission=SIGNED_IN, status=204)
async def logout_everywhere(actions: IdentityActions, caller: Caller) -> Response[None]:
    """Sign out on every device."""
    await actions.logout_everywhere(caller.user)
    return signed_out(actions)


@post("/auth/password/forgot", permission=PUBLIC, limit="auth", status=202)
async def forgot_password(actions: IdentityActions, data: Email) -> dict[str, str]:
    """Ask for a link that sets a new password."""
    await actions.forgot_password(data.email)
    return {"detail": "if somebody has this address, a link is on its way"}


@post("/auth/password/reset", permission=PUBLIC, limit="auth", status=204, refuses=(LinkNotGood,))
async def reset_password(actions: IdentityActions, data: Reset) -> None:
    """Set a new password by a link; all sessions end."""
    await actions.reset_password(data.token, data.password)


@post("/auth/password/change", permission=SIGNED_IN, limit="auth", status=204)
async def change_password(actions: IdentityActions, caller: Caller, data: PasswordChange) -> None:
    """Change the password; all other sessions end."""
    await actions.change_password(caller.user, caller.session_id, data.current, data.password)


@post("/auth/email/change", permission=SIGNED_IN, limit="auth", status=202)
async def change_email(actions: IdentityActions, caller: Caller, data: EmailChange) -> dict[str, str]:
    """Ask for a link to a new address, or for a new link to the present one."""
    await actions.change_email(caller.user, data.email, data.password)
    return {"detail": "a link is on its way to that address"}


@post("/auth/email/verify", permission=PUBLIC, limit="auth", status=204, refuses=(AlreadyTaken, LinkNotGood))
async def verify_email(actions: IdentityActions, caller: Caller, data: Token) -> None:
    """Show that an address is one's own; a changed address ends all other sessions."""
    await actions.verify_email(data.token, caller.session_id)
