"""The archive proves that it is whole, whatever was done to it."""

from __future__ import annotations

import random
import tarfile
from pathlib import Path

import pytest

from questhall.kernel.archive import BLOCK, Archive, ArchiveProblem, writing

LONG = random.Random(7).randbytes(5000)


def write(file: Path) -> bytes:
    with writing(file) as out:
        out.add("first.txt", b"hello")
        out.stream("long", lambda take: [take(LONG[at : at + 700]) for at in range(0, len(LONG), 700)])
        out.add("empty", b"")
    return file.read_bytes()


def test_what_was_written_is_read_and_any_tar_reads_it(tmp_path: Path) -> None:
    file = tmp_path / "a"
    write(file)
    assert file.stat().st_mode & 0o777 == 0o600
    assert [entry.name for entry in tmp_path.iterdir()] == ["a"]
    told: list[tuple[int, int]] = []
    archive = Archive.read(file, "first.txt", lambda done, total: told.append((done, total)))
    assert told[-1][0] == told[-1][1]
    assert {member.name: archive.content(member.name) for member in archive.members} == {
        "first.txt": b"hello",
        "long": LONG,
        "empty": b"",
    }
    with tarfile.open(file) as tar:
        assert tar.extractfile("long").read() == LONG  # type: ignore[union-attr]
    with pytest.raises(ArchiveProblem, match="holds no other"):
        archive.content("other")


def test_one_flipped_bit_anywhere_is_seen(tmp_path: Path) -> None:
    whole, file = write(tmp_path / "a"), tmp_path / "b"
    # Each byte where the first member, the seal and the ends are, and every seventh between.
    places = {*range(BLOCK), *range(len(whole) - 2 * BLOCK, len(whole)), *range(0, len(whole), 7)}
    for place in places:
        changed = bytearray(whole)
        changed[place] ^= 1 << place % 8
        file.write_bytes(changed)
        with pytest.raises(ArchiveProblem):
            Archive.read(file, "first.txt")


def test_one_that_is_cut_short_or_longer_is_seen(tmp_path: Path) -> None:
    whole, file = write(tmp_path / "a"), tmp_path / "b"
    for length in {0, 1, BLOCK, len(whole) - 1, len(whole) - BLOCK, *range(0, len(whole), 333)}:
        file.write_bytes(whole[:length])
        with pytest.raises(ArchiveProblem):
            Archive.read(file, "first.txt")
    file.write_bytes(whole + b"\0")
    with pytest.raises(ArchiveProblem, match="not whole"):
        Archive.read(file, "first.txt")


def test_another_file_is_said_to_be_none(tmp_path: Path) -> None:
    write(tmp_path / "a")
    with pytest.raises(ArchiveProblem, match="no such archive"):
        Archive.read(tmp_path / "a", "second.txt")
    with pytest.raises(ArchiveProblem, match="No such file"):
        Archive.read(tmp_path / "b", "first.txt")


def test_what_is_changed_while_it_is_read_is_seen(tmp_path: Path) -> None:
    file = tmp_path / "a"
    whole = write(file)
    archive = Archive.read(file, "first.txt")
    file.write_bytes(whole.replace(b"hello", b"hallo"))
    with pytest.raises(ArchiveProblem, match="changed while it was read"):
        archive.content("first.txt")


def test_nobody_is_written_over_and_nothing_is_left_of_one_that_failed(tmp_path: Path) -> None:
    file, partial = tmp_path / "a", tmp_path / "a.partial"
    file.write_bytes(b"another")
    with pytest.raises(ArchiveProblem, match="is there already"):
        write(file)
    assert file.read_bytes() == b"another"
    file.unlink()
    with pytest.raises(ZeroDivisionError), writing(file) as out:
        out.add("first.txt", b"hello")
        raise ZeroDivisionError
    assert list(tmp_path.iterdir()) == []
    partial.write_bytes(b"left by one that was killed")
    partial.chmod(0o666)
    write(file)
    assert file.stat().st_mode & 0o777 == 0o600, "a file that others opened is not written to"
    file.unlink()
    with writing(file) as out, pytest.raises(ArchiveProblem, match="by another process"), writing(file):
        out.add("first.txt", b"never")
    with pytest.raises(ArchiveProblem, match="can't be written"):
        write(tmp_path / "no such folder" / "a")
