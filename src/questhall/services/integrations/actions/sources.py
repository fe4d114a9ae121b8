"""Sources: made, changed, their secrets kept sealed and rotated."""

from __future__ import annotations

import secrets
import time
from typing import Any, Literal
from uuid import UUID

import msgspec

from questhall.contracts.integrations import SlugTaken, SourceChanged, SourceNotFound
from questhall.kernel.database import Record, Tx
from questhall.kernel.encryption import Sealer
from questhall.kernel.ids import new_id
from questhall.kernel.service import Site
from questhall.services.integrations import repository

REMEMBERED_S = 5.0
"""How long a source is believed without a look: a secret changed on another node is good here by then."""
SECRETS_MAX = 2
"""While rotating: the new one and the one before."""


class Source(msgspec.Struct, frozen=True, kw_only=True):
    """A source as the ingest path needs it."""

    id: UUID
    slug: str
    kind: str
    name: str
    enabled: bool
    secrets: tuple[str, ...]
    connected: bool


class Sources:
    """Makes, changes and remembers sources."""

    at: Site
    _sealer: Sealer
    _sources: dict[str, tuple[float, Source]]

    async def add_source(self, tx: Tx, slug: str, kind: str, name: str) -> tuple[Record, str]:
        """A new source and its secret. Refuses ``slug_taken``."""
        source_id, secret = new_id(), secrets.token_hex(32)
        sealed = self._sealer.seal(secret, context=f"source:{source_id}")
        values = {"id": source_id, "slug": slug, "kind": kind, "name": name, "secrets": [sealed]}
        row = await repository.add_source(tx, values)
        if row is None:
            raise SlugTaken
        _tell(tx, row, "made")
        return row, secret

    async def source_row(self, slug: str) -> Record:
        """Refuses ``source_not_found``."""
        async with self.at.db.read() as tx:
            row = await repository.source(tx, slug)
        if row is None:
            raise SourceNotFound
        return row

    async def change_source(self, slug: str, version: int, changes: dict[str, Any]) -> Record:
        """Renames a source, switches it off or on. Refuses ``source_not_found``, ``stale``."""
        async with self.at.db.tx() as tx:
            before = await repository.source(tx, slug, lock=True)
            if before is None:
                raise SourceNotFound
            row = await repository.change_source(tx, slug, version, changes)
            if changes.get("name", before["name"]) != before["name"]:
                _tell(tx, row, "renamed")
            if changes.get("enabled", before["enabled"]) != before["enabled"]:
                _tell(tx, row, "enabled" if row["enabled"] else "disabled")
        self._sources.pop(slug, None)
        return row

    async def rotate(self, tx: Tx, slug: str) -> str:
        """A new secret; the one before is good until the next rotation. Refuses ``source_not_found``."""
        row = await repository.source(tx, slug, lock=True)
        if row is None:
            raise SourceNotFound
        secret = secrets.token_hex(32)
        sealed = self._sealer.seal(secret, context=f"source:{row['id']}")
        await repository.change_source(tx, slug, None, {"secrets": [sealed, *row["secrets"]][:SECRETS_MAX]})
        _tell(tx, row, "secret_rotated")
        return secret

    def forget_source(self, slug: str) -> None:
        """Looks at a source again when it is next asked for."""
        self._sources.pop(slug, None)

    async def source(self, slug: str) -> Source:
        """The source as the ingest path needs it; remembered. Refuses ``source_not_found``."""
        until, known = self._sources.get(slug, (0.0, None))
        if known is None or until < time.monotonic():
            row = await self.source_row(slug)
            opened = tuple(self._sealer.open(sealed, context=f"source:{row['id']}") for sealed in row["secrets"])
            known = Source(
                id=row["id"],
                slug=row["slug"],
                kind=row["kind"],
                name=row["name"],
                enabled=row["enabled"],
                secrets=opened,
                connected=row["connected_at"] is not None,
            )
            self._sources[slug] = (time.monotonic() + REMEMBERED_S, known)
        return known


def _tell(tx: Tx, row: Record, change: Literal["made", "renamed", "enabled", "disabled", "secret_rotated"]) -> None:
    tx.emit(SourceChanged(source_id=row["id"], slug=row["slug"], change=change))
