"""A player's own row: how they look, where they live, how the page behaves; and what others may know of it."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from questhall.contracts.identity import UserBrief, UserNotFound, UserUpdated
from questhall.kernel.calendar import zone_at
from questhall.kernel.database import Record, json_text
from questhall.kernel.versions import Stale
from questhall.services.identity import repository, rules
from questhall.services.identity.actions.part import Part


class Profile(Part):
    """Profiles."""

    async def me(self, user_id: UUID) -> Record:
        """A player's own row. Refuses ``user_not_found``."""
        async with self.at.db.read() as tx:
            row = await repository.user(tx, user_id)
        if row is None:
            raise UserNotFound
        return row

    async def profile(self, username: str, *, reader: UUID, sees_private: bool) -> Record:
        """A player's row, to another. Refuses ``user_not_found``: for a private one too."""
        async with self.at.db.read() as tx:
            row = await repository.user_by_name(tx, username.lower())
        if row is None or row["announced_at"] is None:
            raise UserNotFound
        if row["private"] and not sees_private and row["id"] != reader:
            raise UserNotFound
        return row

    async def update(self, user_id: UUID, version: int, changes: dict[str, Any]) -> Record:
        """Changes the profile. Refuses ``stale``, ``invalid_timezone``, ``zone_changed_recently``."""
        async with self.at.db.tx() as tx:
            row = await repository.user(tx, user_id, lock=True)
            if row is None:
                raise UserNotFound
            if row["version"] != version:
                raise Stale
            columns: dict[str, Any] = {name: changes[name] for name in ("locale", "private") if name in changes}
            for name in ("look", "preferences"):
                if name in changes:
                    columns[name] = json_text(changes[name])
            if "display_name" in changes:
                columns["display_name"] = rules.clean_name(changes["display_name"]) or row["username"]
            if "timezone" in changes and changes["timezone"] != row["timezone"]:
                columns |= self._zone_change(row, changes["timezone"], tx.now)
            changed = await repository.change(tx, user_id, version, columns)
            tx.emit(
                UserUpdated(
                    user_id=user_id,
                    username=changed["username"],
                    display_name=changed["display_name"],
                    timezone=changed["timezone"],
                    locale=changed["locale"],
                    zone_from=changed["zone_from"],
                )
            )
        return changed

    @staticmethod
    def _zone_change(row: Record, zone: str, now: datetime) -> dict[str, Any]:
        rules.check_timezone(zone)
        rules.may_change_zone(row["zone_changed_at"], now)
        current = zone_at(row["timezone"], row["zone_before"], row["zone_from"], now)
        return {
            "timezone": zone,
            "zone_before": current,
            "zone_from": rules.next_midnight(current, now),
            "zone_changed_at": now,
        }

    # Contract: other services

    async def users(self, user_ids: list[UUID]) -> list[UserBrief]:
        """See the contract."""
        async with self.at.db.read() as tx:
            return [self._brief(row, tx.now) for row in await repository.users(tx, user_ids)]

    async def people_outside(self, mail_domain: str) -> list[UserBrief]:
        """See the contract."""
        async with self.at.db.read() as tx:
            return [self._brief(row, tx.now) for row in await repository.users_outside(tx, mail_domain)]

    async def user_by_username(self, username: str) -> UserBrief | None:
        """See the contract."""
        async with self.at.db.read() as tx:
            row = await repository.user_by_name(tx, username.lower())
            return None if row is None else self._brief(row, tx.now)

    @staticmethod
    def _brief(row: Record, now: datetime) -> UserBrief:
        return UserBrief(
            user_id=row["id"],
            username=row["username"],
            display_name=row["display_name"],
            timezone=zone_at(row["timezone"], row["zone_before"], row["zone_from"], now),
            role=row["role"],
            status=row["status"],
            registered_at=row["created_at"],
            private=row["private"],
            look=rules.look_of(row["look"]),
        )
