"""Migrations: plain SQL files, forward only, run by `questhall migrate` alone and never by `serve`."""

from questhall.kernel.migrations.runner import (
    Behind,
    MigrationProblem,
    applied,
    database_secret,
    known,
    make_roles,
    migrate,
    missing,
    service_dsn,
)

__all__ = [
    "Behind",
    "MigrationProblem",
    "applied",
    "database_secret",
    "known",
    "make_roles",
    "migrate",
    "missing",
    "service_dsn",
]
