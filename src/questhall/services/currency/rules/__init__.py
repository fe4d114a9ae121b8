"""Pure decisions of the ledger: the walk that applies requests one by one to balances in memory."""

from questhall.services.currency.rules.gifts import (
    GiftLimits,
    give_max,
)
from questhall.services.currency.rules.levels import (
    floor_of,
    level_of,
)
from questhall.services.currency.rules.postings import (
    DEBT_CONTRA,
    PLAIN,
    REASON_MAX,
    Terms,
    Work,
    carries,
    debt_account,
    malformed,
    player_owing,
    prepare,
    settlement,
)
from questhall.services.currency.rules.walking import (
    PROGRESS,
    Account,
    Accounts,
    Done,
    Entry,
    Kind,
    Known,
    no,
    walk,
)

__all__ = [
    "DEBT_CONTRA",
    "PLAIN",
    "PROGRESS",
    "REASON_MAX",
    "Account",
    "Accounts",
    "Done",
    "Entry",
    "GiftLimits",
    "Kind",
    "Known",
    "Terms",
    "Work",
    "carries",
    "debt_account",
    "floor_of",
    "give_max",
    "level_of",
    "malformed",
    "no",
    "player_owing",
    "prepare",
    "settlement",
    "walk",
]
