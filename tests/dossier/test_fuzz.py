"""Real files, damaged at random, through the whole way from channels to a rating: never a failure, never silence."""

from __future__ import annotations

import os
import random
import shutil
import zipfile
from pathlib import Path

import pytest

from carindex.dossier.folder import load_dossier
from carindex.messages import InputError
from carindex.rating import compile_protocol, load_protocol, rate

EXAMPLE = Path(__file__).parents[2] / "src" / "carindex" / "examples" / "toyota-camry-2018"
KEPT = range(1, 47)  # the driver's channels
ROUNDS = int(os.environ.get("CARINDEX_FUZZ_ROUNDS", "100"))


@pytest.fixture(scope="module")
def plan():
    return compile_protocol(load_protocol("us-ncap-2011"))


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    """The example with the driver's channels only, up to 150 ms: small enough to read hundreds of times."""
    folder = tmp_path_factory.mktemp("small") / "car"
    shutil.copytree(EXAMPLE, folder)
    recording = folder / "tests" / "frontal" / "v10146"
    with zipfile.ZipFile(folder / "tests" / "frontal" / "v10146.zip") as packed:
        packed.extractall(folder / "tests" / "frontal")
    (folder / "tests" / "frontal" / "v10146.zip").unlink()
    header = recording / "v10146.EV5"
    lines = header.read_text("latin-1").splitlines()
    kept = []
    for line in lines:
        fields = line.split("|")
        if len(fields) == 20 and fields[1].isdigit():
            if int(fields[1]) not in KEPT:
                continue
            fields[13:16] = [
                "-250",
                "999",
                "200",
            ]  # NFP, NLP and time step for every second sample up to 200 ms
            line = "|".join(fields)
        kept.append(line)
    header.write_text("\n".join(kept) + "\n", "latin-1")
    for file in recording.iterdir():
        if file.suffix[1:].isdigit():
            if int(file.suffix[1:]) not in KEPT:
                file.unlink()
            else:
                file.write_text("\n".join(file.read_text("ascii").splitlines()[:2000]) + "\n", "ascii")
    test = folder / "tests" / "frontal" / "test.toml"
    test.write_text(test.read_text("utf-8").replace("v10146.zip", "v10146"), "utf-8")
    return folder


def damage(data: bytes, chance: random.Random) -> bytes:
    """Damage a file in one of the ways that files get damaged."""
    kind = chance.choice(["cut", "bytes", "lines", "swap", "text", "double", "numbers", "empty", "scale"])
    lines = data.split(b"\n")
    if kind == "cut":
        return data[: chance.randrange(len(data) + 1)]
    if kind == "bytes":
        changed = bytearray(data)
        for _ in range(chance.randrange(1, 20)):
            if changed:
                changed[chance.randrange(len(changed))] = chance.randrange(256)
        return bytes(changed)
    if kind == "lines":
        start = chance.randrange(len(lines))
        del lines[start : start + chance.randrange(1, 50)]
    elif kind == "swap":
        chance.shuffle(lines)
    elif kind == "double":
        lines = [line for line in lines for _ in range(2)]
    elif kind == "empty":
        return b""
    elif kind == "scale":
        factor = 10.0 ** chance.randrange(-8, 9) * chance.choice([-1, 1])
        return b"\n".join(scaled(line, factor) for line in lines)
    else:
        words = {
            "text": [b"n/a", b"\xff\xfe", b"1,5", b"NOVALUE", b"|||", b"="],
            "numbers": [b"nan", b"inf", b"-inf", b"1e308", b"0"],
        }
        for _ in range(chance.randrange(1, 8)):
            at = chance.randrange(len(lines))
            parts = lines[at].split(b"\t")
            parts[-1] = chance.choice(words[kind])
            lines[at] = b"\t".join(parts)
    return b"\n".join(lines)


def scaled(line: bytes, factor: float) -> bytes:
    time, tab, value = line.partition(b"\t")
    try:
        return b"%s\t%r" % (time, float(value) * factor) if tab else line
    except ValueError:
        return line


def test_the_small_car_is_whole(small, plan):
    dossier = load_dossier(small)
    facts = {fact.name.rsplit("/", 1)[1] for fact in dossier.facts if "/driver/h3_50m/" in fact.name}
    assert {"hic15", "nij", "neck_tension", "chest_deflection", "femur_left", "femur_right"} <= facts
    assert rate(plan, dossier.facts).node("frontal/driver").outcome == 5


@pytest.mark.parametrize("seed", range(10))
def test_damaged_recordings(small, plan, tmp_path, seed):
    chance = random.Random(f"carindex {seed}")
    folder = tmp_path / "car"
    shutil.copytree(small, folder)
    files = sorted(file for file in folder.rglob("*") if file.is_file() and file.suffix != ".md")
    channels = [file for file in files if file.suffix[1:].isdigit()]
    truth = rate(plan, load_dossier(folder).facts)
    for _ in range(ROUNDS // 10):
        # mostly channels, now and then the header, test.toml, facts.csv or car.toml
        chosen = (
            chance.sample(channels, chance.randrange(1, 4))
            if chance.random() < 0.6
            else [chance.choice(files)]
        )
        originals = {file: file.read_bytes() for file in chosen}
        for file, data in originals.items():
            file.write_bytes(damage(data, chance))
        try:
            dossier = load_dossier(folder)
            rating = rate(plan, dossier.facts, findings=dossier.findings)
        except InputError as error:
            said = error.line("zh")
            assert said
        else:
            for finding in rating.findings:
                assert finding.line("en")
                assert finding.line("zh")
            # what nothing was said about is as it was, or not known
            if not any(
                finding.severity in ("error", "warning")
                for finding in dossier.findings
                if "tests" in finding.place
            ):
                for node in rating.nodes:
                    assert node.score is None or node.score <= truth.node(node.path).upper + 0.02, node.path
        for file, data in originals.items():
            file.write_bytes(data)
