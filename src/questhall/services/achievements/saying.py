"""What is said when a badge comes and when it goes, and what it pays."""

from __future__ import annotations

from typing import Any

from questhall.contracts.achievements import BadgeEarned, BadgeRevoked
from questhall.contracts.rewards import Reason, Reward, RewardRevoked, grant
from questhall.kernel.contract import Cause, Envelope
from questhall.kernel.database import Record, Tx
from questhall.services.achievements import repository, rules


def say_earned(tx: Tx, badge: rules.Badge, award: repository.NewAward, xp: int, cause: Cause) -> None:
    """Says that a badge was earned, and pays for it."""
    d = badge.definition
    said = tx.emit(
        BadgeEarned(
            user_id=award.user_id,
            achievement_id=badge.id,
            award_id=award.award_id,
            slug=d.slug,
            name=d.name,
            icon=d.icon,
            category=d.category,
            rarity=d.rarity,
            tier=award.tier or None,
            version=badge.version,
            xp_reward=xp,
            reason=award.reason or "",
        ),
        cause=cause,
    )
    if xp:
        title = f"{d.name} ({award.tier})" if award.tier else d.name
        reason = Reason(kind="achievement", id=badge.id, title=title, version=badge.version, ref=str(award.award_id))
        # The award's id is the grant's: a badge pays once, as it is awarded once.
        tx.emit(grant(award.award_id, award.user_id, Reward(currencies={"xp": xp}), reason), cause=said)


def say_revoked(tx: Tx, row: Record, xp: int, reason: str, cause: Envelope[Any] | None = None) -> None:
    """Says that a badge was taken back, and takes back what it paid."""
    revoked = BadgeRevoked(
        user_id=row["user_id"],
        achievement_id=row["achievement_id"],
        award_id=row["award_id"],
        slug=row["slug"],
        name=row["name"],
        rarity=row["rarity"],
        tier=row["tier"] or None,
        reason=reason,
    )
    said = tx.emit(revoked, cause=cause)
    if xp:
        title = f"{row['name']} was taken back"
        tx.emit(RewardRevoked(grant_id=row["award_id"], user_id=row["user_id"], reason=title), cause=said)
