"""The command line."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer
from rich.markup import escape
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from questhall import backup as backups
from questhall import embedded
from questhall.content.commands import content
from questhall.kernel.children import CannotStart
from questhall.kernel.contract import Refusal
from questhall.kernel.database import Unavailable
from questhall.kernel.migrations import MigrationProblem
from questhall.kernel.service import discover
from questhall.kernel.settings import Settings
from questhall.kernel.telemetry import configure_logs
from questhall.terminal import Data, err, out

__all__ = ["app", "main"]

INTERRUPTED = 130
REFUSED = 2
"""Exit code of what can't be done as asked; the message says what to do."""

app = typer.Typer(
    no_args_is_help=True, add_completion=False, help="Questhall: quests, badges and a ledger for your community."
)
user = typer.Typer(no_args_is_help=True, help="Players.")
token = typer.Typer(no_args_is_help=True, help="Access tokens.")
ledger = typer.Typer(no_args_is_help=True, help="The ledger.")
app.add_typer(user, name="user")
app.add_typer(token, name="token")
app.add_typer(ledger, name="ledger")
app.add_typer(content, name="content")


@app.command()
def up(
    port: Annotated[int, typer.Option(help="Port to listen on.", min=1, max=65535)] = 8000,
    data: Data = Path("data"),
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    empty: Annotated[bool, typer.Option("--empty", help="Don't install the starter pack.")] = False,
    insecure_http: Annotated[
        bool, typer.Option("--insecure-http", help="Allow other machines to connect without TLS in front.")
    ] = False,
) -> None:
    """Start everything in one process, on embedded servers."""
    settings = Settings.read(data=data.absolute())
    configure_logs(settings)
    embedded.up(settings, host=host, port=port, starter=not empty, insecure_http=insecure_http, out=out)


@app.command()
def migrate(data: Data = Path("data")) -> None:
    """Bring the database up to date; `up` does so by itself."""
    settings = Settings.read(data=data.absolute())
    configure_logs(settings)
    count = embedded.migrate_only(settings)
    out.print(f"{count} files applied")


@app.command()
def backup(
    file: Annotated[Path, typer.Argument(help="The file to write; it must not be there yet.")],
    data: Data = Path("data"),
) -> None:
    """Write a backup of an installation, running or stopped: one file, which holds secrets."""
    settings = Settings.read(data=data.absolute(), log_level="warning")
    configure_logs(settings)
    with _shown() as step:
        size = backups.backup(settings, file.absolute(), step)
    err.print(f"{file} is whole: {size / 1e6:.1f} MB. It holds secrets: keep it where only you read it.")


@app.command()
def restore(
    file: Annotated[Path, typer.Argument(help="A file that `questhall backup` wrote.")], data: Data = Path("data")
) -> None:
    """Make an installation of a backup in an empty data folder, and prove it; exit code 1 if it does not hold."""
    settings = Settings.read(data=data.absolute(), log_level="warning")
    configure_logs(settings)
    with _shown() as step:
        restored = backups.restore(settings, file.absolute(), step)
    for line in restored.lines():
        out.print(line)
    if not restored.ok:
        raise typer.Exit(1)
    err.print(f"Start it with `questhall up --data {data}`.")


@app.command()
def demo(data: Data = Path("data")) -> None:
    """Fill a new, running installation with thirty players and three months of history; again: nothing more."""
    from questhall.demo import command  # noqa: PLC0415 - only newcomers need it

    settings = Settings.read(data=data.absolute(), log_level="warning")
    configure_logs(settings)

    def tell(name: str, password: str) -> None:
        out.print(f"Sign in as {name} with the password {password} (kept nowhere: note it)")

    with _shown() as step:
        filled = command.run(settings, lambda done, total: step("Living three months", done, total), tell)
    if filled.already:
        err.print("The demo is there already: nothing was changed.")
    else:
        err.print(f"{filled.people} players, {filled.acts} acts, and all that followed from them.")


@app.command(name="list")
def list_services() -> None:
    """List the services that are installed."""
    for service in discover():
        out.print(f"{service.name:16} {(service.contract.__doc__ or '').strip().splitlines()[0]}")


@app.command()
def openapi() -> None:
    """Print the OpenAPI document."""
    sys.stdout.buffer.write(embedded.openapi())


@app.command()
def new(name: Annotated[str, typer.Argument(help="Name of the service: a-z and _, a noun.")]) -> None:
    """Make a new service in this checkout: contract, folder, migration, README and a passing test."""
    from questhall import scaffold  # noqa: PLC0415 - only developers need it

    for file in scaffold.make(name, Path.cwd()):
        out.print(f"made {file}")


