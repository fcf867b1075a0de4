"""A worked-out score that a person sees on a line is on it, whatever binary fractions make of the sum."""

from __future__ import annotations

import numpy as np
import pytest
import yaml

from carindex.rating import compile_protocol, evaluate, load_protocol

CHILDREN = {
    key: {"label": {"en": key}, "points": points, "open": True}
    for key, points in {"a": 24, "b": 12, "c": 13}.items()
}


def outcome(folder, stars, scores, **root):
    data = {
        "id": "tie",
        "programme": {"en": "Tie"},
        "edition": "1",
        "source": "made by a test",
        "root": {"label": {"en": "Whole"}, "combine": "sum", "stars": stars, "children": CHILDREN, **root},
    }
    (folder / "protocol.yaml").write_text(yaml.safe_dump(data), "utf-8")
    plan = compile_protocol(load_protocol(folder))
    low, high = evaluate(plan, np.array(scores)[:, None]).outcome("")
    assert low[0] == high[0]
    return low[0]


# In decimal numbers each of the first three adds up to 41.00; as binary fractions some of them fall short.
@pytest.mark.parametrize(
    ("scores", "stars"),
    [
        ((20.63, 11.5, 8.87), 5),
        ((20.81, 11.29, 8.9), 5),
        ((20.84, 11.29, 8.87), 5),
        ((20.63, 11.5, 8.86), 4),  # 40.99
        ((20.63, 11.5, 8.8699), 4),  # 40.9999: short of the line, and seen to be
    ],
)
def test_a_sum_on_a_line_reaches_it(tmp_path, scores, stars):
    assert outcome(tmp_path, {"at_least": {5: 41, 4: 35}, "otherwise": 0}, scores) == stars


def test_a_sum_on_a_line_is_not_above_it(tmp_path):
    # 0.1 + 0.2 is a little more than 0.3 as binary fractions
    assert outcome(tmp_path, {"above": {5: 0.3}, "otherwise": 4}, (0.1, 0.2, 0.0)) == 4


def test_a_sum_on_a_minimum_meets_it(tmp_path):
    stars = {"at_least": {5: 10, 4: 5}, "otherwise": 0, "minima": {5: {"": 41}}}
    assert outcome(tmp_path, stars, (20.63, 11.5, 8.87)) == 5


def test_a_condition_on_a_sum_takes_it_as_it_is_seen(tmp_path):
    stars = {"at_least": {5: 10}, "otherwise": 0, "caps": [{"to": 3, "when": {"node": "", "below": 41}}]}
    assert outcome(tmp_path, stars, (20.63, 11.5, 8.87)) == 5
