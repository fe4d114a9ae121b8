"""What identity can do: one class, a part of it a file."""

from __future__ import annotations

from datetime import date
from uuid import UUID

from questhall.contracts.identity import Identity
from questhall.kernel.service import Site
from questhall.services.identity.actions.erasing import Erasing
from questhall.services.identity.actions.exporting import Exporting
from questhall.services.identity.actions.profile import Profile
from questhall.services.identity.actions.sessions import Sessions
from questhall.services.identity.actions.sign_up import NewUser, SignUp
from questhall.services.identity.actions.tokens import Secret, Tokens

__all__ = ["IdentityActions", "NewUser", "Secret"]


class IdentityActions(SignUp, Sessions, Profile, Tokens, Exporting, Erasing, Identity):
    """Implements the contract."""

    def __init__(self, at: Site) -> None:
        self.at = at
        self.logged_in: dict[UUID, date] = {}
