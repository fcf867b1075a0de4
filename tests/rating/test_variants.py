"""What is computed of a protocol where another one has been evaluated is what it gives when it is evaluated whole."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from carindex.rating import Plan, compile_protocol, evaluate, load_protocol
from carindex.rating.variants import difference, evaluate_difference

BASE = compile_protocol(load_protocol("us-ncap-2011"))
DRAFTS = {
    "nothing": "{}",
    "one risk": "{frontal/driver/head: {risk: {mean: 7.2}}}",
    "weights": "{'': {weights: {frontal: 4, side: 4, rollover: 4}}}",
    "another fact": "{rollover: {choose: null, scale: {fact: full_width_rigid_56/driver/h3_50m/hic15, limits: [0, 1]}}}",
    "another stars": "{'': {stars: {divide_by: 0.2, round: {decimals: 1}, below: {5: 0.5}, otherwise: 1}}}",
    "less": "{rollover: null, '': {weights: {rollover: null}, over: 9}}",
}


@pytest.fixture(scope="module")
def variants(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Plan]:
    plans = {}
    for name, changes in DRAFTS.items():
        folder: Path = tmp_path_factory.mktemp("draft")
        (folder / "protocol.yaml").write_text(
            f"id: draft\nextends: us-ncap-2011\nchanges: {changes}\n", "utf-8"
        )
        try:
            plans[name] = compile_protocol(load_protocol(folder))
        except Exception as error:  # a draft that this test spells wrongly must not go unnoticed
            pytest.fail(f"{name}: {error}")
    return plans


def interval(name: str) -> st.SearchStrategy[float]:
    quantity = BASE.quantities[BASE.facts.index(name)]
    if quantity.categories:
        return st.integers(0, len(quantity.categories) - 1).map(float)
    least, most = quantity.plausible or quantity.range
    return st.floats(max(least, -1e4), min(most, 1e4), allow_nan=False)


@settings(max_examples=150, deadline=None)
@given(data=st.data())
@pytest.mark.parametrize("draft", DRAFTS)
def test_only_what_differs_is_computed_and_all_is_the_same(
    draft: str, variants: dict[str, Plan], data: st.DataObject
) -> None:
    plan = variants[draft]
    some = data.draw(st.sets(st.sampled_from(BASE.facts)))
    known = {name: data.draw(interval(name)) for name in sorted(some)}

    def whole(one: Plan):
        return evaluate(one, np.array([[known.get(name, np.nan)] for name in one.facts]))

    what = difference(plan, BASE)
    low, high = evaluate_difference(what, whole(BASE), known)
    expected = whole(plan)
    np.testing.assert_array_equal(low, expected.low)
    np.testing.assert_array_equal(high, expected.high)


@pytest.mark.parametrize(
    ("draft", "everything"), [("nothing", False), ("one risk", False), ("weights", False)]
)
def test_little_is_computed_where_little_differs(
    draft: str, everything: bool, variants: dict[str, Plan]
) -> None:
    operations = sum(len(group.inputs) for group in difference(variants[draft], BASE).groups)
    all_of_them = sum(len(group.inputs) for group in variants[draft].groups)
    assert operations < all_of_them / 2
    assert (operations == 0) == (draft == "nothing")
