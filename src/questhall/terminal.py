"""What commands share: where they write, and the data folder that they work on."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

__all__ = ["Data", "Output", "err", "out"]


class Output(Console):
    """Goes on in silence when nobody reads any more; rich's own would end the process.

    Lines are left whole: the terminal breaks them, so that a link or a path in them can still be copied.
    """

    def on_broken_pipe(self) -> None:
        """Nobody reads."""
        self.quiet = True


out = Output(highlight=False, soft_wrap=True)
err = Output(stderr=True, highlight=False, soft_wrap=True)
Data = Annotated[
    Path, typer.Option("--data", envvar="QUESTHALL_DATA", help="Folder with everything that must survive.")
]
