"""Who lives in the demo: thirty people, each with a rhythm of their own."""

from __future__ import annotations

from typing import Any

import msgspec

__all__ = ["KEEPERS_LOOK", "PEOPLE", "STAR", "Person"]


class Person(msgspec.Struct, frozen=True, kw_only=True):
    """A player, and how they live."""

    username: str
    name: str
    zone: str
    weekdays: float
    """How likely it is that they do something on a day from Monday to Friday."""
    weekends: float
    since: int = 89
    """How many days ago they came."""
    until: int = 0
    """How many days ago they were last seen; 0: they still come."""
    hour: int = 18
    """Around when, on their clock."""
    lessons: float = 0.7
    """How likely each thing is on such a day."""
    practice: float = 0.6
    code: float = 0.0
    look: dict[str, Any]


def _look(
    skin: int, hair: str, hair_hue: int, outfit: str, outfit_hue: int, background: str, **more: Any
) -> dict[str, Any]:
    return {
        "skin": skin,
        "hair": hair,
        "hair_hue": hair_hue,
        "outfit": outfit,
        "outfit_hue": outfit_hue,
        "background": background,
        **more,
    }


KEEPERS_LOOK = _look(3, "bob", 40, "apron", 260, "hall", headgear="hat", hand="lantern")
STAR = "mira"
"""Whom a newcomer signs in as."""

