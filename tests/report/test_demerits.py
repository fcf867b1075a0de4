"""Ratings that count demerits are told in demerits, in both languages."""

from __future__ import annotations

import pytest
from click.testing import CliRunner

from carindex.cli.main import app

FACTS = """name,value
given:structure,2
given:head_and_neck,2
given:chest,10
given:thigh_and_hip,0
given:leg_and_foot,1
given:restraints_and_kinematics,2
"""


@pytest.fixture
def facts(tmp_path):
    path = tmp_path / "car.csv"
    path.write_text(FACTS, "utf-8")
    return path


def shown(*arguments):
    result = CliRunner().invoke(app, [str(argument) for argument in arguments])
    assert result.exit_code == 0, result.output
    return result.output


@pytest.mark.parametrize(
    ("language", "sum_", "part"), [("en", "17 demerits", "10 demerits"), ("zh", "缺陷值 17", "缺陷值 10")]
)
def test_sum_and_parts(facts, language, sum_, part):
    text = shown("rate", facts, "-p", "iihs-small-overlap", "--lang", language)
    assert sum_ in text
    assert part in text
    assert "57" not in text  # what 17 leave of 74
    # what a stated component would come from is not listed as missing
    assert "HIC15" not in text


@pytest.mark.parametrize(
    ("language", "sentence"), [("en", "add up to 17.000 demerits."), ("zh", "合计缺陷值 17.000")]
)
def test_losses_are_demerits(facts, language, sentence):
    text = shown("explain", facts, "-p", "iihs-small-overlap", "--lang", language)
    assert sentence in text


def test_a_programme_without_overall_result_is_final_when_all_is_known(tmp_path):
    path = tmp_path / "car.csv"
    indices = (
        "crashworthiness_and_repair_economy",
        "occupant_safety",
        "pedestrian_safety",
        "assistance_safety",
    )
    path.write_text("name,value\n" + "".join(f"{index}/grade,G\n" for index in indices), "utf-8")
    assert "(final)" in shown("rate", path, "-p", "c-iasi-2020", "--lang", "en")
    path.write_text("name,value\n" + "".join(f"{index}/grade,G\n" for index in indices[1:]), "utf-8")
    assert "(not final)" in shown("rate", path, "-p", "c-iasi-2020", "--lang", "en")
