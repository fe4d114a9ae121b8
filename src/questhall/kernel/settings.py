"""Settings: the environment, read once. ``QUESTHALL_<NAME>``; a secret may be given as ``QUESTHALL_<NAME>_FILE``."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

import msgspec

__all__ = ["Settings"]

HTTP_PORT = 80


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """What an operator decides. Defaults suit the embedded shape on a laptop."""

    data: Path = Path("data")
    """Folder with everything that must survive: keys, secrets and (embedded) the database."""
    database_url: str = ""
    """Connection URL of an administrator of the database; empty: the embedded server."""
    redis_url: str = ""
    """URL of a Redis or Valkey; empty: the embedded server."""
    public_url: str = "http://localhost:8000"
    """Where browsers reach the installation: decides cookies, links and the allowed Origin."""
    registration: str = ""
    """``open``, ``invite``, ``approval`` or ``closed``; empty: open on loopback, invite otherwise."""
    trusted_proxies: str = "127.0.0.1,::1"
    """Addresses (or networks, with commas) of the proxies that are believed who they speak for, by ``X-Forwarded-For``."""
    pool_max: int = 4
    """Connections a service holds at most."""
    log_format: str = "console"
    """``console`` or ``json``."""
    log_level: str = "info"
    service_database_urls: dict[str, str] = {}
    """Databases of single services, by name: ``QUESTHALL_<SERVICE>_DATABASE_URL``."""

    @property
    def keys(self) -> Path:
        """Folder of the installation's keys and secrets."""
        return self.data / "keys"

    @property
    def https(self) -> bool:
        """Whether browsers come through TLS."""
        return self.public_url.startswith("https://")

    def cookie(self, name: str) -> str:
        """What a cookie of ours is called in browsers: bound to the host behind TLS, else told apart by the port.

        Browsers take ``__Host-`` only with Secure, and Secure only over TLS; and they send a cookie to every port of
        its host, so that two installations on one machine would sign each other's players out.
        """
        return f"__Host-{name}" if self.https else f"{name}_{urlsplit(self.public_url).port or HTTP_PORT}"

    @classmethod
    def read(cls, environment: Mapping[str, str] | None = None, **given: object) -> Settings:
        """Settings from the environment; what is ``given`` (not None) wins. ValueError names a bad one."""
        source = os.environ if environment is None else environment
        values: dict[str, object] = {}
        for field in cls.__struct_fields__:
            if field == "service_database_urls":
                continue
            text = _lookup(source, f"QUESTHALL_{field.upper()}")
            if text is not None:
                values[field] = text
        urls: dict[str, str] = {}
        suffix = "_DATABASE_URL"
        for name in source:
            plain = name.removesuffix("_FILE")
            if plain.startswith("QUESTHALL_") and plain.endswith(suffix) and plain != "QUESTHALL_DATABASE_URL":
                url = _lookup(source, plain)
                if url is not None and plain != "QUESTHALL_TEST_DATABASE_URL":
                    urls[plain[len("QUESTHALL_") : -len(suffix)].lower()] = url
        values["service_database_urls"] = urls
        values.update({name: value for name, value in given.items() if value is not None})
        try:
            return msgspec.convert(values, cls, strict=False, dec_hook=_path)
        except msgspec.ValidationError as error:
            raise ValueError(f"a QUESTHALL_ setting can't be used: {error}") from None


def _lookup(source: Mapping[str, str], name: str) -> str | None:
    file = source.get(f"{name}_FILE")
    if file is not None:
        return Path(file).read_text().strip()
    return source.get(name)


def _path(kind: type, value: object) -> object:
    if kind is Path:
        return Path(str(value))
    raise NotImplementedError(kind)
