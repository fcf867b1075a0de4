"""Files of costs: a name that stands twice is refused, however the file is written."""

from __future__ import annotations

from pathlib import Path

import pytest

from carindex.alignment.costs import read_costs
from carindex.messages import InputError


@pytest.mark.parametrize(
    ("name", "text", "line"),
    [
        ("costs.yaml", "first: 1\nsecond: 2\nfirst: 3\n", 3),
        ("costs.json", '{"first": 1,\n "first": 2}', 2),
        ("costs.csv", "first,1\nfirst,2\n", 2),
    ],
)
def test_a_name_that_stands_twice(tmp_path: Path, name: str, text: str, line: int) -> None:
    file = tmp_path / name
    file.write_text(text, "utf-8")
    with pytest.raises(InputError) as error:
        read_costs(file)
    assert (error.value.code, error.value.place) == ("alignment.named_twice", f"{file}:{line}")


@pytest.mark.parametrize(
    ("name", "text"), [("a.yaml", "x: 2\n"), ("a.json", '{"x": 2}'), ("a.csv", "name,cost\nx,2\n")]
)
def test_costs_as_they_are_written(tmp_path: Path, name: str, text: str) -> None:
    file = tmp_path / name
    file.write_text(text, "utf-8")
    assert read_costs(file) == {"x": 2.0}
