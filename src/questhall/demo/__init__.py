"""The demo: a community with three months behind it, made through the public API alone."""

from questhall.demo.fill import Accounts, Filled, NotNew, Refused, fill
from questhall.demo.people import PEOPLE, Person

__all__ = ["PEOPLE", "Accounts", "Filled", "NotNew", "Person", "Refused", "fill"]
