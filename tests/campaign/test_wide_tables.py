"""Tables with thousands of columns: words, numbers and blanks reach the engine as they stand, the unknown in few words."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
import pytest
from tests.rating.cars import random_facts

from carindex.campaign.batch import rate_table
from carindex.campaign.unknown import Unknown
from carindex.rating import Plan, evaluate
from carindex.rating.compiled import compiled
from carindex.rating.kernels import Array


@pytest.fixture(scope="module")
def plan() -> Plan:
    return compiled("euro-ncap-2026")


def _table(plan: Plan, facts: Array) -> pa.Table:
    """Write facts as somebody would: words as words, numbers as numbers, nothing where nothing is known."""
    columns = {"car": pa.array([f"car {i}" for i in range(facts.shape[1])])}
    for name, quantity, values in zip(plan.facts, plan.quantities, facts, strict=True):
        words = list(quantity.categories or ())
        known = ~np.isnan(values)
        cells = [
            None if not there else words[int(value)] if words else float(value)
            for there, value in zip(known, values, strict=True)
        ]
        columns[name] = pa.array(cells, pa.string() if words else pa.float64())
    return pa.table(columns)


@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_cells_reach_the_engine_as_they_stand(plan: Plan, tmp_path, ending: str) -> None:
    facts = random_facts(plan, np.random.default_rng(5), 30, 0.1)
    facts[:, 10:15] = np.where(np.isnan(facts[:, 10:15]), 0.0, facts[:, 10:15])  # some cars lack nothing
    source, target = tmp_path / f"facts.{ending}", tmp_path / "out.parquet"
    table = _table(plan, facts)
    if ending == "csv":
        pa.csv.write_csv(table, source)
    else:
        pq.write_table(table, source, row_group_size=12)
    result = rate_table(plan, source, target)
    assert result.cars == 30
    assert not result.findings
    whole, rows = evaluate(plan, facts), pq.read_table(target).to_pylist()
    low, high = whole.outcome("")
    assert [row["stars_lower"] for row in rows] == low.tolist()
    assert [row["stars_upper"] for row in rows] == high.tolist()
    for path in ("crash_avoidance", "crash_protection", "safe_driving", "post_crash"):
        least, most = whole.score(path)
        expected = [float(a) if a == b else None for a, b in zip(least, most, strict=True)]
        assert [row[f"score:{path}"] for row in rows] == expected


def _count_of(part: str, names: list[str], lacking: set[str]) -> tuple[int, int]:
    """Return how many lacking facts a part of a text stands for, and how many there are: by looking at every name."""
    if part.endswith(")"):
        test, _, counts = part[:-1].partition(" (")
        gone, total = (int(text) for text in counts.split("/"))
        mine = [name for name in names if name.partition("/")[0] == test]
        assert total == len(mine)
        assert gone == sum(name in lacking for name in mine)
        return gone, total
    if part.endswith("/*"):
        mine = [name for name in names if f"{name}/".startswith(part[:-1])]
        assert len(mine) > 1
        assert set(mine) <= lacking
        return len(mine), len(mine)
    assert part in lacking
    return 1, 1


@pytest.mark.parametrize("protocol", ["euro-ncap-2026", "us-ncap-2011", "c-ncap-2021"])
@pytest.mark.parametrize("blank", [0.0, 0.001, 0.05, 0.7, 1.0])
def test_every_unknown_fact_is_counted_once(protocol: str, blank: float) -> None:
    plan = compiled(protocol)
    random = np.random.default_rng(11)
    missing = random.random((len(plan.facts), 12)) < blank
    stated = np.array([name.startswith("given:") for name in plan.facts])
    missing[stated] = True
    texts, which = Unknown(plan, "en").texts(missing)
    optional = {f"given:{path}" for path, node in plan.nodes.items() if not node.node.spec.open}
    asked = {
        plan.facts[i] for node in plan.nodes.values() if not node.node.beside for i in node.facts
    } - optional
    asked -= {plan.facts[i] for i in plan.idle}
    names = [name for name in plan.facts if name in asked]
    for car in range(missing.shape[1]):
        lacking = {name for name, gone in zip(plan.facts, missing[:, car], strict=True) if gone} & asked
        text = texts[which[car]]
        if not lacking:
            assert text == ""
            continue
        parts = text.removeprefix("not known: ").split(", ")
        assert sum(_count_of(part, names, lacking)[0] for part in parts) == len(lacking)
        assert max(Counter(part.partition(" (")[0] for part in parts).values()) == 1


def test_cars_alike_share_a_text(plan: Plan) -> None:
    missing = np.zeros((len(plan.facts), 7), bool)
    missing[[3, 99], 2] = missing[[3, 99], 5] = True
    texts, which = Unknown(plan, "zh").texts(missing)
    assert which[2] == which[5] != which[0]
    assert len(texts) == 2
