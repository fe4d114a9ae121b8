"""Migrations: plain SQL files, forward only, run by `questhall migrate` alone and never by `serve`."""

from questhall.kernel.migrations.runner import (
    Behind,
    MigrationProblem,
    database_secret,
    migrate,
    missing,
    service_dsn,
)

__all__ = ["Behind", "MigrationProblem", "database_secret", "migrate", "missing", "service_dsn"]
