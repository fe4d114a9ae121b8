"""An admin changes a player, as the page does: reads the row, then sends what it read with the change."""

from __future__ import annotations

import httpx

from questhall.kernel.testing import HallUser


async def change_user(admin: HallUser, username: str, **wanted: str) -> httpx.Response:
    """The answer to ``PATCH /admin/users/{id}`` with the present version; ``wanted``: role, status, reason."""
    rows = (await admin.client.get(f"/admin/users?q={username}")).json()["items"]
    row = next(row for row in rows if row["username"] == username)
    headers = {"if-match": f'"{row["version"]}"'}
    return await admin.client.patch(f"/admin/users/{row['id']}", json={"reason": "a test", **wanted}, headers=headers)
