"""Real files, damaged at random: only `InputError` comes out, and untouched channels stay as they were."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from carindex.messages import InputError
from carindex.recordings import Recording, write_parquet
from carindex.recordings.formats import iso_mme, nhtsa_ev5, table
from carindex.recordings.sources import in_memory

ROUNDS = 3000


def flip(content: bytes, chance: random.Random) -> bytes:
    damaged = bytearray(content)
    for _ in range(chance.randint(1, 20)):
        damaged[chance.randrange(len(damaged))] = chance.randrange(256)
    return bytes(damaged)


def drop_lines(content: bytes, chance: random.Random) -> bytes:
    lines = content.split(b"\n")
    first = chance.randrange(len(lines))
    return b"\n".join(lines[:first] + lines[first + chance.randint(1, 10) :])


def cut(content: bytes, chance: random.Random) -> bytes:
    return content[: chance.randrange(len(content))]


def remove_key(content: bytes, chance: random.Random) -> bytes:
    lines = content.split(b"\n")
    keys = [i for i, line in enumerate(lines) if b":" in line or b"|" in line or b"---" in line]
    if keys:
        del lines[chance.choice(keys)]
    return b"\n".join(lines)


def damage_header(content: bytes, chance: random.Random) -> bytes:
    end = min(len(content), 800)
    return flip(content[:end], chance) + content[end:]


def swap_lines(content: bytes, chance: random.Random) -> bytes:
    lines = content.split(b"\n")
    a, b = chance.randrange(len(lines)), chance.randrange(len(lines))
    lines[a], lines[b] = lines[b], lines[a]
    return b"\n".join(lines)


def insert_junk(content: bytes, chance: random.Random) -> bytes:
    at = chance.randrange(len(content))
    return (
        content[:at]
        + chance.choice([b"\n", b":", b",", b"\t", b"\x00" * 9, b"NOVALUE", b"\xff\xfe", b"1e999 "])
        + content[at:]
    )


def empty(content: bytes, chance: random.Random) -> bytes:
    return b""


DAMAGES = [flip, drop_lines, cut, remove_key, damage_header, swap_lines, insert_junk, empty]
Reader = Callable[..., Recording]


def load(folder: Path) -> dict[str, bytes]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in sorted(files)}


def touch(recording: Recording) -> None:
    """Use everything a caller may use."""
    for channel in recording:
        assert channel.values.ndim == 1
        assert channel.time.shape == channel.values.shape
        for finding in channel.findings:
            assert finding.line("en")
            assert finding.line("zh")
    for finding in recording.findings:
        assert finding.line("en")
        assert finding.line("zh")
        finding.consequence("zh")


@pytest.mark.parametrize(("kind", "reader"), [("iso-mme", iso_mme.read), ("ev5", nhtsa_ev5.read)])
@pytest.mark.parametrize("damage", DAMAGES, ids=lambda damage: damage.__name__)
def test_one_damaged_file(
    data: Path, kind: str, reader: Reader, damage: Callable[[bytes, random.Random], bytes]
) -> None:
    chance = random.Random(f"{kind} {damage.__name__}")
    whole = load(data / kind)
    module = iso_mme if reader is iso_mme.read else nhtsa_ev5
    original = {c.place: c for c in reader(in_memory(whole), eager=True)}
    signals = [name for name in whole if name[-3:].isdigit()]
    for round_number in range(ROUNDS // len(DAMAGES)):
        name = chance.choice(signals if round_number % 2 else sorted(whole))
        content = damage(whole[name], chance)
        source = in_memory(whole | {name: content})
        try:
            if not module.recognises(source):
                assert name not in signals
                continue
            recording = reader(source, eager=bool(round_number % 3))
        except InputError:
            # One damaged channel must not lose the others; a damaged specification may.
            if name in signals:
                raise
            continue
        touch(recording)
        if name in signals:
            others = {place for place in original if place != str(source.path / name)}
            found = {c.place: c for c in recording}
            assert others <= set(found)
            for place in others:
                assert np.array_equal(found[place].values, original[place].values)
                assert found[place].findings == ()


@pytest.mark.parametrize(("kind", "reader"), [("iso-mme", iso_mme.read), ("ev5", nhtsa_ev5.read)])
def test_many_damaged_files(data: Path, kind: str, reader: Reader) -> None:
    chance = random.Random(kind)
    whole = load(data / kind)
    refused: list[str] = []
    for round_number in range(ROUNDS // 4):
        content = {
            n: chance.choice(DAMAGES)(c, chance) if chance.random() < 0.4 else c for n, c in whole.items()
        }
        for name in list(content):
            if chance.random() < 0.05:
                del content[name]
        try:
            if content:
                touch(reader(in_memory(content), eager=bool(round_number % 2)))
        except InputError as error:
            refused.append(error.line("zh"))
    assert len(refused) < ROUNDS // 8


@pytest.mark.parametrize("kind", ["iso-mme", "ev5"])
def test_samples_are_never_shifted_or_invented(data: Path, kind: str) -> None:
    """Whatever happens to a channel file: a sample it still has is the original one, or an error says so."""
    chance = random.Random(7)
    whole = load(data / kind)
    reader: Reader = iso_mme.read if kind == "iso-mme" else nhtsa_ev5.read
    name = next(name for name in whole if name.endswith(".001"))
    original = reader(in_memory(whole), eager=True).channels[0]
    for _ in range(400):
        content = chance.choice([cut, drop_lines, remove_key])(whole[name], chance)
        channels = [c for c in reader(in_memory(whole | {name: content})) if c.place.endswith(name)]
        for channel in channels:
            n = min(channel.values.size, original.values.size)
            equal = np.array_equal(channel.values[:n], original.values[:n]) and channel.values.size == 500
            assert equal or channel.findings or channel.unit != original.unit
            # The time is the right one, or none at all.
            same_time = np.array_equal(channel.time[:n], original.time[:n])
            assert same_time or np.isnan(channel.time).any() or not channel.has_constant_step


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_damaged_tables(data: Path, tmp_path: Path, kind: str) -> None:
    recording = iso_mme.read(in_memory(load(data / "iso-mme")))
    if kind == "parquet":
        content = write_parquet(recording, tmp_path / "a").read_bytes()
    else:
        rows = np.column_stack([recording.channels[0].time, *(c.values for c in recording)])
        names = ["time [s]", *(f"{c.label} [{c.unit}]" for c in recording)]
        lines = [",".join(names), *(",".join(map(repr, row)) for row in rows.tolist())]
        content = "\n".join([*lines, ""]).encode()
    chance = random.Random(kind)
    survived = 0
    for _ in range(ROUNDS // 8):
        source = in_memory({"a": chance.choice(DAMAGES)(content, chance)})
        if not table.recognises(source):
            continue
        try:
            touch(table.read(source))
        except InputError:
            continue
        survived += 1
    assert survived > 0
