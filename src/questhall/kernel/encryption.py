"""Encryption at rest of small secrets, such as the HMAC secrets of sources, with the installation's key."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

__all__ = ["Sealer", "Unreadable", "write_secret"]

NONCE_BYTES = 12


class Unreadable(Exception):
    """The text was not sealed with a key of this installation, or was changed."""


def write_secret(file: Path, text: str) -> None:
    """Makes a file that only we read (0600), whole at once and on disk: nobody finds half of it, after a crash neither."""
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    fresh = file.with_name(f".{file.name}.{os.getpid()}")
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as handle:
        handle.write(text)
        handle.flush()
        os.fsync(handle.fileno())
    fresh.replace(file)


class Sealer:
    """AES-256-GCM. Keys are files of a folder (0600); the newest seals, all open."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._keys = [AESGCM(bytes.fromhex(file.read_text())) for file in sorted(folder.glob("seal-*.key"))]
        if not self._keys:
            self.rotate()

    def rotate(self) -> None:
        """A new key seals from now on; those before still open."""
        key = secrets.token_bytes(32)
        number = len(list(self._folder.glob("seal-*.key"))) + 1
        write_secret(self._folder / f"seal-{number:06d}.key", key.hex())
        self._keys.append(AESGCM(key))

    def seal(self, text: str, *, context: str) -> bytes:
        """Encrypts; ``context`` (such as ``source:<id>``) has to be given again to open."""
        nonce = secrets.token_bytes(NONCE_BYTES)
        return nonce + self._keys[-1].encrypt(nonce, text.encode(), context.encode())

    def open(self, sealed: bytes, *, context: str) -> str:
        """Decrypts. Raises Unreadable."""
        nonce, body = sealed[:NONCE_BYTES], sealed[NONCE_BYTES:]
        for key in reversed(self._keys):
            try:
                return key.decrypt(nonce, body, context.encode()).decode()
            except InvalidTag:
                continue
        raise Unreadable("it was sealed with another key, or for something else")