PEOPLE: tuple[Person, ...] = (
    Person(
        username=STAR,
        name="Mira Okafor",
        zone="Europe/Berlin",
        weekdays=0.97,
        weekends=0.92,
        hour=7,
        code=0.35,
        look=_look(6, "curls", 20, "explorer", 160, "meadow", hand="book", headgear="wreath", ember_hue=12),
    ),
    Person(
        username="jonas",
        name="Jonas Lindqvist",
        zone="Europe/Stockholm",
        weekdays=0.9,
        weekends=0.5,
        hour=20,
        code=0.6,
        look=_look(1, "swoop", 45, "hoodie", 210, "night", hand="mug", ember_hue=200),
    ),
    Person(
        username="aiko",
        name="Aiko Tanabe",
        zone="Asia/Tokyo",
        weekdays=0.95,
        weekends=0.9,
        hour=22,
        practice=0.9,
        look=_look(2, "bob", 280, "robe", 300, "peaks", headgear="ears", hand="brush", ember_hue=320),
    ),
    Person(
        username="rafa",
        name="Rafael Duarte",
        zone="America/Sao_Paulo",
        weekdays=0.75,
        weekends=0.35,
        hour=19,
        code=0.4,
        look=_look(5, "short", 25, "overalls", 30, "shore", headgear="cap", ember_hue=40),
    ),
    Person(
        username="ines",
        name="Inês Marques",
        zone="Europe/Lisbon",
        weekdays=0.7,
        weekends=0.4,
        hour=21,
        look=_look(3, "ponytail", 18, "tunic", 340, "shore", hand="flowers", ember_hue=350),
    ),
    Person(
        username="kofi",
        name="Kofi Mensah",
        zone="Africa/Accra",
        weekdays=0.85,
        weekends=0.6,
        hour=6,
        code=0.5,
        look=_look(8, "shaved", 20, "armour", 220, "hall", back="shield", ember_hue=25),
    ),
    Person(
        username="noor",
        name="Noor Haddad",
        zone="Asia/Amman",
        weekdays=0.8,
        weekends=0.7,
        hour=16,
        lessons=0.95,
        look=_look(4, "long", 12, "gown", 265, "night", headgear="crown", ember_hue=260),
    ),
    Person(
        username="sam",
        name="Sam Whitfield",
        zone="Europe/London",
        weekdays=0.6,
        weekends=0.25,
        hour=12,
        code=0.3,
        look=_look(1, "short", 35, "apron", 120, "hall", hand="mug", ember_hue=90),
    ),
    Person(
        username="leila",
        name="Leïla Benali",
        zone="Africa/Casablanca",
        weekdays=0.8,
        weekends=0.8,
        hour=18,
        look=_look(5, "braids", 15, "star", 45, "grove", back="cape", ember_hue=50),
    ),
    Person(
        username="tomasz",
        name="Tomasz Wrona",
        zone="Europe/Warsaw",
        weekdays=0.65,
        weekends=0.3,
        hour=23,
        code=0.7,
        look=_look(0, "spiky", 55, "shade", 240, "night", headgear="goggles", ember_hue=220),
    ),
    Person(
        username="priya",
        name="Priya Raman",
        zone="Asia/Kolkata",
        weekdays=0.92,
        weekends=0.75,
        hour=8,
        code=0.45,
        look=_look(6, "long", 10, "explorer", 20, "peaks", back="pack", hand="lantern", ember_hue=15),
    ),
    Person(
        username="ben",
        name="Ben Castellano",
        zone="America/New_York",
        weekdays=0.5,
        weekends=0.5,
        hour=20,
        look=_look(3, "afro", 22, "hoodie", 0, "meadow", ember_hue=0),
    ),
    Person(
        username="yuki",
        name="Yuki Arai",
        zone="Asia/Tokyo",
        weekdays=0.45,
        weekends=0.85,
        hour=15,
        practice=0.95,
        look=_look(1, "buns", 300, "tunic", 180, "grove", headgear="beret", hand="brush", ember_hue=180),
    ),
    Person(
        username="olu",
        name="Olúwaṣeun Ade",
        zone="Africa/Lagos",
        weekdays=0.7,
        weekends=0.55,
        hour=19,
        code=0.25,
        look=_look(8, "short", 10, "robe", 140, "shore", hand="staff", ember_hue=140),
    ),
    Person(
        username="freya",
        name="Freya Halvorsen",
        zone="Europe/Oslo",
        weekdays=0.88,
        weekends=0.7,
        hour=17,
        since=62,
        look=_look(0, "braids", 48, "armour", 10, "peaks", hand="sword", headgear="horns", ember_hue=10),
    ),
    Person(
        username="mateo",
        name="Mateo Ríos",
        zone="America/Bogota",
        weekdays=0.7,
        weekends=0.4,
        hour=21,
        since=55,
        code=0.5,
        look=_look(4, "swoop", 20, "overalls", 200, "meadow", ember_hue=205),
    ),
    Person(
        username="hana",
        name="Hana Novotná",
        zone="Europe/Prague",
        weekdays=0.75,
        weekends=0.6,
        hour=9,
        since=48,
        look=_look(1, "bob", 8, "star", 310, "hall", hand="balloon", ember_hue=310),
    ),
    Person(
        username="deshawn",
        name="DeShawn Carter",
        zone="America/Chicago",
        weekdays=0.6,
        weekends=0.7,
        hour=22,
        since=41,
        look=_look(7, "afro", 15, "hoodie", 275, "night", headgear="cap", ember_hue=270),
    ),
    Person(
        username="emre",
        name="Emre Yıldız",
        zone="Europe/Istanbul",
        weekdays=0.8,
        weekends=0.45,
        hour=13,
        since=36,
        code=0.35,
        look=_look(3, "short", 18, "apron", 15, "grove", hand="lantern", ember_hue=30),
    ),
    Person(
        username="chloe",
        name="Chloé Martin",
        zone="Europe/Paris",
        weekdays=0.9,
        weekends=0.85,
        hour=7,
        since=30,
        lessons=0.9,
        look=_look(2, "ponytail", 38, "gown", 195, "meadow", headgear="wreath", ember_hue=190),
    ),
    Person(
        username="liam",
        name="Liam O’Brien",
        zone="Europe/Dublin",
        weekdays=0.6,
        weekends=0.3,
        hour=20,
        since=24,
        code=0.4,
        look=_look(0, "curls", 16, "explorer", 100, "shore", back="pack", ember_hue=110),
    ),
    Person(
        username="zanele",
        name="Zanele Dlamini",
        zone="Africa/Johannesburg",
        weekdays=0.85,
        weekends=0.8,
        hour=6,
        since=19,
        look=_look(7, "buns", 12, "tunic", 25, "peaks", ember_hue=20),
    ),
    Person(
        username="anton",
        name="Anton Weber",
        zone="Europe/Vienna",
        weekdays=0.55,
        weekends=0.2,
        hour=18,
        since=14,
        look=_look(1, "shaved", 30, "shade", 90, "hall", headgear="hat", ember_hue=80),
    ),
    Person(
        username="maya",
        name="Maya Goldberg",
        zone="America/Los_Angeles",
        weekdays=0.9,
        weekends=0.7,
        hour=10,
        since=9,
        look=_look(2, "long", 28, "star", 330, "shore", back="wings", ember_hue=335),
    ),
    Person(
        username="viktor",
        name="Viktor Petrov",
        zone="Europe/Sofia",
        weekdays=0.8,
        weekends=0.5,
        hour=22,
        until=34,
        code=0.5,
        look=_look(1, "short", 40, "armour", 350, "night", ember_hue=355),
    ),
    Person(
        username="sofia",
        name="Sofía Herrera",
        zone="America/Mexico_City",
        weekdays=0.7,
        weekends=0.6,
        hour=17,
        until=21,
        look=_look(4, "braids", 14, "overalls", 55, "grove", hand="flowers", ember_hue=60),
    ),
    Person(
        username="henry",
        name="Henry Nguyen",
        zone="Australia/Sydney",
        weekdays=0.65,
        weekends=0.5,
        hour=19,
        until=48,
        look=_look(3, "spiky", 12, "hoodie", 165, "shore", ember_hue=160),
    ),
    Person(
        username="greta",
        name="Greta Jansen",
        zone="Europe/Amsterdam",
        weekdays=0.4,
        weekends=0.1,
        hour=11,
        until=12,
        look=_look(0, "bob", 50, "robe", 230, "hall", hand="book", ember_hue=235),
    ),
    Person(
        username="tariq",
        name="Tariq Aziz",
        zone="Asia/Karachi",
        weekdays=0.9,
        weekends=0.9,
        hour=21,
        since=3,
        look=_look(5, "short", 16, "explorer", 45, "meadow", ember_hue=45),
    ),
    Person(
        username="wren",
        name="Wren Ashby",
        zone="Europe/London",
        weekdays=0.0,
        weekends=0.0,
        since=0,
        look=_look(2, "curls", 32, "tunic", 200, "meadow", ember_hue=12),
    ),
)
"""The most of them come often, a few rarely; four have fallen asleep, one came three days ago, one today."""
