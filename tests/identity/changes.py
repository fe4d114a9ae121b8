"""An admin changes a player, as the page does: reads the row, then sends what it read with the change."""

from __future__ import annotations

import httpx

from questhall.kernel.testing import HallUser


async def change_user(admin: HallUser, username: str, **wanted: str) -> httpx.Response:
    """The answer to ``PATCH /admin/users/{id}`` with the present version, or to the look before it if that was refused.

    ``wanted``: role, status, reason.
    """
    found = await admin.client.get(f"/admin/users?q={username}")
    if found.status_code != 200:
        return found
    row = next(row for row in found.json()["items"] if row["username"] == username)
    headers = {"if-match": f'"{row["version"]}"'}
    return await admin.client.patch(f"/admin/users/{row['id']}", json={"reason": "a test", **wanted}, headers=headers)
