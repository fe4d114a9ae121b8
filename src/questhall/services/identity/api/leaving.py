"""A player's archive, and their leave."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from questhall.contracts.identity import LastAdmin, NoArchive, WrongCredentials
from questhall.kernel.access import Caller
from questhall.kernel.contract import JobState
from questhall.kernel.http import API, SIGNED_IN, Response, asgi_route, delete, post
from questhall.services.identity.actions import IdentityActions
from questhall.services.identity.api.sign_in import session_cookie_gone
from questhall.services.identity.api.views import Erasure, Leaving

ARCHIVE_OPERATION = {
    "summary": "My archive, once it is ready: everything that every service keeps of me",
    "responses": {
        "200": {
            "description": "The archive, as a file",
            "content": {"application/json": {"schema": {"type": "object"}}},
        }
    },
}


def _begun(job: JobState) -> dict[str, str]:
    return {"location": f"{API}/jobs/{job.id}"}


@post("/me/export", permission=SIGNED_IN, status=202)
async def ask_for_export(actions: IdentityActions, caller: Caller) -> Response[JobState]:
    """Ask for my archive; while it is being gathered, the same job again."""
    job = await actions.ask_for_archive(caller.user)
    return Response(job, status_code=202, headers=_begun(job))


@asgi_route("GET", "/me/export", permission=SIGNED_IN, limit="read", refuses=(NoArchive,), operation=ARCHIVE_OPERATION)
async def read_export(actions: IdentityActions, scope: Any, _receive: Any, send: Any) -> None:
    """My archive, for seven days after it was made."""
    archive = await actions.archive(scope["caller"].user)
    name = f"questhall-{archive['made_at']:%Y-%m-%d}.json"
    headers = [
        (b"content-type", b"application/json"),
        (b"content-disposition", f'attachment; filename="{name}"'.encode()),
    ]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    async for piece in actions.archive_text(archive):
        await send({"type": "http.response.body", "body": piece, "more_body": True})
    await send({"type": "http.response.body", "body": b""})


@delete("/me", permission=SIGNED_IN, limit="auth", status=202, refuses=(LastAdmin, WrongCredentials))
async def delete_me(actions: IdentityActions, caller: Caller, data: Leaving) -> Response[JobState]:
    """Leave for good: I am signed out everywhere at once, and forgotten by every service within moments."""
    job = await actions.erase_me(caller.user, data.password)
    return Response(job, status_code=202, headers=_begun(job), cookies=[session_cookie_gone(actions)])


@post("/admin/users/{user_id:uuid}/erase", permission="users:erase", status=202, refuses=(LastAdmin,))
async def erase_user(actions: IdentityActions, caller: Caller, user_id: UUID, data: Erasure) -> Response[JobState]:
    """Erase a player for good. The reason is kept, so it has to name nobody."""
    job = await actions.erase_user(user_id, caller.user, data.reason)
    return Response(job, status_code=202, headers=_begun(job))
