from __future__ import annotations

import re
import string
from importlib.resources import files
from pathlib import Path

import pytest
import yaml

import carindex.recordings

SOURCE = Path(carindex.recordings.__file__).parent
TEXTS = yaml.safe_load(files("carindex").joinpath("recordings/messages.yaml").read_text("utf-8"))
# Modules of the readers; the data-quality checks have their own test.
MODULES = [*sorted(SOURCE.glob("*.py")), *sorted((SOURCE / "formats").glob("*.py"))]


def used() -> set[str]:
    found: set[str] = set()
    for module in MODULES:
        text = module.read_text("utf-8")
        found |= set(re.findall(r'"recordings\.([a-z_0-9]+)"', text))
        found |= set(re.findall(r'(?<!as)_finding\(\s*"([a-z_]+)"', text))
    return found


@pytest.mark.parametrize("name", sorted(used()))
def test_every_message_has_both_languages(name: str) -> None:
    parts = TEXTS[name]
    assert "found" in parts
    for texts in parts.values():
        assert set(texts) == {"en", "zh"}
        placeholders = [
            {field for _, field, _, _ in string.Formatter().parse(texts[language]) if field}
            for language in ("en", "zh")
        ]
        assert placeholders[0] == placeholders[1]
        assert re.search(r"[\u4e00-\u9fff]", texts["zh"])
    assert "expected" in parts or "consequence" in parts or "action" in parts


def test_no_message_is_defined_twice() -> None:
    text = files("carindex").joinpath("recordings/messages.yaml").read_text("utf-8")
    names = re.findall(r"^([a-z_0-9]+):", text, re.MULTILINE)
    assert len(names) == len(set(names))
