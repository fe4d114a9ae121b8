"""HTTP of identity."""

from __future__ import annotations

from questhall.services.identity.api.admin import (
    add_invite,
    approve_user,
    change_registration,
    change_user,
    end_invite,
    list_invites,
    list_mails,
    list_users,
)
from questhall.services.identity.api.leaving import (
    ask_for_export,
    delete_me,
    erase_user,
    read_export,
)
from questhall.services.identity.api.me import (
    add_token,
    change_me,
    end_session,
    end_token,
    list_sessions,
    list_tokens,
    read_me,
    read_profile,
)
from questhall.services.identity.api.sign_in import (
    change_email,
    change_password,
    forgot_password,
    login,
    logout,
    logout_everywhere,
    read_registration,
    register,
    register_first_admin,
    reset_password,
    verify_email,
)

__all__ = [
    "add_invite",
    "add_token",
    "approve_user",
    "ask_for_export",
    "change_email",
    "change_me",
    "change_password",
    "change_registration",
    "change_user",
    "delete_me",
    "end_invite",
    "end_session",
    "end_token",
    "erase_user",
    "forgot_password",
    "list_invites",
    "list_mails",
    "list_sessions",
    "list_tokens",
    "list_users",
    "login",
    "logout",
    "logout_everywhere",
    "read_export",
    "read_me",
    "read_profile",
    "read_registration",
    "register",
    "register_first_admin",
    "reset_password",
    "verify_email",
]
