"""currency's table of contents."""

from __future__ import annotations

from questhall.contracts.currency import Currency
from questhall.kernel.access import Permission
from questhall.kernel.service import Service
from questhall.services.currency import api, handlers, jobs
from questhall.services.currency.actions import CurrencyActions

SERVICE = Service(
    name="currency",
    contract=Currency,
    actions=CurrencyActions,
    api=api,
    handlers=handlers,
    jobs=jobs,
    permissions=(
        Permission("currency:write", role="manager", text="add currencies and change their rules"),
        Permission("currency:grant", role="admin", text="give, take and reverse"),
    ),
)
