"""What identity does by the clock."""

from __future__ import annotations

from questhall.kernel.background import BackgroundJob
from questhall.kernel.service import background, every
from questhall.services.identity.actions import IdentityActions
from questhall.services.identity.actions.erasing import ERASE
from questhall.services.identity.actions.exporting import EXPORT


@every(24 * 3600, name="sweep_identity")
async def sweep_identity(actions: IdentityActions) -> None:
    """Drops sessions, links, mails and archives that are long over."""
    await actions.sweep()


@every(600, name="resume_erasures")
async def resume_erasures(actions: IdentityActions) -> None:
    """Takes up erasures whose job failed."""
    await actions.resume_erasures()


@background(EXPORT)
async def gather(actions: IdentityActions, job: BackgroundJob) -> None:
    """Gathers a player's archive from every service."""
    await actions.gather(job)


@background(ERASE)
async def erase_everywhere(actions: IdentityActions, job: BackgroundJob) -> None:
    """Has every service forget a player."""
    await actions.erase_everywhere(job)
