"""An archive that proves that it is whole: a tar file of members, sealed by a digest of all that stands before.

Any tar reads it. What is written is named ``<file>.partial`` until it is whole and on disk, and only then takes its name.
"""

from __future__ import annotations

import fcntl
import hashlib
import io
import os
import tarfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import msgspec

__all__ = ["Archive", "ArchiveProblem", "Member", "Writer", "writing"]

SEAL = "seal.sha256"
LIST = "members.json"
BLOCK = 512
CHUNK = 1024 * 1024
MODE = 0o600


class ArchiveProblem(Exception):
    """The file can't be used or written; the message says why."""


class Member(msgspec.Struct, frozen=True, kw_only=True):
    """A file in the archive."""

    name: str
    size: int
    sha256: str


class Writer:
    """Adds members, one after the other."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._members: list[Member] = []

    def add(self, name: str, content: bytes) -> None:
        """A member whose content is at hand."""
        self.stream(name, lambda out: out(content))

    def stream(self, name: str, produce: Callable[[Callable[[bytes], None]], None]) -> None:
        """A member whose size is known when it is written; ``produce`` is given what takes its bytes."""
        head = self._file.tell()
        self._file.write(bytes(BLOCK))
        digest, size = hashlib.sha256(), 0

        def take(chunk: bytes) -> None:
            nonlocal size
            digest.update(chunk)
            size += len(chunk)
            self._file.write(chunk)

        produce(take)
        self._file.write(bytes(-size % BLOCK))
        end = self._file.tell()
        self._file.seek(head)
        self._file.write(_head(name, size))
        self._file.seek(end)
        self._members.append(Member(name=name, size=size, sha256=digest.hexdigest()))

    def finish(self) -> int:
        """Lists and seals the members; answers the size of it all in bytes."""
        self.add(LIST, msgspec.json.encode(self._members))
        length = self._file.tell()
        self._file.seek(0)
        digest = hashlib.sha256()
        for chunk in iter(lambda: self._file.read(CHUNK), b""):
            digest.update(chunk)
        self._file.seek(length)
        self._file.write(_seal(digest.hexdigest()))
        return self._file.tell()


@contextmanager
def writing(file: Path) -> Iterator[Writer]:
    """A new archive, 0600; it has its name once the block is left without an error. Raises ArchiveProblem.

    One that was killed leaves ``<file>.partial``, which the next of that name writes over and nobody takes for whole.
    """
    partial = file.with_name(file.name + ".partial")
    try:
        _clear(partial)
        # Made anew: somebody else's file would be theirs to read.
        opened = os.fdopen(os.open(partial, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, MODE), "r+b")
    except OSError as error:
        raise ArchiveProblem(f"{partial} can't be written: {error.strerror}") from error
    with opened as out:
        try:
            fcntl.flock(out, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if file.exists():
                raise ArchiveProblem(f"{file} is there already")
            writer = Writer(out)
            yield writer
            writer.finish()
            out.flush()
            os.fsync(out.fileno())
            partial.rename(file)
            _sync(file.parent)
        except BaseException as error:
            partial.unlink(missing_ok=True)
            if isinstance(error, OSError):
                raise ArchiveProblem(f"{file} can't be written: {error.strerror}") from error
            raise


def _clear(partial: Path) -> None:
    """Removes what one that was killed left behind. Raises ArchiveProblem when somebody is at it."""
    if not partial.exists():
        return
    with partial.open("rb") as left:
        try:
            fcntl.flock(left, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise ArchiveProblem(f"{partial} is being written by another process") from None
        partial.unlink()


class Archive:
    """An archive to be read; made by ``read``, and so whole."""

    def __init__(self, file: Path, members: dict[str, tuple[int, Member]]) -> None:
        self._file = file
        self._members = members

    @property
    def members(self) -> list[Member]:
        """What is in it, in its order."""
        return [member for _, member in self._members.values()]

    @classmethod
    def read(cls, file: Path, first: str, on_bytes: Callable[[int, int], None] = lambda done, total: None) -> Archive:
        """Reads all of it and proves that it is whole, beginning with the member ``first``. Raises ArchiveProblem.

        ``on_bytes`` is told how many of how many bytes were read.
        """
        try:
            with file.open("rb") as source:
                total = os.fstat(source.fileno()).st_size
                if source.read(BLOCK)[:100].rstrip(b"\0") != first.encode():
                    raise ArchiveProblem(f"{file} is no such archive: it does not begin with {first}")
                length = total - len(_seal(""))
                source.seek(0)
                digest, done = hashlib.sha256(), 0
                while done < length and (chunk := source.read(min(CHUNK, length - done))):
                    digest.update(chunk)
                    done += len(chunk)
                    on_bytes(done, length)
                if length < 0 or source.read() != _seal(digest.hexdigest()):
                    raise ArchiveProblem(f"{file} is not whole: it was cut short or changed since it was made")
        except OSError as error:
            raise ArchiveProblem(f"{file} can't be read: {error.strerror}") from error
        return cls(file, _members(file))

    def chunks(self, name: str) -> Iterator[bytes]:
        """A member's bytes. Raises ArchiveProblem when they are not those any more that were proven."""
        if name not in self._members:
            raise ArchiveProblem(f"{self._file} holds no {name}")
        start, member = self._members[name]
        digest = hashlib.sha256()
        with self._file.open("rb") as source:
            source.seek(start)
            left = member.size
            while left and (chunk := source.read(min(CHUNK, left))):
                digest.update(chunk)
                left -= len(chunk)
                yield chunk
        if digest.hexdigest() != member.sha256:
            raise ArchiveProblem(f"{name} in {self._file} was changed while it was read")

    def content(self, name: str) -> bytes:
        """A member's content."""
        return b"".join(self.chunks(name))


def _members(file: Path) -> dict[str, tuple[int, Member]]:
    try:
        with tarfile.open(file, "r:") as tar:
            entries = {entry.name: entry for entry in tar if entry.isreg()}
            listed = tar.extractfile(LIST)
            members = msgspec.json.decode(listed.read() if listed else b"", type=list[Member])
        return {member.name: (entries[member.name].offset_data, member) for member in members}
    except (KeyError, tarfile.TarError, msgspec.DecodeError) as error:
        raise ArchiveProblem(f"{file} does not list its members: {error}") from error


def _head(name: str, size: int) -> bytes:
    entry = tarfile.TarInfo(name)
    entry.size, entry.mode = size, MODE
    head = entry.tobuf(tarfile.GNU_FORMAT)
    assert len(head) == BLOCK, "names are shorter than 100 bytes"
    return head


def _seal(digest: str) -> bytes:
    """The archive's last bytes: always as many."""
    content = io.BytesIO()
    text = f"{digest:0<64}\n".encode()
    content.write(_head(SEAL, len(text)) + text)
    content.write(bytes(-content.tell() % BLOCK) + bytes(2 * BLOCK))
    return content.getvalue()


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