@user.command("create")
def create_user(
    name: str,
    email: Annotated[str, typer.Option(help="E-mail address.")],
    admin: Annotated[bool, typer.Option("--admin", help="Make an admin.")] = False,
    password_stdin: Annotated[
        bool, typer.Option("--password-stdin", help="Read the password from standard input.")
    ] = False,
    data: Data = Path("data"),
) -> None:
    """Make a player or an admin, on a running or a stopped installation."""
    if not password_stdin:
        raise CannotStart("a password is needed", "give it on standard input, with --password-stdin")
    try:
        password = sys.stdin.readline().removesuffix("\r\n").removesuffix("\n")
    except UnicodeDecodeError:
        raise _no_text("password") from None
    arguments = {"username": name, "email": email, "password": password, "admin": admin}
    call(data, "identity", "create_user", arguments)
    err.print(f"made the {'admin' if admin else 'player'} {name}")


@token.command("create")
def create_token(
    name: str,
    scopes: Annotated[
        str | None, typer.Option(help="Permissions, separated by commas; left out: all of the role.")
    ] = None,
    data: Data = Path("data"),
) -> None:
    """Make an access token of a player and print it, alone."""
    wanted = None if scopes is None else [scope.strip() for scope in scopes.split(",") if scope.strip()]
    if wanted == []:
        raise CannotStart(
            "--scopes names no permission", "name some, separated by commas; leave --scopes out for all of the role"
        )
    made = call(data, "identity", "create_token", {"username": name, "scopes": wanted})
    sys.stdout.write(f"{made}\n")


@ledger.command("verify")
def verify_ledger(data: Data = Path("data")) -> None:
    """Prove that the chain is whole and every balance equals its postings; exit code 1 if not."""
    # How far the one pass is only the service knows: so the bar moves for as long as it takes. Nothing of it on a pipe.
    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=err, transient=True, disable=not err.is_terminal) as bar:
        bar.add_task("Reading the journal", total=None)
        report = call(data, "currency", "verify", {})
    for line in report.lines():
        out.print(line)
    if not report.ok:
        raise typer.Exit(1)


@contextmanager
def _shown() -> Iterator[Callable[[str, float, float], None]]:
    """A bar on a terminal, and nothing of it elsewhere; told what is being done, how much of how much (0: not known)."""
    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=err, transient=True, disable=not err.is_terminal) as bar:
        tasks: dict[str, TaskID] = {}

        def step(what: str, done: float, total: float) -> None:
            if what not in tasks:
                for before in tasks.values():
                    bar.update(before, visible=False)
                tasks[what] = bar.add_task(what, total=total or None)
            bar.update(tasks[what], completed=done)

        step("Starting", 0, 0)
        yield step


def call(data: Path, service: str, method: str, arguments: dict[str, object]) -> Any:
    """A call to a service of an installation, running or stopped."""
    for name, value in arguments.items():
        try:
            msgspec.json.encode(value)
        except UnicodeEncodeError:  # bytes that are no UTF-8 came as lone surrogates, which nothing further on takes
            raise _no_text(name) from None
    settings = Settings.read(data=data.absolute(), log_level="warning")
    configure_logs(settings)
    return embedded.call(settings, service, method, arguments)


def _no_text(name: str) -> CannotStart:
    return CannotStart(
        f"what was given as {name} is no text in UTF-8", "give it again, in UTF-8: `locale charmap` says what is sent"
    )


def main() -> None:
    """Runs a command; a refusal is a message with the next step and exit code 2."""
    _open_standard_files()
    try:
        with embedded.killed_as_interrupted():
            app()
    except CannotStart as problem:
        _refuse(problem, problem.next_step)
    except (Refusal, MigrationProblem, ValueError) as problem:
        _refuse(problem)
    except Unavailable as problem:
        _refuse(problem, "check QUESTHALL_DATABASE_URL and QUESTHALL_REDIS_URL, and that the servers run")
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
    except BrokenPipeError:
        # Who read our output went away: nothing is left to say, and nobody to say it to.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)


def _refuse(problem: Exception, next_step: str = "") -> None:
    err.print(f"[bold red]Questhall can't do this:[/] {escape(str(problem))}")
    if next_step:
        err.print(f"[bold]Next step:[/] {escape(next_step)}")
    sys.exit(REFUSED)


def _open_standard_files() -> None:
    """A file that is closed at the start is opened on nothing: else the first one that we open would take its place."""
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)
    sys.stdin = sys.stdin or os.fdopen(0, closefd=False)
    sys.stdout = sys.stdout or os.fdopen(1, "w", closefd=False)
    sys.stderr = sys.stderr or os.fdopen(2, "w", closefd=False)
