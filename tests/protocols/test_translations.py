"""Sources of the Chinese programmes read in Chinese, each sentence once, and none that no file says any more."""

from __future__ import annotations

import re
from importlib.resources import files

import pytest
import yaml

from carindex.rating import available_protocols, load_protocol, schema
from carindex.report.translations import FILE, translated, translations

CHINESE = ("c-ncap", "c-iasi", "ivista", "c-ahi")
PROTOCOLS = files("carindex").joinpath("protocols")


def sentences(name):
    """Every source and the edition of a protocol."""
    protocol = load_protocol(name)
    yield protocol.head.edition
    yield protocol.head.source
    for scale in protocol.head.scales.values():
        yield scale.source
        yield from (cap.source for cap in scale.stars.caps)
    for node in protocol.nodes.values():
        spec = node.spec
        yield node.source
        yield from (part.source for part in (*spec.adjust, *spec.gates))
        if isinstance(spec.stars, schema.Stars):
            yield from (cap.source for cap in spec.stars.caps)
        if spec.precedents is not None:
            yield from (case.source for case in spec.precedents.known)


def of_programme(programme):
    named = [name for name in available_protocols() if re.fullmatch(rf"{programme}-.+", name)]
    return {text for name in named for text in sentences(name) if text}


@pytest.mark.parametrize("programme", CHINESE)
def test_every_source_of_a_chinese_programme_has_a_chinese_text(programme):
    for text in of_programme(programme):
        if not re.fullmatch(r"[\d-]+", text):  # an edition that is a year
            assert re.search(r"[\u4e00-\u9fff]", translated(text, "zh")), text
            assert translated(text, "en") == text


@pytest.mark.parametrize(
    "folder", sorted(item.name for item in PROTOCOLS.iterdir() if item.joinpath(FILE).is_file())
)
def test_no_sentence_is_translated_that_no_protocol_says(folder):
    said = yaml.safe_load(PROTOCOLS.joinpath(folder, FILE).read_text("utf-8"))
    assert set(said) <= of_programme(folder)


def test_numbers_are_the_same_in_both_languages():
    """A number of a source stands in its translation, too; numbers in words and months apart."""
    months = "January|February|March|April|May|June|July|August|September|October|November|December"
    for text, other in translations().items():
        plain = re.sub(months, "", text)
        for number in re.findall(r"\d+(?:\.\d+)?", plain):
            assert number in other, (text, number)
        for number in re.findall(r"\d+\.\d+", other):
            assert number in text, (other, number)


def test_a_sentence_that_is_not_listed_is_shown_as_it_stands():
    assert translated("p. 3 of my own document", "zh") == "p. 3 of my own document"
