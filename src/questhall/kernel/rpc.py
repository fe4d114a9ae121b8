"""Calls between services: one stub, in process or over HTTP, with the same refusals."""

from __future__ import annotations

import inspect
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, ClassVar, Protocol, TypeVar, cast, get_type_hints

import aiohttp
import msgspec

from questhall.kernel.access import Caller, Forbidden, KeyRing, NotSignedIn
from questhall.kernel.contract import Cause, Contract, Refusal, calls_of
from questhall.kernel.database import current_cause, current_tx, is_unavailable

__all__ = ["Http", "Local", "NotDeployed", "ServiceAbsent", "Transport", "internal_app", "stub"]

TIMEOUT_S = 5.0
INVALID = "invalid"
"""Arguments that do not fit the contract: a mistake of the caller's code."""
C = TypeVar("C", bound=Contract)


class ServiceAbsent(Refusal):
    """The service is not deployed, or can't be reached now."""

    code: ClassVar[str] = "service_absent"
    status: ClassVar[int] = 503
    title: ClassVar[str] = "This part is not available here"


class NotDeployed(ServiceAbsent):
    """The service is no part of this installation; as opposed to one that is away now."""


class Transport(Protocol):
    """How a call reaches the service that answers it."""

    async def call(self, contract: type[Contract], method: str, caller: str, arguments: dict[str, Any]) -> Any:
        """The answer; raises the contract's refusals, ``service_absent``, ``forbidden``."""
        ...


class _Signature(msgspec.Struct, frozen=True):
    parameters: type[msgspec.Struct]
    answer: Any
    names: tuple[str, ...]


_signatures: dict[tuple[type[Contract], str], _Signature] = {}


def _signature(contract: type[Contract], method: str) -> _Signature:
    known = _signatures.get((contract, method))
    if known is None:
        known = _signatures[(contract, method)] = _read_signature(contract, method)
    return known


def _read_signature(contract: type[Contract], method: str) -> _Signature:
    function = getattr(contract, method)
    hints = get_type_hints(function)
    answer = hints.pop("return")
    fields: list[Any] = []
    for name, parameter in list(inspect.signature(function).parameters.items())[1:]:
        kind = hints[name]
        fields.append((name, kind) if parameter.default is parameter.empty else (name, kind, parameter.default))
    struct = msgspec.defstruct(f"{contract.__name__}_{method}", fields, kw_only=True, forbid_unknown_fields=True)
    return _Signature(struct, answer, tuple(field[0] for field in fields))


def _check_caller(contract: type[Contract], method: str, caller: str) -> None:
    call = calls_of(contract).get(method)
    if call is None or ("*" not in call.callers and caller not in call.callers):
        raise Forbidden(f"{caller} may not call {contract.name}.{method}")


def stub(contract: type[C], *, caller: str, transport: Transport) -> C:
    """An object with the contract's calls, as ``caller`` may use them. A call inside a Tx is an assertion."""
    names = calls_of(contract)

    def method(name: str) -> Callable[..., Awaitable[Any]]:
        parameters = _signature(contract, name).names

        async def call(_self: object, *positional: Any, **named: Any) -> Any:
            assert current_tx.get() is None, f"{contract.name}.{name} was called inside a Tx: emit instead"
            if len(positional) > len(parameters):
                raise TypeError(f"{contract.name}.{name} takes {len(parameters)} arguments, not {len(positional)}")
            arguments = {**dict(zip(parameters, positional, strict=False)), **named}
            return await transport.call(contract, name, caller, arguments)

        call.__name__ = name
        return call

    made = type(f"{contract.__name__}Stub", (contract,), {name: method(name) for name in names})
    return cast("C", made())


class Local:
    """Calls within the process; arguments and answers are frozen structs and are passed as they are."""

    def __init__(self, actions: Mapping[str, Contract]) -> None:
        self._actions = actions

    async def call(self, contract: type[Contract], method: str, caller: str, arguments: dict[str, Any]) -> Any:
        """See ``Transport``."""
        actions = self._actions.get(contract.name)
        if actions is None:
            raise NotDeployed(f"{contract.name} is not deployed here")
        _check_caller(contract, method, caller)
        return await getattr(actions, method)(**arguments)


