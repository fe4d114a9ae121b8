"""How events move badges: a batch of them in one transaction, set-based, under the rows of the players' progress."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

import msgspec

from questhall.contracts.achievements import BadgeEarned, BadgeProgressed, BadgeRevoked
from questhall.contracts.currency import LevelLost, LevelReached
from questhall.kernel.calendar import local_day, zone_at
from questhall.kernel.contract import Cause, Envelope
from questhall.kernel.database import Record, Tx
from questhall.kernel.expressions import Facts
from questhall.kernel.ids import new_id
from questhall.services.achievements import repository, rules
from questhall.services.achievements.rulebook import Rulebook
from questhall.services.achievements.saying import say_earned, say_revoked

LEVELS = (LevelReached.type, LevelLost.type)
Place = tuple[UUID, UUID]
"""A player and a badge."""


class Act(NamedTuple):
    """An event about a player, and the rules that it may move."""

    event: Envelope[Any]
    user_id: UUID
    facts: Facts
    moment: datetime
    leaves: list[tuple[rules.Badge, rules.Leaf]]
    touched: list[rules.Badge]
    """Badges that wait for the level or badge that this is."""
    earlier: list[UUID]
    """Events that said the same before: where one of them counts, this one does not."""


class Engine:
    """Counts, awards and takes back within one transaction.

    ``backfill``: events of the past, some of which may have been counted; of progress nobody is told.
    """

    def __init__(self, tx: Tx, book: Rulebook, *, backfill: bool = False) -> None:
        self.tx = tx
        self.awarded = 0
        """Awards that were made."""
        self._backfill = backfill
        self._book = book
        self._players: dict[UUID, Record] = {}
        self._states: dict[UUID, rules.State] = {}
        self._progress: dict[Place, rules.Progress] = {}
        self._before: dict[Place, rules.Standing] = {}
        self._awarded: set[tuple[UUID, UUID, str]] = set()
        self._seen: set[tuple[UUID, UUID, str, str]] = set()
        self._counted: set[tuple[UUID, UUID, str]] = set()
        self._around: dict[tuple[UUID, UUID, str], list[datetime]] = {}
        self._acts: list[repository.Counting] = []
        self._moved: dict[Place, Envelope[Any]] = {}
        self._touched: dict[Place, Envelope[Any]] = {}
        self._reached: dict[tuple[UUID, UUID, str], tuple[int, Cause]] = {}
        self._backfilled: set[Place] = set()
        """Where a live event may have been counted already."""
        self._levels: dict[UUID, int] = {}

    # Counting

    async def count(self, events: list[Envelope[Any]]) -> None:
        """Moves counters by a batch of events, awards what is reached, and takes back what a loss took away."""
        acts = [act for event in events if (act := self._act(event)) is not None]
        if not acts:
            return
        await self._load(acts)
        for act in acts:
            self._apply(act)
        if self._levels:
            await repository.set_levels(self.tx, self._levels)
        if self._moved:
            moved = {place: self._progress[place] for place in self._moved}
            await repository.save_progress(self.tx, moved, backfilled=self._backfill)
        await repository.add_acts(self.tx, self._acts)
        await self._award()
        if not self._backfill:
            self._say_progress()
        fallen = {act.user_id: act.event for act in acts if act.event.type in ("level.lost", "badge.revoked")}
        if fallen:
            await self.judge(await repository.awards_standing(self.tx, sorted(fallen)), fallen)

    def _act(self, event: Envelope[Any]) -> Act | None:
        book = self._book
        leaves = book.by_type.get(event.type, ())
        if not leaves and event.type not in LEVELS and not event.type.startswith("badge."):
            return None
        data = msgspec.json.decode(event.raw)
        facts = Facts(data, {"type": event.type, "source": event.source, "time": event.time}, size=len(event.raw))
        fitting = [(badge, leaf) for badge, leaf in leaves if leaf.fits(facts)]
        touched: list[rules.Badge] = []
        if event.type == LevelReached.type:
            touched = book.by_level
        elif event.type == BadgeEarned.type:
            touched = book.by_slug.get(data["slug"], [])
        lasting = event.type in LEVELS or event.type == BadgeRevoked.type
        if data.get("user_id") is None or not (fitting or touched or lasting):
            return None
        earlier = [UUID(event_id) for event_id in data.get("earlier", ())]
        return Act(event, UUID(data["user_id"]), facts, _moment(data, event.time), fitting, touched, earlier)

    async def _load(self, acts: list[Act]) -> None:
        places: dict[Place, rules.Badge] = {}
        for act in acts:
            for badge in (*(badge for badge, _ in act.leaves), *act.touched):
                places[(act.user_id, badge.id)] = badge
        named = {slug for badge in places.values() for slug in badge.waits_for}
        await self._know(places, {act.user_id for act in acts}, named)
        for place, badge in places.items():
            self._before[place] = rules.standing(badge, self._progress[place], self._states[place[0]])
        asked = {
            (act.user_id, badge.id, leaf.key, value)
            for act in acts
            for badge, leaf in act.leaves
            if (value := rules.value_of(leaf, act.facts)) is not None
        }
        self._seen = await repository.seen(self.tx, sorted(asked)) if asked else set()
        before = [event_id for act in acts for event_id in act.earlier]
        before += [
            act.event.id
            for act in acts
            if self._backfill or any((act.user_id, badge.id) in self._backfilled for badge, _ in act.leaves)
        ]
        self._counted = await repository.counted(self.tx, before) if before else set()
        await self._remember(acts)

    async def _know(self, places: Iterable[Place], users: set[UUID], named: Iterable[str]) -> None:
        """Locks progress; learns levels, zones, and which badges these players have."""
        tx, asked = self.tx, sorted(places)
        for place, found in (await repository.progress(tx, asked) if asked else {}).items():
            self._progress[place] = found.progress
            if found.backfilled:
                self._backfilled.add(place)
        self._players = await repository.players(tx, sorted(users))
        ids = sorted({badge_id for _, badge_id in asked} | self._book.ids(named))
        self._awarded = await repository.held(tx, sorted(users), ids) if ids else set()
        for user_id in users:
            self._states[user_id] = _state(self._players.get(user_id))
        for user_id, badge_id, _ in self._awarded:
            self._states[user_id].held.add(self._book.slugs[badge_id])

    async def _remember(self, acts: list[Act]) -> None:
        """Reads again what the counters of windows no longer hold, where late acts or a higher count look back further."""
        spans: dict[tuple[UUID, UUID, str], tuple[rules.Leaf, list[datetime]]] = {}
        for act in acts:
            for badge, leaf in act.leaves:
                if leaf.window is not None:
                    spans.setdefault((act.user_id, badge.id, leaf.key), (leaf, []))[1].append(act.moment)
        late: dict[tuple[UUID, UUID, str], tuple[datetime, datetime]] = {}
        for at, (leaf, moments) in spans.items():
            counter = self._progress[at[:2]].get(at[2]) or rules.Counter()
            if counter.looks_back(leaf, moments):
                width = leaf.window or timedelta()
                smaller = 0 < counter.kept < leaf.need
                late[at] = repository.EVER if smaller else (min(moments) - width, max(moments) + width)
        if not late:
            return
        for at, moments in (await repository.moments(self.tx, late)).items():
            leaf = spans[at][0]
            self._around[at] = moments
            if late[at] == repository.EVER:
                self._progress[at[:2]][at[2]] = rules.rebuilt(leaf, moments, (), ())

    def _apply(self, act: Act) -> None:
        event, state = act.event, self._states[act.user_id]
        if event.type in LEVELS:
            state.level = int(act.facts.data["level"]) - (event.type == LevelLost.type)
            self._levels[act.user_id] = state.level
        for badge, leaf in act.leaves:
            if self._count(act, badge, leaf, state):
                self._moved[(act.user_id, badge.id)] = event
                self._touched[(act.user_id, badge.id)] = event
                self._reach(act, badge, state)
        for badge in act.touched:
            self._touched[(act.user_id, badge.id)] = event
            self._reach(act, badge, state)

    def _reach(self, act: Act, badge: rules.Badge, state: rules.State) -> None:
        for tier, xp in rules.reached(badge, self._progress[(act.user_id, badge.id)], state).items():
            at = (act.user_id, badge.id, tier)
            if at not in self._awarded:
                self._reached.setdefault(at, (xp, act.event.cause()))

    def _count(self, act: Act, badge: rules.Badge, leaf: rules.Leaf, state: rules.State) -> bool:
        """Counts an act for a leaf and notes it, so that it can be taken back; whether the counter moved."""
        value = rules.value_of(leaf, act.facts)
        if value is None and leaf.distinct is not None:
            return False
        if any((event_id, badge.id, leaf.key) in self._counted for event_id in (act.event.id, *act.earlier)):
            return False
        amount, day, zone = 0, None, None
        known = value is not None and (act.user_id, badge.id, leaf.key, value) in self._seen
        if leaf.node.streak is not None:
            day, zone = _day(act.facts.data, self._players.get(act.user_id), act.moment)
        if not known:
            counter = self._progress[(act.user_id, badge.id)].setdefault(leaf.key, rules.Counter())
            around = self._around.get((act.user_id, badge.id, leaf.key))
            amount = rules.move(leaf, counter, act.facts, act.moment, day, skipped=state.skipped, around=around)
            if not amount:
                return False
        if value is not None:
            self._seen.add((act.user_id, badge.id, leaf.key, value))
        moment = act.moment if leaf.window is not None else None
        noted = repository.Counting(act.user_id, act.event.id, badge.id, leaf.key, amount, value, moment, day, zone)
        self._acts.append(noted)
        self._counted.add((act.event.id, badge.id, leaf.key))
        return amount > 0

    # Awarding

    async def _award(self) -> None:
        if not self._reached:
            return
        awards = [
            repository.NewAward(
                user_id=user_id,
                achievement_id=badge_id,
                tier=tier,
                award_id=new_id(),
                rule_version=self._book.badges[badge_id].version,
                causation_id=cause.causation_id,
                correlation_id=cause.correlation_id,
                actor=cause.actor,
            )
            for (user_id, badge_id, tier), (_, cause) in sorted(self._reached.items(), key=lambda item: item[0])
        ]
        made = await repository.award(self.tx, awards)
        self.awarded += len(made)
        for award in awards:
            if award.award_id in made:
                at = (award.user_id, award.achievement_id, award.tier)
                self._awarded.add(at)
                say_earned(self.tx, self._book.badges[award.achievement_id], award, *self._reached[at])

    def _say_progress(self) -> None:
        earned = {(user_id, badge_id) for user_id, badge_id, _ in self._reached}
        for place, event in self._touched.items():
            badge = self._book.badges[place[1]]
            d = badge.definition
            now = rules.standing(badge, self._progress[place], self._states[place[0]])
            if d.secret or place in earned or not rules.closer(self._before[place], now):
                continue
            said = BadgeProgressed(
                user_id=place[0],
                achievement_id=badge.id,
                slug=d.slug,
                name=d.name,
                icon=d.icon,
                rarity=d.rarity,
                have=now.have,
                need=now.need,
            )
            self.tx.emit(said, cause=event)

    async def look(self, badge: rules.Badge, user_ids: list[UUID]) -> None:
        """Awards a badge to those of these players who have reached it by what they are, without an event that says so."""
        ids = self._book.ids(badge.waits_for)
        held = await repository.held(self.tx, user_ids, sorted(ids | {badge.id}))
        players = await repository.players(self.tx, user_ids)
        progress = await repository.unlocked_progress(self.tx, user_ids, badge.id)
        near: set[Place] = set()
        for user_id in user_ids:
            state = _state(players.get(user_id))
            state.held = {self._book.slugs[badge_id] for holder, badge_id, _ in held if holder == user_id}
            tiers = rules.reached(badge, progress.get(user_id, {}), state)
            if any((user_id, badge.id, tier) not in held for tier in tiers):
                near.add((user_id, badge.id))
        if not near:
            return
        # Now under their locks.
        await self._know(near, {user_id for user_id, _ in near}, badge.waits_for)
        for user_id, _ in sorted(near):
            for tier, xp in rules.reached(badge, self._progress[(user_id, badge.id)], self._states[user_id]).items():
                if (user_id, badge.id, tier) not in self._awarded:
                    self._reached[(user_id, badge.id, tier)] = (xp, self.tx.cause)
        await self._award()

    # Taking back

    async def uncount(self, event_ids: list[UUID]) -> list[Place]:
        """Takes events back from every counter that they moved; answers where."""
        tx = self.tx
        places = await repository.places_of(tx, event_ids)
        if not places:
            return []
        progress = {place: found.progress for place, found in (await repository.progress(tx, places)).items()}
        acts = await repository.take_acts(tx, event_ids)
        versions = await self._book.versions(tx, {badge_id for _, badge_id in places})
        players = await repository.players(tx, sorted({user_id for user_id, _ in places}))
        values = {(a["user_id"], a["achievement_id"], a["counter"], a["value"]) for a in acts if a["value"] is not None}
        left = await repository.seen(tx, sorted(values)) if values else set()
        rebuild: dict[tuple[UUID, UUID, str], rules.Leaf] = {}
        for act in acts:
            at = (act["user_id"], act["achievement_id"], act["counter"])
            leaf = _leaf(versions[at[1]], at[2])
            counter = progress[at[:2]].get(at[2])
            if leaf is None or counter is None:
                continue
            if leaf.window is not None or leaf.node.streak is not None:
                rebuild[at] = leaf
            elif act["value"] is None:
                rules.take_back(counter, act["amount"])
        for user_id, badge_id, key, _ in sorted(values - left):
            rules.take_back(progress[(user_id, badge_id)][key], 1)
        history = await repository.history(tx, sorted(rebuild)) if rebuild else {}
        for at, leaf in rebuild.items():
            moments, days = history.get(at, ([], []))
            player = players.get(at[0])
            skipped = () if player is None else player["skipped"]
            progress[at[:2]][at[2]] = rules.rebuilt(leaf, moments, days, skipped)
        await repository.save_progress(tx, progress)
        return places

    async def judge(
        self,
        awards: list[Record],
        causes: Mapping[UUID, Envelope[Any]] | None = None,
        *,
        undone: Collection[UUID] = (),
    ) -> list[UUID]:
        """Takes back those of these awards that the version they were made by would not give now; answers their ids.

        ``causes``: by player, what took away what they stood on. What was given by hand stands on nothing: it goes only
        where its own cause is among what is ``undone``.
        """
        awards = [award for award in awards if award["reason"] is None or award["causation_id"] in undone]
        if not awards:
            return []
        versions = await self._book.versions(self.tx, {award["achievement_id"] for award in awards})
        rule = {award["award_id"]: versions[award["achievement_id"]][award["rule_version"]] for award in awards}
        places = {(award["user_id"], award["achievement_id"]) for award in awards}
        named = {slug for badge in rule.values() for slug in badge.waits_for}
        await self._know(places, {user_id for user_id, _ in places}, named)
        gone: dict[UUID, int] = {}
        for award in awards:
            badge, user_id = rule[award["award_id"]], award["user_id"]
            progress = self._progress[(user_id, badge.id)]
            if award["reason"] or award["tier"] not in rules.reached(badge, progress, self._states[user_id]):
                gone[award["award_id"]] = rules.pays(badge, award["tier"])
        for row in await repository.revoke(self.tx, sorted(gone)) if gone else []:
            say_revoked(self.tx, row, gone[row["award_id"]], "undone", (causes or {}).get(row["user_id"]))
        return sorted(gone)


def _state(player: Record | None) -> rules.State:
    """A player's state, without the badges that they hold."""
    return rules.State() if player is None else rules.State(level=player["level"], skipped=player["skipped"])


def _leaf(versions: Mapping[int, rules.Badge], key: str) -> rules.Leaf | None:
    """What a counter counts, as the newest version that has it asks for it."""
    found = [badge.leaves[key] for _, badge in sorted(versions.items()) if key in badge.leaves]
    return found[-1] if found else None


def _moment(data: Mapping[str, Any], other: datetime) -> datetime:
    text = data.get("occurred_at") or data.get("completed_at")
    return datetime.fromisoformat(text) if isinstance(text, str) else other


def _day(data: Mapping[str, Any], player: Record | None, moment: datetime) -> tuple[date, str]:
    """The player's local day, and the zone that it was told in."""
    zone = "UTC" if player is None else zone_at(player["timezone"], player["zone_before"], player["zone_from"], moment)
    if isinstance(data.get("local_day"), str):
        return date.fromisoformat(data["local_day"]), zone
    return local_day(zone, moment), zone
