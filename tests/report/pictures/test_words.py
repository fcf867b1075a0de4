"""Words, signs and inks of the drawings."""

from __future__ import annotations

import re
from pathlib import Path
from string import Formatter

import pytest
from tests.report.pictures.conftest import read

import carindex.report.pictures
from carindex.messages import LANGUAGES
from carindex.report.pictures import Palette
from carindex.report.pictures.svg import _luminance, breadth, element, fitted, ink_on, number, wrapped
from carindex.report.pictures.words import sign_of, words

_PACKAGE = Path(carindex.report.pictures.__file__).parent


@pytest.mark.parametrize("file", ["words.yaml", "signs.yaml", "axes.yaml"])
def test_words_have_every_language_with_the_same_placeholders(file: str) -> None:
    for key, texts in words(file).items():
        assert set(texts) == set(LANGUAGES), key
        assert all(text.strip() for text in texts.values()), key
        placeholders = [
            {name for _, name, _, _ in Formatter().parse(text) if name} for text in texts.values()
        ]
        assert placeholders[0] == placeholders[1], key


def test_words_are_asked_for_and_those_asked_for_exist() -> None:
    source = "".join(file.read_text("utf-8") for file in _PACKAGE.glob("*.py"))
    asked = set(re.findall(r'said\(\s*"([a-z_]+)"', source))
    assert asked <= set(words())
    assert all(f'"{key}"' in source for key in words())


def test_colours_of_one_drawing_differ_in_their_signs(
    body_colours: Palette, map_colours: Palette, matrix_colours: Palette
) -> None:
    for palette in (body_colours, map_colours, matrix_colours):
        for language in LANGUAGES:
            signs = [paint.sign[language] for paint in palette.values()]
            assert len(signs) == len(set(signs))


def test_signs_can_be_read_on_their_fills(
    body_colours: Palette, map_colours: Palette, matrix_colours: Palette
) -> None:
    for palette in (body_colours, map_colours, matrix_colours):
        for paint in palette.values():
            if paint.faint:
                continue
            light, dark = sorted((_luminance(paint.fill), _luminance(ink_on(paint.fill))), reverse=True)
            assert (light + 0.05) / (dark + 0.05) >= 4.5, paint


def test_the_fills_are_those_of_the_data(body_colours: Palette, map_colours: Palette) -> None:
    fills = read("crash-protection/scheme.yaml")["colours"]["fills"]
    assert {word: paint.fill for word, paint in body_colours.items()} == {
        w: f"#{fill}" for w, fill in fills.items()
    }
    assert map_colours["d_red"].fill == "#8B0000"
    assert map_colours["grey"].faint
    assert not map_colours["green"].faint


def test_a_colour_without_a_sign_has_the_first_letter_of_its_name() -> None:
    assert sign_of("purple", {"en": "Purple", "zh": "紫色"}) == {"en": "P", "zh": "紫"}


def test_every_axis_and_every_word_on_it_has_a_name_in_both_languages() -> None:
    for name in ("frontal-car-ptw", "frontal-ped-cyc", "lane-departure", "low-speed"):
        for entry in read(f"crash-avoidance/matrices-{name}.yaml").values():
            for row in entry["rows"]:
                for axis, value in row.items():
                    if axis == "cells":
                        continue
                    assert axis in words("axes.yaml"), axis
                    # what has a figure in it, and AEB, FCW and d1, is the same in every language
                    if isinstance(value, str) and not re.search(r"\d|^AEB$", value):
                        assert value in words("axes.yaml"), value
            assert set(entry["columns"]) <= set(words("axes.yaml"))


def test_lines_fit_their_width_and_lose_nothing() -> None:
    for text in ("Lower Leg, Foot & Ankle", "小腿、足部和踝部", "THOR 50百分位男性", "one", ""):
        for width in (30, 60, 116):
            lines = wrapped(text, 10, width)
            assert "".join(lines).replace(" ", "") == text.replace(" ", "")
            assert all(breadth(line, 10) <= width or " " not in line for line in lines)
    assert wrapped("短 text", 10, 1000) == ["短 text"]
    assert breadth("abcdef", fitted("abcdef", 20, 30)) == pytest.approx(30)
    assert fitted("a", 9, 30) == 9


def test_elements_are_escaped_and_empty_attributes_left_out() -> None:
    assert element("a", b_c='"<&>', d=None, e=1.0, f=0.125) == '<a b-c="&quot;&lt;&amp;&gt;" e="1" f="0.12"/>'
    assert number(-0.001) in ("0", "-0")
    assert number(12.5) == "12.5"
