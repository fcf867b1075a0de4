"""Labels and messages: both languages, the same placeholders, and none that the code asks for is missing."""

from __future__ import annotations

import re
from importlib.resources import files
from pathlib import Path
from string import Formatter

import pytest
import yaml

import carindex.report
from carindex.messages import LANGUAGES
from carindex.rating import schema
from carindex.report.labels import label, labels

_PACKAGE = Path(carindex.report.__file__).parent


def _placeholders(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name}


@pytest.mark.parametrize("key", sorted(labels()))
def test_a_label_has_both_languages_with_the_same_placeholders(key: str) -> None:
    texts = labels()[key]
    assert set(texts) == set(LANGUAGES)
    assert all(text.strip() for text in texts.values())
    assert _placeholders(texts["en"]) == _placeholders(texts["zh"])


def test_labels_are_words() -> None:
    assert all(isinstance(key, str) for key in labels())


def test_every_label_that_is_asked_for_by_name_exists() -> None:
    asked: set[str] = set()
    for file in [*_PACKAGE.rglob("*.py"), *_PACKAGE.rglob("*.html")]:
        asked |= set(re.findall(r"""\blabel\(\s*["']([a-z_0-9]+)["'](?!\s*~)""", file.read_text("utf-8")))
    asked |= set(
        re.findall(r"\bwords\.([a-z_]+)", (_PACKAGE / "templates" / "report.typ").read_text("utf-8"))
    )
    assert len(asked) > 80
    assert asked <= set(labels())


def test_every_kind_of_rule_has_a_name() -> None:
    kinds = [f"combine_{name}" for name in schema.Combine.__args__]
    kinds += [f"risk_{name}" for name in ("logistic", "lognormal", "weibull")]
    kinds += [name for name in schema.RULES if name not in ("combine", "risk")]
    for kind in kinds:
        assert label(f"rule_{kind}", "en")
        assert label(f"rule_{kind}", "zh")


def test_messages_have_both_languages() -> None:
    messages = yaml.safe_load(files("carindex.report").joinpath("messages.yaml").read_text("utf-8"))
    for parts in messages.values():
        for texts in parts.values():
            assert set(texts) == set(LANGUAGES)
            assert _placeholders(texts["en"]) == _placeholders(texts["zh"])
