"""What the demo's club offers beside the starter pack: counted from its own lessons, practice and works."""

from __future__ import annotations

from typing import Any

__all__ = ["BADGES", "GIFTS", "LESSON", "LESSONS", "MERGED", "PRACTICE", "QUESTS", "REVIEWED", "SHARED", "TICKS"]

LESSON, PRACTICE, SHARED = "club.lesson.finished", "club.practice.logged", "club.work.shared"
MERGED, REVIEWED = "github.pull_request.merged", "github.review.submitted"
LESSONS = (
    "Loops", "Functions", "Lists and sets", "Reading a stack trace", "Dictionaries", "Files", "Testing", "Git in practice",
    "Regular expressions", "Dates and time zones", "HTTP", "SQL: select", "SQL: join", "Recursion", "Classes", "Sorting",
    "Hashing", "Queues", "Trees", "Graphs", "Concurrency", "Caching", "Type hints", "Refactoring", "Reviewing code",
    "Accessibility", "CSS grid", "Web sockets", "Logging", "Profiling", "Packaging", "Deploying", "Encryption", "Unicode",
    "Floating point", "Design documents", "Asking good questions", "Mentoring",
)  # fmt: skip


def _counted(kind: str, label: str, **more: Any) -> list[dict[str, Any]]:
    return [{"id": "do", "label": label, "event": "activity.recorded", "where": f"data.kind == '{kind}'", **more}]


QUESTS: tuple[dict[str, Any], ...] = (
    {
        "slug": "a-lesson-a-day",
        "title": "A lesson a day",
        "description": "One lesson of the club's course. It is over sooner than the tea gets cold.",
        "icon": "blue-book",
        "category": "learning",
        "kind": "daily",
        "auto_accept": True,
        "objectives": _counted(LESSON, "Finish a lesson"),
        "rewards": {"currencies": {"xp": 20, "coins": 4}},
    },
    {
        "slug": "half-an-hour",
        "title": "Half an hour of practice",
        "description": "Thirty minutes with your own hands. What they learn, they keep.",
        "icon": "hammer-and-wrench",
        "category": "habit",
        "kind": "daily",
        "auto_accept": True,
        "objectives": _counted(PRACTICE, "Practise for half an hour"),
        "rewards": {"currencies": {"xp": 15, "coins": 3}},
    },
    {
        "slug": "show-your-work",
        "title": "Show your work",
        "description": "Finished or not: show the others what you are at. Half of it works, and the other half is funny.",
        "icon": "artist-palette",
        "category": "community",
        "difficulty": "medium",
        "kind": "weekly",
        "auto_accept": True,
        "keeps_streak": True,
        "objectives": _counted(SHARED, "Share something that you made"),
        "rewards": {"currencies": {"xp": 60, "coins": 20}},
    },
    {
        "slug": "twenty-lessons-in",
        "title": "Twenty lessons in",
        "description": "Twenty different lessons, in any order. By the last one, you explain the first one to somebody.",
        "icon": "books",
        "category": "learning",
        "difficulty": "hard",
        "kind": "one_off",
        "auto_accept": True,
        "objectives": _counted(LESSON, "Finish twenty different lessons", count=20, distinct="data.attributes.lesson"),
        "rewards": {"currencies": {"xp": 300, "coins": 80, "gems": 2}},
    },
)

BADGES: tuple[dict[str, Any], ...] = (
    {
        "slug": "scholar",
        "name": "Scholar",
        "description": "Finished lesson after lesson of the club's course.",
        "icon": "graduate-cap",
        "category": "mastery",
        "rarity": "rare",
        "requirements": {"event": "activity.recorded", "where": f"data.kind == '{LESSON}'"},
        "tiers": [
            {"name": "bronze", "count": 10, "xp_reward": 40},
            {"name": "silver", "count": 30, "xp_reward": 120},
            {"name": "gold", "count": 100, "xp_reward": 400},
        ],
    },
    {
        "slug": "steady-hands",
        "name": "Steady hands",
        "description": "Hours and hours of practice. It shows.",
        "icon": "anvil",
        "category": "mastery",
        "rarity": "rare",
        "requirements": {
            "event": "activity.recorded",
            "where": f"data.kind == '{PRACTICE}'",
            "sum": "data.attributes.minutes",
        },
        "tiers": [
            {"name": "bronze", "count": 300, "xp_reward": 40},
            {"name": "silver", "count": 1200, "xp_reward": 120},
            {"name": "gold", "count": 6000, "xp_reward": 400},
        ],
    },
    {
        "slug": "on-stage",
        "name": "On stage",
        "description": "Showed the others what you had made, five times.",
        "icon": "team-idea",
        "category": "social",
        "rarity": "epic",
        "xp_reward": 150,
        "requirements": {"event": "activity.recorded", "where": f"data.kind == '{SHARED}'", "count": 5},
    },
    {
        "slug": "night-owl",
        "name": "Night owl",
        "description": "Practised when everybody else was asleep. Goodnight now.",
        "icon": "moon",
        "category": "special",
        "rarity": "rare",
        "secret": True,
        "xp_reward": 60,
        "requirements": {
            "event": "activity.recorded",
            "where": f"data.kind == '{PRACTICE}' && data.attributes.hour >= 23",
            "count": 3,
        },
    },
)

GIFTS: tuple[tuple[str, str, int, str], ...] = (
    ("jonas", "mira", 15, "for the review that saved my Friday"),
    ("aiko", "yuki", 20, "brushes are on me"),
    ("kofi", "mira", 10, "thank you for the long answer"),
    ("priya", "kofi", 25, "first coffee of the morning"),
    ("mira", "chloe", 20, "thirty days in a row, nearly!"),
    ("noor", "leila", 12, "for the notes"),
    ("leila", "noor", 12, "and for yours"),
    ("freya", "tariq", 10, "welcome!"),
    ("chloe", "zanele", 8, "keep going"),
    ("tomasz", "jonas", 18, "you found the bug"),
)
"""Who gave what to whom, in coins, and why."""

TICKS: tuple[tuple[str, str, str], ...] = (
    ("mira", "read-20-pages", "read"),
    ("mira", "say-hello", "wave"),
    ("mira", "say-hello", "listen"),
    ("mira", "look-around", "board"),
    ("aiko", "read-20-pages", "read"),
    ("kofi", "help-somebody", "help"),
    ("priya", "read-20-pages", "read"),
    ("chloe", "help-somebody", "help"),
    ("zanele", "read-20-pages", "read"),
    ("tariq", "say-hello", "wave"),
    ("tariq", "say-hello", "listen"),
    ("freya", "look-around", "board"),
    ("freya", "look-around", "wall"),
)
"""Who ticked what of the starter pack's quests by hand on the day."""