class Http:
    """Calls over HTTP to ``POST <address>/internal/<service>/<call>``, each signed by the calling service."""

    def __init__(
        self, addresses: Mapping[str, str], keyring: KeyRing, *, socket: str | None = None, timeout_s: float = TIMEOUT_S
    ) -> None:
        self._addresses = addresses
        self._keyring = keyring
        self._socket = socket
        self._timeout = aiohttp.ClientTimeout(total=timeout_s)
        self._client: aiohttp.ClientSession | None = None
        self._tokens: dict[str, tuple[float, str]] = {}

    async def close(self) -> None:
        """Ends the connections."""
        if self._client is not None:
            await self._client.close()

    def _session(self) -> aiohttp.ClientSession:
        if self._client is None:
            connector = aiohttp.UnixConnector(self._socket) if self._socket else aiohttp.TCPConnector(limit=64)
            self._client = aiohttp.ClientSession(connector=connector, timeout=self._timeout)
        return self._client

    async def call(self, contract: type[Contract], method: str, caller: str, arguments: dict[str, Any]) -> Any:
        """See ``Transport``."""
        address = self._addresses.get(contract.name)
        if address is None:
            raise NotDeployed(f"{contract.name} is not deployed here")
        if method not in calls_of(contract):
            raise Forbidden(f"{contract.name} has no call {method}")
        signature = _signature(contract, method)
        headers = {"authorization": f"Bearer {self._token(caller)}", "content-type": "application/json"}
        cause = current_cause.get()
        if cause is not None:
            headers["questhall-cause"] = msgspec.json.encode(cause).decode()
        url = f"{address}/internal/{contract.name}/{method}"
        try:
            async with self._session().post(url, data=msgspec.json.encode(arguments), headers=headers) as response:
                status, body = response.status, await response.read()
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            raise ServiceAbsent(f"{contract.name} can't be reached now") from error
        if status == 200:
            return msgspec.json.decode(body, type=signature.answer)
        raise _refusal(contract, body)

    def _token(self, caller: str) -> str:
        until, token = self._tokens.get(caller, (0.0, ""))
        if until < time.monotonic():
            token = self._keyring.sign(Caller(service=caller), ttl_s=120)
            self._tokens[caller] = (time.monotonic() + 60, token)
        return token


def _refusal(contract: type[Contract], body: bytes) -> Exception:
    try:
        problem = msgspec.json.decode(body, type=dict[str, Any])
    except msgspec.DecodeError:
        return RuntimeError(f"{contract.name} failed; its log says why")
    if problem.get("code") == INVALID:
        return TypeError(f"{contract.name}: {problem.get('detail', '')}")
    kinds: tuple[type[Refusal], ...] = (*contract.refusals, ServiceAbsent, Forbidden, NotSignedIn)
    for kind in kinds:
        if kind.code == problem.get("code"):
            known = {"code", "detail", "errors"}
            extra = {name: value for name, value in problem.items() if name not in known}
            return kind(problem.get("detail", ""), errors=problem.get("errors"), **extra)
    return RuntimeError(f"{contract.name} answered {problem}")


Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]
Asgi = Callable[[dict[str, Any], Receive, Send], Awaitable[None]]


async def read_body(receive: Receive, *, limit: int = 32 * 1024 * 1024) -> bytes:
    """A request's whole body. ValueError when it is larger than ``limit`` bytes."""
    parts: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        part = message.get("body", b"")
        size += len(part)
        if size > limit:
            raise ValueError("the body is too large")
        parts.append(part)
        if not message.get("more_body"):
            return b"".join(parts) if len(parts) > 1 else parts[0]


async def answer(
    send: Send,
    status: int,
    body: bytes,
    kind: bytes = b"application/json",
    more: Sequence[tuple[bytes, bytes]] = (),
) -> None:
    """Sends a whole response, with ``more`` headers."""
    headers = [(b"content-type", kind), (b"content-length", str(len(body)).encode()), *more]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def internal_app(
    actions: Mapping[str, Contract],
    *,
    contracts: Mapping[str, type[Contract]],
    keyring: KeyRing,
    extra: Mapping[str, Asgi] | None = None,
) -> Asgi:
    """The inner ASGI application: ``/internal/<service>/<call>`` and what ``extra`` serves by path."""

    async def app(scope: dict[str, Any], receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        path: str = scope["path"]
        if extra is not None and path in extra:
            await extra[path](scope, receive, send)
            return
        parts = path.split("/")
        if len(parts) != 4 or parts[1] != "internal" or parts[2] not in actions or scope["method"] != "POST":
            await answer(send, 404, b'{"code":"not_found"}')
            return
        try:
            body = await _answer_call(scope, receive, actions[parts[2]], contracts[parts[2]], parts[3], keyring)
        except Refusal as refusal:
            problem = {"code": refusal.code, "detail": refusal.detail, "errors": refusal.errors, **refusal.extra}
            await answer(send, refusal.status, msgspec.json.encode(problem), b"application/problem+json")
            return
        except (msgspec.ValidationError, msgspec.DecodeError) as error:
            await answer(send, 422, msgspec.json.encode({"code": INVALID, "detail": str(error)}))
            return
        await answer(send, 200, body)

    return app


async def _answer_call(
    scope: dict[str, Any],
    receive: Receive,
    actions: Contract,
    contract: type[Contract],
    method: str,
    keyring: KeyRing,
) -> bytes:
    headers = dict(scope["headers"])
    caller = keyring.verify(headers.get(b"authorization", b"").removeprefix(b"Bearer "))
    if caller.service is None or method not in calls_of(contract):
        raise Forbidden
    _check_caller(contract, method, caller.service)
    signature = _signature(contract, method)
    arguments = msgspec.json.decode(await read_body(receive) or b"{}", type=signature.parameters)
    cause = headers.get(b"questhall-cause")
    token = current_cause.set(None if cause is None else _decode_cause(cause))
    try:
        found = await getattr(actions, method)(**{name: getattr(arguments, name) for name in signature.names})
    except Exception as error:
        if is_unavailable(error):
            raise ServiceAbsent(f"{contract.name} has no database now; try again soon") from error
        raise
    finally:
        current_cause.reset(token)
    return msgspec.json.encode(found)


def _decode_cause(text: bytes) -> Cause:
    return msgspec.json.decode(text, type=Cause)
