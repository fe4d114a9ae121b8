"""Badges by hand: given, and taken back, with a reason."""

from __future__ import annotations

from uuid import UUID

from questhall.contracts.achievements import AchievementNotFound, AlreadyEarned, BadTier, NotEarned
from questhall.kernel.database import Tx
from questhall.kernel.ids import new_id
from questhall.services.achievements import repository, rules
from questhall.services.achievements.rulebook import Rulebook
from questhall.services.achievements.saying import say_earned, say_revoked


async def give(
    tx: Tx, book: Rulebook, achievement_id: UUID, user_id: UUID, *, tier: str | None, reason: str
) -> repository.NewAward:
    """Awards a badge, or a tier of it, as its rule would; what it pays is paid.

    No rule takes it back. Refuses ``achievement_not_found`` for what can't be earned, ``bad_tier``, ``already_earned``.
    """
    badge = book.badges.get(achievement_id)
    if badge is None:
        raise AchievementNotFound
    names = [one.name for one in badge.definition.tiers]
    if (tier or "") not in (names or [""]):
        raise BadTier(f"name one of {', '.join(names)}" if names else "this badge has no tiers")
    await repository.progress(tx, [(user_id, achievement_id)])
    award = repository.NewAward(
        user_id=user_id,
        achievement_id=achievement_id,
        tier=tier or "",
        award_id=new_id(),
        rule_version=badge.version,
        causation_id=tx.cause.causation_id,
        correlation_id=tx.cause.correlation_id,
        actor=tx.cause.actor,
        reason=reason,
    )
    if not await repository.award(tx, [award]):
        raise AlreadyEarned
    say_earned(tx, badge, award, rules.pays(badge, award.tier), tx.cause)
    return award


async def take(
    tx: Tx, book: Rulebook, achievement_id: UUID, user_id: UUID, *, tier: str | None, reason: str
) -> list[UUID]:
    """Takes a badge back, or a tier of it, with what it paid; answers the awards' ids. Only a hand gives it again.

    Refuses ``achievement_not_found``, ``not_earned``.
    """
    if achievement_id not in book.slugs:
        raise AchievementNotFound
    await repository.progress(tx, [(user_id, achievement_id)])
    awards = await repository.standing_of(tx, user_id, achievement_id)
    wanted = {award["award_id"]: award for award in awards if tier is None or award["tier"] == tier}
    if not wanted:
        raise NotEarned("this player does not have it")
    versions = (await book.versions(tx, [achievement_id]))[achievement_id]
    for row in await repository.revoke(tx, sorted(wanted), reason):
        say_revoked(tx, row, rules.pays(versions[row["rule_version"]], row["tier"]), reason)
    return sorted(wanted)
