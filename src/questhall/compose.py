"""The composition root: puts services, gateway and servers together. The only place that knows the shape."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from questhall import starter
from questhall.gateway import Gateway
from questhall.kernel import rpc
from questhall.kernel.clock import Clock
from questhall.kernel.process import Process
from questhall.kernel.service import Service, discover
from questhall.kernel.settings import Settings

__all__ = ["Installation"]


class Installation:
    """Every service and the gateway in one process."""

    def __init__(
        self,
        settings: Settings,
        *,
        services: Sequence[Service] | None = None,
        database_url: str,
        redis_url: str,
        cache_prefix: str = "qh:",
        clock: Clock | None = None,
        run_jobs: bool = True,
    ) -> None:
        self.settings = settings
        self.process = Process(
            settings,
            discover() if services is None else services,
            database_url=database_url,
            redis_url=redis_url,
            cache_prefix=cache_prefix,
            clock=clock,
            run_jobs=run_jobs,
        )
        self.gateway = Gateway(self.process)

    @property
    def app(self) -> Any:
        """The ASGI application that the world sees."""
        return self.gateway.app

    @property
    def internal(self) -> Any:
        """The ASGI application that only our own processes reach: calls, health, metrics."""
        extra = {"/healthz": self._healthz, "/readyz": self._readyz, "/metrics": self._metrics}
        contracts = {service.name: service.contract for service, _ in self.process.pairs}
        return rpc.internal_app(self.process.actions, contracts=contracts, keyring=self.process.keyring, extra=extra)

    async def _healthz(self, _scope: Any, _receive: Any, send: Any) -> None:
        await rpc.answer(send, 200, b'{"status":"alive"}')

    async def _readyz(self, _scope: Any, _receive: Any, send: Any) -> None:
        problems = await self.process.problems()
        # Without the cache everything is served, only slower: to take every replica out for it would end what works.
        fatal = problems.keys() - {"cache"}
        status = "not ready" if fatal else "degraded" if problems else "ready"
        body = msgspec.json.encode({"status": status, "problems": problems})
        await rpc.answer(send, 503 if fatal else 200, body)

    async def _metrics(self, _scope: Any, _receive: Any, send: Any) -> None:
        await self.process.measure()
        await rpc.answer(send, 200, self.process.metrics.text(), b"text/plain; version=0.0.4")

    async def install_starter_pack(self) -> None:
        """Quests and badges to begin with; what is there already, by slug, stays as it is."""
        await starter.install(self.process)

    async def start(self) -> None:
        """Starts the services, then opens the gateway."""
        await self.process.start()
        await self.gateway.start()

    async def stop(self) -> None:
        """Closes the gateway, then ends the services."""
        await self.gateway.stop()
        await self.process.stop()
