"""HTTP of integrations."""

from __future__ import annotations

from questhall.services.integrations.api.ingest import ingest
from questhall.services.integrations.api.sources import (
    add_links,
    add_source,
    change_source,
    end_link,
    list_deliveries,
    list_links,
    list_my_links,
    list_sources,
    list_waiting,
    read_source,
    redeliver,
    rotate_secret,
    try_mapping,
)

__all__ = [
    "add_links",
    "add_source",
    "change_source",
    "end_link",
    "ingest",
    "list_deliveries",
    "list_links",
    "list_my_links",
    "list_sources",
    "list_waiting",
    "read_source",
    "redeliver",
    "rotate_secret",
    "try_mapping",
]
