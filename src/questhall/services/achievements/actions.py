"""What achievements can do."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec

from questhall.contracts.achievements import (
    AchievementNotFound,
    AchievementPublished,
    Achievements,
    AchievementSlugTaken,
    BadgeEarned,
    BadgeProgressed,
    BadgeRevoked,
    NotEarned,
    RuleCycle,
)
from questhall.contracts.identity import Identity
from questhall.contracts.rewards import Reason, Reward, grant
from questhall.kernel.contract import Envelope, Origin, Reverted, Step
from questhall.kernel.database import Record, Tx
from questhall.kernel.expressions import Facts
from questhall.kernel.http import Stale
from questhall.kernel.ids import new_id
from questhall.kernel.service import Site
from questhall.services.achievements import repository, rules


class AchievementsActions(Achievements):
    """Implements the contract."""

    def __init__(self, at: Site) -> None:
        self.at = at
        self.identity = at.stub(Identity)
        self._badges: dict[UUID, rules.Badge] = {}
        self._leaves: dict[str, list[tuple[rules.Badge, rules.Leaf]]] = {}

    async def start(self) -> None:
        """Learns what can be earned."""
        await self.refresh()

    async def refresh(self) -> None:
        """Reads the newest versions again; after one was published or archived."""
        async with self.at.db.read() as tx:
            rows = await repository.earnable(tx)
        badges = [rules.compiled(row["achievement_id"], row["version"], _definition(row["definition"])) for row in rows]
        leaves: dict[str, list[tuple[rules.Badge, rules.Leaf]]] = {}
        for badge in badges:
            for leaf in badge.leaves:
                for kind in rules.types_of(leaf):
                    leaves.setdefault(kind, []).append((badge, leaf))
        self._badges, self._leaves = {badge.id: badge for badge in badges}, leaves

    def badge(self, achievement_id: UUID) -> rules.Badge | None:
        """The newest version, if it can be earned."""
        return self._badges.get(achievement_id)

    # What is heard

    async def count_events(self, tx: Tx, events: list[Envelope[Any]]) -> None:
        """Moves counters by a batch of events and awards what is reached, set-based."""
        wanted: list[tuple[Envelope[Any], UUID, Facts, list[tuple[rules.Badge, rules.Leaf]]]] = []
        for event in events:
            leaves = self._leaves.get(event.type)
            if not leaves:
                continue
            data = msgspec.json.decode(event.raw)
            user = data.get("user_id")
            about = {"type": event.type, "source": event.source, "time": event.time}
            facts = Facts(data, about, size=len(event.raw))
            fitting = [(b, leaf) for b, leaf in leaves if rules.may_move(leaf, facts)]
            if user is not None and fitting:
                wanted.append((event, UUID(user), facts, fitting))
        if not wanted:
            return
        pairs = sorted({(user, badge.id) for _, user, _, leaves in wanted for badge, _ in leaves})
        progress = await repository.progress(tx, pairs)
        zones = await repository.zones(tx, sorted({user for user, _ in pairs}))
        seen = await self._seen(tx, wanted)
        before = {pair: rules.standing(self._badges[pair[1]], progress[pair]) for pair in pairs}
        moved: dict[tuple[UUID, UUID], Envelope[Any]] = {}
        reached: dict[tuple[UUID, UUID, str], tuple[rules.Badge, int, Envelope[Any]]] = {}
        acts: list[repository.Counting] = []
        for event, user, facts, leaves in wanted:
            moment = _moment(facts.data, event.time)
            day = _day(facts.data, zones.get(user), moment)
            for badge, leaf in leaves:
                place = (user, badge.id)
                counter = progress[place].setdefault(leaf.path, rules.Counter())
                if leaf.node.event is not None:
                    act = _count(event, user, badge, leaf, counter, facts, moment, day, seen)
                    acts += [act] if act is not None else []
                    changed = act is not None
                else:
                    changed = rules.follow(leaf, counter, facts)
                if not changed:
                    continue
                moved[place] = event
                for tier, xp in rules.reached(badge, progress[place]):
                    reached.setdefault((user, badge.id, tier), (badge, xp, event))
        await self._save(tx, progress, moved)
        await repository.add_acts(tx, acts)
        earned = await self._award(tx, reached)
        nearer = {p: e for p, e in moved.items() if rules.standing(self._badges[p[1]], progress[p]) != before[p]}
        self._say_progress(tx, progress, nearer, earned)

    @staticmethod
    async def _seen(
        tx: Tx, wanted: list[tuple[Envelope[Any], UUID, Facts, list[tuple[rules.Badge, rules.Leaf]]]]
    ) -> set[tuple[UUID, UUID, str, str]]:
        asked: set[tuple[UUID, UUID, str, str]] = set()
        for _, user, facts, leaves in wanted:
            for badge, leaf in leaves:
                value = rules.value_of(leaf, facts)
                if value is not None:
                    asked.add((user, badge.id, leaf.path, value))
        return await repository.seen(tx, sorted(asked))

    async def _save(
        self, tx: Tx, progress: dict[tuple[UUID, UUID], rules.Progress], moved: Iterable[tuple[UUID, UUID]]
    ) -> None:
        rows = [
            (
                user,
                badge_id,
                progress[(user, badge_id)],
                *rules.standing(self._badges[badge_id], progress[(user, badge_id)]),
            )
            for user, badge_id in sorted(moved)
        ]
        if rows:
            await repository.save_progress(tx, rows)

    async def _award(
        self, tx: Tx, reached: dict[tuple[UUID, UUID, str], tuple[rules.Badge, int, Envelope[Any]]]
    ) -> set[tuple[UUID, UUID]]:
        if not reached:
            return set()
        allowed = await self._allowed(tx, reached)
        awards = [
            repository.NewAward(
                user_id=user,
                achievement_id=badge_id,
                tier=tier,
                award_id=new_id(),
                rule_version=badge.version,
                causation_id=event.id,
                correlation_id=event.correlation_id,
                actor=event.actor,
            )
            for (user, badge_id, tier), (badge, _, event) in sorted(reached.items(), key=lambda item: item[0])
            if (user, badge_id) in allowed
        ]
        made = await repository.award(tx, awards) if awards else set()
        earned: set[tuple[UUID, UUID]] = set()
        for award in awards:
            if award.award_id in made:
                badge, xp, event = reached[(award.user_id, award.achievement_id, award.tier)]
                self._say_earned(tx, badge, award, xp, event)
                earned.add((award.user_id, award.achievement_id))
        return earned

    async def _allowed(self, tx: Tx, reached: dict[tuple[UUID, UUID, str], Any]) -> set[tuple[UUID, UUID]]:
        """Those whose prerequisites are there; most badges have none."""
        allowed: set[tuple[UUID, UUID]] = set()
        slugs = {badge.id: badge.definition.slug for badge in self._badges.values()}
        for user, badge_id, _ in reached:
            needed = set(self._badges[badge_id].definition.prerequisites)
            if needed:
                have = {
                    slugs.get(r["achievement_id"]) for r in await repository.awards_of(tx, user) if not r["revoked_at"]
                }
                if not needed <= have:
                    continue
            allowed.add((user, badge_id))
        return allowed

    @staticmethod
    def _say_earned(tx: Tx, badge: rules.Badge, award: repository.NewAward, xp: int, event: Envelope[Any]) -> None:
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
            ),
            cause=event,
        )
        if xp:
            title = f"{d.name} ({award.tier})" if award.tier else d.name
            reason = Reason(
                kind="achievement", id=badge.id, title=title, version=badge.version, ref=str(award.award_id)
            )
            # The award's id is the grant's: a badge pays once, as it is awarded once.
            tx.emit(grant(award.award_id, award.user_id, Reward(currencies={"xp": xp}), reason), cause=said)

    def _say_progress(
        self,
        tx: Tx,
        progress: dict[tuple[UUID, UUID], rules.Progress],
        moved: dict[tuple[UUID, UUID], Envelope[Any]],
        earned: set[tuple[UUID, UUID]],
    ) -> None:
        for place, event in moved.items():
            badge = self._badges[place[1]]
            d = badge.definition
            have, need = rules.standing(badge, progress[place])
            if place in earned or d.secret or have >= need:
                continue
            said = BadgeProgressed(
                user_id=place[0],
                achievement_id=badge.id,
                slug=d.slug,
                name=d.name,
                icon=d.icon,
                rarity=d.rarity,
                have=have,
                need=rules.next_need(badge, have) if d.tiers else need,
            )
            tx.emit(said, cause=event)

    # Authoring

    async def create(self, tx: Tx, definition: rules.Definition) -> Record:
        """A draft. Refuses ``bad_achievement``, ``slug_taken``."""
        rules.check(definition)
        row = await repository.add(tx, new_id(), definition)
        if row is None:
            raise AchievementSlugTaken
        return row

    async def change(self, achievement_id: UUID, edit: int, definition: rules.Definition) -> Record:
        """Changes the head; what is earned changes when it is published. Refuses ``stale``, ``bad_achievement``."""
        rules.check(definition)
        async with self.at.db.tx() as tx:
            row = await repository.achievement(tx, achievement_id)
            if row is None:
                raise AchievementNotFound
            if row["slug"] != definition.slug:
                raise AchievementSlugTaken("the slug stays as it is")
            changed = await repository.change(tx, achievement_id, edit, definition)
        if changed is None:
            raise Stale
        return changed

    async def publish(self, achievement_id: UUID) -> Record:
        """The head becomes the next version. Refuses ``rule_cycle`` with the cycle."""
        async with self.at.db.tx() as tx:
            row = await self._publish(tx, achievement_id)
        await self.refresh()
        return row

    async def _publish(self, tx: Tx, achievement_id: UUID) -> Record:
        row = await repository.achievement(tx, achievement_id, lock=True)
        if row is None:
            raise AchievementNotFound
        definition = _definition(row["definition"])
        rules.check(definition)
        others = [
            _definition(r["definition"]) for r in await repository.earnable(tx) if r["achievement_id"] != achievement_id
        ]
        cycle = rules.cycle_of([*others, definition])
        if cycle is not None:
            raise RuleCycle(" needs ".join(cycle), cycle=cycle)
        version = row["version"] + 1
        await repository.add_version(tx, achievement_id, version, row["definition"])
        changed = await repository.set_status(tx, achievement_id, "published", version)
        tx.emit(
            AchievementPublished(
                achievement_id=achievement_id, slug=definition.slug, name=definition.name, version=version
            )
        )
        assert changed is not None
        return changed

    async def archive(self, achievement_id: UUID) -> Record:
        """It can be earned no longer; who has it keeps it."""
        async with self.at.db.tx() as tx:
            row = await repository.achievement(tx, achievement_id, lock=True)
            if row is None:
                raise AchievementNotFound
            changed = await repository.set_status(tx, achievement_id, "archived", row["version"])
        await self.refresh()
        assert changed is not None
        return changed

    async def install(self, definitions: list[dict[str, Any]]) -> int:
        """See the contract."""
        made = 0
        for raw in definitions:
            definition = msgspec.convert(raw, rules.Definition)
            rules.check(definition)
            async with self.at.db.tx() as tx:
                row = await repository.add(tx, new_id(), definition)
                if row is not None:
                    await self._publish(tx, row["id"])
                    made += 1
        await self.refresh()
        return made

    async def reveal(self, user_id: UUID, achievement_id: UUID) -> None:
        """The player opens a badge. Refuses ``not_earned``."""
        async with self.at.db.tx() as tx:
            if not await repository.reveal(tx, user_id, achievement_id):
                raise NotEarned

    async def count_holders(self) -> None:
        """Tells anew how many hold each badge."""
        async with self.at.db.tx() as tx:
            await repository.count_holders(tx)

    # Undoing and why

    async def revert(self, event_ids: list[UUID]) -> Reverted:
        """See the contract: these events count no more; badges that are no longer reached are taken back."""
        async with self.at.db.tx() as tx:
            counted = await self._uncount(tx, event_ids)
            gone: list[UUID] = []
            for award in await repository.awards_touched(tx, event_ids, sorted(counted)):
                pair = (award["user_id"], award["achievement_id"])
                badge = self._badges.get(pair[1])
                if badge is None or pair not in counted or award["tier"] not in _tiers(badge, counted[pair]):
                    gone.append(award["award_id"])
            for row in await repository.revoke(tx, gone):
                revoked = BadgeRevoked(
                    user_id=row["user_id"],
                    achievement_id=row["achievement_id"],
                    award_id=row["award_id"],
                    slug=row["slug"],
                    name=row["name"],
                    rarity=row["rarity"],
                    tier=row["tier"] or None,
                    reason="undone",
                )
                tx.emit(revoked)
        return Reverted(undone=gone)

    async def _uncount(self, tx: Tx, event_ids: list[UUID]) -> dict[tuple[UUID, UUID], rules.Progress]:
        """Takes events back from the counters that they moved; answers those counters."""
        acts = await repository.take_acts(tx, event_ids)
        pairs = sorted({(act["user_id"], act["achievement_id"]) for act in acts})
        progress = await repository.progress(tx, pairs) if pairs else {}
        counted: dict[tuple[UUID, UUID], rules.Progress] = {}
        for act in acts:
            pair = (act["user_id"], act["achievement_id"])
            badge = self._badges.get(pair[1])
            leaf = None if badge is None else next((x for x in badge.leaves if x.path == act["path"]), None)
            counter = progress[pair].get(act["path"])
            if leaf is None or counter is None:
                continue
            counted[pair] = progress[pair]
            if leaf.node.streak is not None:
                days = await repository.days_of(tx, *pair, leaf.path)
                progress[pair][leaf.path] = rules.streak_of(days)
            else:
                rules.take_back(leaf, counter, act["amount"], act["at"])
        await self._save(tx, counted, counted)
        return counted

    async def explain(self, kind: str, effect_id: str) -> Origin | None:
        """See the contract: a ``badge`` by the id of its award."""
        try:
            identifier = UUID(effect_id)
        except ValueError:
            return None
        async with self.at.db.read() as tx:
            row = await repository.award_by_id(tx, identifier)
        if row is None:
            return None
        step = Step(
            kind="badge",
            title=f"{row['name']} ({row['tier']})" if row["tier"] else row["name"],
            detail=f"{row['rarity']} badge",
            time=row["awarded_at"],
            actor=row["actor"],
            rule={
                "kind": "achievement",
                "id": str(row["achievement_id"]),
                "title": row["name"],
                "version": row["rule_version"],
            },
            facts={"award_id": str(row["award_id"]), "requested": False},
        )
        return Origin(
            owner=row["user_id"], step=step, causation_id=row["causation_id"], correlation_id=row["correlation_id"]
        )


def _definition(text: str) -> rules.Definition:
    return msgspec.json.decode(text, type=rules.Definition)


def _count(
    event: Envelope[Any],
    user: UUID,
    badge: rules.Badge,
    leaf: rules.Leaf,
    counter: rules.Counter,
    facts: Facts,
    moment: datetime,
    day: date,
    seen: set[tuple[UUID, UUID, str, str]],
) -> repository.Counting | None:
    """Counts an event for a leaf; None where nothing was added. ``seen`` learns what it tells apart."""
    value = rules.value_of(leaf, facts)
    if value is not None:
        if (user, badge.id, leaf.path, value) in seen:
            return None
        seen.add((user, badge.id, leaf.path, value))
    elif leaf.distinct is not None:
        return None
    amount = rules.move(leaf, counter, facts, moment, day)
    if not amount:
        return None
    return repository.Counting(user, event.id, badge.id, leaf.path, amount, value, moment, day)


def _tiers(badge: rules.Badge, progress: rules.Progress) -> set[str]:
    return {tier for tier, _ in rules.reached(badge, progress)}


def _moment(data: Mapping[str, Any], other: datetime) -> datetime:
    text = data.get("occurred_at") or data.get("completed_at")
    return datetime.fromisoformat(text) if isinstance(text, str) else other


def _day(data: Mapping[str, Any], player: Record | None, moment: datetime) -> date:
    if isinstance(data.get("local_day"), str):
        return date.fromisoformat(data["local_day"])
    zone = "UTC"
    if player is not None:
        before, since = player["zone_before"], player["zone_from"]
        zone = before if before is not None and since is not None and moment < since else player["timezone"]
    return moment.astimezone(ZoneInfo(zone)).date()
