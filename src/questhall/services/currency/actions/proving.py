"""The journal's seals, and the proof of the whole ledger."""

from __future__ import annotations

from questhall.contracts.currency import Verification
from questhall.kernel.sealing import GENESIS, Seal, block_hash, digest_of
from questhall.kernel.service import Site
from questhall.services.currency import repository
from questhall.services.currency.verification import FORMAT, FORMATS, Proof

BLOCK_MAX = 1000


class Proving:
    """Seals and proves."""

    at: Site

    async def seal(self) -> None:
        """Hashes what is new in the journal onto the chain."""
        while await self._seal_block():
            pass

    async def _seal_block(self) -> bool:
        async with self.at.db.tx() as tx:
            await repository.lock_seals(tx)
            before = await repository.last_seal(tx)
            after, previous = (before["last"], before["hash"]) if before else (0, GENESIS)
            rows = [tuple(row)[: FORMATS[FORMAT]] for row in await repository.block(tx, after, BLOCK_MAX)]
            if not rows:
                return False
            seal = Seal(
                first=rows[0][0],
                last=rows[-1][0],
                count=len(rows),
                previous=previous,
                hash=block_hash(previous, rows),
            )
            await repository.add_seal(tx, seal, FORMAT, b"".join(map(digest_of, rows)))
        # Another witness: whoever rewrites rows and seals does not reach a log that was shipped elsewhere.
        self.at.log.debug("journal_sealed", first=seal.first, last=seal.last, hash=seal.hash.hex())
        return len(rows) == BLOCK_MAX

    async def verify(self) -> Verification:
        """See the contract. Reads the journal and the balances in one consistent view."""
        async with self.at.db.tx() as tx:
            await tx.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
            heads = await repository.heads(tx)
            proof = Proof([dict(seal) for seal in await repository.seals(tx)], **heads)
            proof.checkpoint(*await repository.folded(tx))
            after = 0
            while rows := await repository.block(tx, after, BLOCK_MAX):
                for row in rows:
                    proof.add(row)
                after = rows[-1]["seq"]
            proof.compare(await repository.all_accounts(tx), await repository.held_sums(tx))
            proof.also(await repository.loose_ends(tx))
        return proof.result()
