"""Links: whose account is whose, proven by a manager; what waited for one is credited when it is made."""

from __future__ import annotations

import csv
from io import StringIO
from uuid import UUID

import msgspec

from questhall.contracts.identity import Identity, UserNotFound
from questhall.contracts.integrations import AccountLinked, AccountTaken, AccountUnlinked, BadLinks, SourceNotFound
from questhall.kernel.database import Record, Tx
from questhall.kernel.ids import new_id
from questhall.kernel.service import Site
from questhall.kernel.text import NOT_PLAIN, is_plain
from questhall.services.integrations import repository, rules
from questhall.services.integrations.actions.taking import credit

LINKS_MAX = 5000
ERRORS_MAX = 100
ACCOUNT_MAX = 200


class Pair(msgspec.Struct, frozen=True):
    """A row of a request: an account, and the name of whose it is."""

    pointer: str
    account: str
    username: str


class Linking:
    """Makes and ends links."""

    at: Site
    identity: Identity

    @staticmethod
    def pairs_of(text: str) -> list[Pair]:
        """Account and player from CSV lines ``account,username``. Refuses ``bad_links``, with each line that is wrong."""
        pairs: list[Pair] = []
        errors: list[dict[str, str]] = []
        try:
            for number, line in enumerate(csv.reader(StringIO(text.removeprefix("\ufeff"))), 1):
                cells = [cell.strip() for cell in line]
                if not any(cells) or (number == 1 and cells[0].lower() == "account"):
                    continue
                if len(cells) != 2 or not all(cells) or len(cells[0]) > ACCOUNT_MAX:
                    errors.append(_error(f"#/csv/{number}", "the line is not `account,username`"))
                elif not is_plain(cells[0]):
                    errors.append(_error(f"#/csv/{number}", f"the account: {NOT_PLAIN}"))
                else:
                    pairs.append(Pair(f"#/csv/{number}", cells[0], cells[1].lower()))
        except csv.Error as problem:
            raise BadLinks(f"this is no CSV: {problem}") from None
        _refuse_bad(errors)
        if not 0 < len(pairs) <= LINKS_MAX:
            raise BadLinks(f"1 to {LINKS_MAX} lines")
        return pairs

    async def players_of(self, pairs: list[Pair]) -> dict[str, UUID]:
        """The players named. Refuses ``user_not_found`` for one, ``bad_links`` for lines of many."""
        users: dict[str, UUID] = {}
        missing: list[Pair] = []
        for name in sorted({pair.username for pair in pairs}):
            user = await self.identity.user_by_username(name)
            if user is None:
                missing += [pair for pair in pairs if pair.username == name]
            else:
                users[name] = user.user_id
        if missing and len(pairs) == 1:
            raise UserNotFound(f"there is no player {missing[0].username}")
        _refuse_bad([_error(pair.pointer, f"there is no player {pair.username}") for pair in missing])
        return users

    async def link(self, tx: Tx, kind: str, pairs: list[Pair], users: dict[str, UUID], made_by: str) -> list[Record]:
        """Links accounts to players, all or none, and credits what waited; again is the same.

        Refuses ``bad_links`` when one account is given to two players, ``account_taken`` when somebody else holds one.
        """
        wanted: dict[str, Pair] = {}
        twice: list[dict[str, str]] = []
        for pair in pairs:
            first = wanted.setdefault(pair.account.lower(), pair)
            if first.username != pair.username:
                twice.append(_error(pair.pointer, f"{pair.account} is given to {first.username} too"))
        _refuse_bad(twice)
        rows = [
            repository.NewLink(
                kind=kind,
                account=account,
                id=new_id(),
                user_id=users[pair.username],
                username=pair.username,
                made_by=made_by,
            )
            for account, pair in wanted.items()
        ]
        made = await repository.add_links(tx, rows)
        all_ = await repository.links_to(tx, kind, list(wanted))
        taken = [row for row in all_ if row["user_id"] != users[wanted[row["account"]].username]]
        if taken:
            detail = "; ".join(f"{row['account']} is {row['username']}'s" for row in taken[:3])
            errors = [_error(wanted[row["account"]].pointer, f"it is {row['username']}'s") for row in taken]
            raise AccountTaken(f"{detail}: end that link first", errors=sorted(errors[:ERRORS_MAX], key=_place))
        for row in made:
            tx.emit(AccountLinked(user_id=row["user_id"], link_id=row["id"], kind=kind))
        await self._credit_waiting(tx, kind, {row["account"]: row["user_id"] for row in made})
        return all_

    async def end_link(self, kind: str, link_id: UUID) -> None:
        """Ends a link; what was credited stays. Refuses ``source_not_found``."""
        async with self.at.db.tx() as tx:
            row = await repository.end_link(tx, kind, link_id)
            if row is None:
                raise SourceNotFound("there is no such link")
            tx.emit(AccountUnlinked(user_id=row["user_id"], link_id=link_id, kind=kind))

    @staticmethod
    async def _credit_waiting(tx: Tx, kind: str, owners: dict[str, UUID]) -> None:
        rows = await repository.take_waiting(tx, kind, list(owners), tx.now - rules.WAITING_MAX)
        await credit(tx, [(row, owners[row["account"]]) for row in rows])
        await repository.learn_ids(tx, kind, {row["account"]: row["stable_id"] for row in rows if row["stable_id"]})

    async def credit_linked(self) -> None:
        """Credits acts that came in the same moment as the link of their account, and so wait although it is there."""
        async with self.at.db.tx() as tx:
            rows = await repository.take_linked(tx, tx.now - rules.WAITING_MAX)
            await credit(tx, [(row, row["user_id"]) for row in rows])


def _error(pointer: str, detail: str) -> dict[str, str]:
    return {"pointer": pointer, "detail": detail}


def _place(error: dict[str, str]) -> tuple[int, str]:
    """Lines in their order, whatever order they were found in."""
    number = error["pointer"].rpartition("/")[2]
    return (int(number) if number.isdigit() else 0, error["pointer"])


def _refuse_bad(errors: list[dict[str, str]]) -> None:
    if errors:
        errors = sorted(errors, key=_place)
        more = f", and {len(errors) - 1} more" if len(errors) > 1 else ""
        raise BadLinks(f"{errors[0]['pointer']}: {errors[0]['detail']}{more}", errors=errors[:ERRORS_MAX])
