"""Sources: made, changed, their secrets kept sealed and rotated."""

from __future__ import annotations

import secrets
import time
from typing import Any, Literal
from uuid import UUID

import msgspec

from questhall.contracts.integrations import BadMapping, SlugTaken, SourceChanged, SourceNotFound
from questhall.kernel.database import Record, Tx, json_text
from questhall.kernel.encryption import Sealer
from questhall.kernel.ids import new_id
from questhall.kernel.service import Site
from questhall.services.integrations import mapped, repository
from questhall.services.integrations.rules import PAST_DAYS

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
    mapping: mapped.Mapping | None
    """How a body is read, where the kind is ``json``."""
    past_days: int
    """How far back its word on when something happened is believed."""

    @property
    def accounts(self) -> str:
        """The kind of its account links. Those of any JSON are of their source alone: two services that number their
        people from 1 must not earn for each other's.
        """
        return f"json:{self.slug}" if self.kind == "json" else self.kind


class Sources:
    """Makes, changes and remembers sources."""

    at: Site
    _sealer: Sealer
    _sources: dict[str, tuple[float, Source]]

    async def add_source(
        self, tx: Tx, slug: str, kind: str, name: str, mapping: mapped.Mapping | None, past_days: int
    ) -> tuple[Record, str]:
        """A new source and its secret. Refuses ``slug_taken``, ``bad_mapping``."""
        stored = _checked(kind, mapping)
        source_id, secret = new_id(), secrets.token_hex(32)
        sealed = self._sealer.seal(secret, context=f"source:{source_id}")
        values = {
            "id": source_id,
            "slug": slug,
            "kind": kind,
            "name": name,
            "secrets": [sealed],
            "mapping": stored,
            "past_days": past_days,
        }
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
        """Renames a source, maps it anew, switches it off or on.

        Refuses ``source_not_found``, ``bad_mapping``, ``stale``.
        """
        async with self.at.db.tx() as tx:
            before = await repository.source(tx, slug, lock=True)
            if before is None:
                raise SourceNotFound
            if "mapping" in changes:
                changes = {**changes, "mapping": _checked(before["kind"], changes["mapping"])}
            row = await repository.change_source(tx, slug, version, changes)
            if changes.get("name", before["name"]) != before["name"]:
                _tell(tx, row, "renamed")
            if changes.get("enabled", before["enabled"]) != before["enabled"]:
                _tell(tx, row, "enabled" if row["enabled"] else "disabled")
            if row["mapping"] != before["mapping"]:
                _tell(tx, row, "mapped_anew")
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
                mapping=mapping_of(row),
                past_days=row["past_days"],
            )
            self._sources[slug] = (time.monotonic() + REMEMBERED_S, known)
        return known


def mapping_of(row: Record) -> mapped.Mapping | None:
    """The mapping of a source's row."""
    return None if row["mapping"] is None else msgspec.json.decode(row["mapping"], type=mapped.Mapping)


def _checked(kind: str, mapping: mapped.Mapping | None) -> str | None:
    """The mapping as it is stored. Refuses ``bad_mapping``."""
    if kind != "json":
        if mapping is not None:
            raise BadMapping(errors=[{"pointer": "#/mapping", "detail": f"a source of kind {kind} is read as it is"}])
        return None
    if mapping is None:
        raise BadMapping(errors=[{"pointer": "#/mapping", "detail": "a source of kind json needs one"}])
    refuse_faults(mapped.faults_of(mapping))
    return json_text(mapping)


def refuse_faults(faults: list[mapped.Fault]) -> None:
    """Refuses ``bad_mapping`` where there are any."""
    if faults:
        errors = [{"pointer": f"#/mapping{fault.pointer}", "detail": fault.detail} for fault in faults]
        raise BadMapping(f"{errors[0]['pointer']}: {errors[0]['detail']}", errors=errors)


_Change = Literal["made", "renamed", "enabled", "disabled", "secret_rotated", "mapped_anew"]


def _tell(tx: Tx, row: Record, change: _Change) -> None:
    past_days = row["past_days"] if change == "made" and row["past_days"] > PAST_DAYS else None
    tx.emit(SourceChanged(source_id=row["id"], slug=row["slug"], change=change, past_days=past_days))
