"""Random protocols of every rule kind, and random cars for them (hypothesis strategies)."""

from __future__ import annotations

import itertools
from pathlib import Path

import yaml
from hypothesis import strategies as st

from carindex.rating.load import load_protocol

TEST = "full_width_rigid_56"
NUMBERS = ("hic15", "nij", "neck_tension", "chest_deflection", "head_a3ms", "femur_left")
RANGES = {
    "hic15": 2000,
    "nij": 2,
    "neck_tension": 5000,
    "chest_deflection": 80,
    "head_a3ms": 150,
    "femur_left": 9000,
}
FACTS = [f"{TEST}/driver/h3_50m/{name}" for name in NUMBERS]
BOOLEAN = "rollover_resistance/tip_up"
counter = itertools.count()


def tidy(low: float, high: float) -> st.SearchStrategy[float]:
    """Numbers with few decimals, so that limits and ties are met."""
    return st.integers(round(low * 100), round(high * 100)).map(lambda n: n / 100)


quantity = st.sampled_from(NUMBERS[:-1])


@st.composite
def scale(draw):
    name = draw(quantity)
    a, b = draw(tidy(0, RANGES[name])), draw(tidy(0, RANGES[name]))
    if a == b:
        b = a + 1
    return {"scale": {"fact": name, "limits": [a, b], "points": draw(tidy(0.5, 8))}}


@st.composite
def femur(draw):
    limits = sorted({draw(tidy(1, 4)), draw(tidy(4.5, 9))})
    return {
        "scale": {
            "fact": "femur_left",
            "take": "compression",
            "unit": "kN",
            "limits": limits,
            "points": draw(tidy(1, 4)),
        }
    }


@st.composite
def bands(draw):
    name = draw(quantity)
    limits = sorted(draw(st.sets(tidy(0, RANGES[name]), min_size=1, max_size=4)))
    values = draw(st.lists(tidy(0, 5), min_size=len(limits) + 1, max_size=len(limits) + 1))
    if max(values) == 0:
        values[0] = 1.0
    rule = {
        "fact": name,
        "limits": limits,
        "values": values,
        "on_limit": draw(st.sampled_from(["upper", "lower"])),
    }
    if draw(st.booleans()):
        rule["round"] = {
            "decimals": draw(st.integers(0, 2)),
            "mode": draw(st.sampled_from(["half_up", "floor"])),
        }
    return {"bands": rule}


@st.composite
def curve(draw):
    name = draw(quantity)
    xs = sorted(draw(st.sets(tidy(0, RANGES[name]), min_size=2, max_size=4)))
    ys = draw(st.lists(tidy(0, 5), min_size=len(xs), max_size=len(xs)))
    if max(ys) == 0:
        ys[0] = 1.0
    return {"curve": {"fact": name, "through": [list(p) for p in zip(xs, ys, strict=True)]}}


@st.composite
def pass_fail(draw):
    name = draw(quantity)
    way = draw(st.sampled_from(["below", "at_most", "at_least", "above"]))
    return {"pass_fail": {"fact": name, way: draw(tidy(0, RANGES[name])), "points": draw(tidy(0.5, 4))}}


lookup = st.builds(
    lambda a, b: {"lookup": {"fact": BOOLEAN, "points": {"no": a, "yes": b}}}, tidy(1, 3), tidy(0, 3)
)
given = st.builds(lambda m: {"given": {"fact": "nij"}, "points": m}, tidy(0.5, 2))
leaf = st.one_of(scale(), femur(), bands(), curve(), pass_fail(), lookup, given)


@st.composite
def condition(draw, depth=1):
    kind = draw(
        st.sampled_from(["fact", "boolean", "all", "any", "negate"] if depth else ["fact", "boolean"])
    )
    if kind == "fact":
        name = draw(quantity)
        return {"fact": name, draw(st.sampled_from(["below", "at_least"])): draw(tidy(0, RANGES[name]))}
    if kind == "boolean":
        return {"fact": BOOLEAN, "equals": draw(st.sampled_from(["no", "yes"]))}
    if kind == "negate":
        return {"negate": draw(condition(depth - 1))}
    return {kind: draw(st.lists(condition(depth - 1), min_size=1, max_size=2))}


@st.composite
def adjustment(draw):
    kind = draw(st.sampled_from(["deduct", "set_to", "limits", "multiply", "round"]))
    item = {"label": {"en": kind}}
    if kind == "deduct":
        item["deduct"] = draw(st.one_of(scale(), bands(), pass_fail()))
    elif kind == "set_to":
        item |= {"set_to": 0, "when": draw(condition())}
    elif kind == "limits":
        item["at_least"] = 0
    elif kind == "multiply":
        item["multiply"] = draw(tidy(0.1, 1))
    else:
        item["round"] = {
            "decimals": draw(st.integers(0, 3)),
            "mode": draw(st.sampled_from(["half_up", "half_even", "floor", "ceiling", "truncate"])),
        }
    if kind != "set_to" and draw(st.booleans()):
        item["when"] = draw(condition())
    return item


@st.composite
def node(draw, depth):
    if depth == 0:
        spec = dict(draw(leaf))
        if draw(st.integers(0, 5)) == 0:
            spec = {
                "choose": {
                    "by": BOOLEAN,
                    "cases": {"no": dict(draw(scale())), "yes": dict(draw(bands()))},
                },
                "points": 8,
            }
    else:
        children = {f"part_{i}": draw(node(depth - 1)) for i in range(draw(st.integers(1, 3)))}
        combine = draw(
            st.sampled_from(["sum", "mean", "weighted", "weighted_share", "worst", "best", "share"])
        )
        spec = {"combine": combine, "children": children}
        if combine == "weighted":
            spec["weights"] = {key: draw(tidy(0.1, 3)) for key in children}
            spec["over"] = draw(tidy(0.5, 5))
        if combine == "weighted_share":
            spec["weights"] = {key: draw(tidy(0.1, 3)) for key in children}
        if combine == "best":
            spec["best"] = draw(st.integers(1, len(children)))
        if combine in ("worst", "share", "weighted_share"):
            spec["points"] = draw(tidy(1, 10))
        if combine in ("share", "weighted_share", "worst", "mean"):
            for child in children.values():
                if draw(st.booleans()):
                    child["applies_when"] = draw(condition())
    spec["adjust"] = draw(st.lists(adjustment(), max_size=2))
    return spec


@st.composite
def protocols(draw, folder: Path):
    """A protocol in points, up to three levels deep, with stars that have minima and a cap."""
    root = draw(node(draw(st.integers(1, 2))))
    lines = sorted(draw(st.sets(tidy(0.1, 6), min_size=3, max_size=3)))
    root["stars"] = {
        "per_cent": draw(st.booleans()),
        draw(st.sampled_from(["at_least", "above"])): {1: lines[0], 3: lines[1], 5: lines[2]},
        "minima": {3: {"part_0": draw(tidy(0, 1))}, 5: {"part_0": draw(tidy(1, 3))}},
        "caps": [{"to": draw(st.integers(0, 4)), "when": draw(condition())}],
    }
    root["test"], root["occupant"], root["dummy"] = TEST, "driver", "h3_50m"
    _label(root, "whole")
    return _load(folder, {"root": root})


@st.composite
def risk_leaf(draw):
    form = draw(st.sampled_from(["logistic", "power", "logarithm", "lognormal", "weibull"]))
    fact = draw(quantity)
    top = RANGES[fact]
    risk = {"fact": fact, "form": "logistic", "intercept": draw(tidy(1, 8)), "slope": draw(tidy(1, 8)) / top}
    if form == "power":
        risk |= {"power": 0.5, "slope": draw(tidy(1, 8)) / top**0.5}
    elif form == "logarithm":
        risk |= {
            "log_above": draw(tidy(0, top / 4)),
            "slope": draw(st.sampled_from([-1.1, 0.7])),
            "intercept": 2.9,
        }
    elif form == "lognormal":
        risk = {"fact": fact, "form": "lognormal", "mean": draw(tidy(1, 8)), "deviation": draw(tidy(0.1, 2))}
    elif form == "weibull":
        risk = {
            "fact": fact,
            "form": "weibull",
            "scale": draw(tidy(0.1, top)) + 0.1,
            "shape": draw(tidy(0.5, 4)),
        }
        risk["location"] = draw(tidy(0, top / 4))
    return {"risk": risk}


@st.composite
def risk_node(draw, depth):
    if depth == 0:
        return dict(draw(risk_leaf()))
    children = {f"part_{i}": draw(risk_node(depth - 1)) for i in range(draw(st.integers(1, 4)))}
    combine = draw(st.sampled_from(["joint_risk", "worst", "mean", "weighted"]))
    spec = {"combine": combine, "children": children}
    if combine == "weighted":
        spec["weights"] = {key: draw(tidy(0.1, 3)) for key in children}
    return spec


@st.composite
def risk_protocols(draw, folder: Path):
    """A protocol of injury risks, with stars from a relative risk."""
    root = draw(risk_node(draw(st.integers(1, 3))))
    root["stars"] = {
        "divide_by": 0.15,
        "round": {"decimals": 2},
        "below": {5: 0.67, 4: 1.0},
        "at_most": {3: 1.33},
        "otherwise": 1,
    }
    root["test"], root["occupant"], root["dummy"] = TEST, "driver", "h3_50m"
    _label(root, "whole")
    return _load(folder, {"root": root, "counts": "risk", "points": 1})


@st.composite
def demerit_protocols(draw, folder: Path):
    """Graded parts whose grades give demerits whose sum gives a grade."""
    children, demerits = {}, {}
    for i in range(draw(st.integers(1, 4))):
        lines = sorted(draw(st.sets(tidy(0, 2), min_size=3, max_size=3)))
        fact = draw(quantity)
        children[f"part_{i}"] = {
            "combine": "worst",
            "counts": "demerits",
            "points": 10000,
            "children": {"metric": {"counts": "demerits", "points": 10000, "given": {"fact": fact}}},
            "stars": {
                "grades": ["G", "A", "M", "P"],
                "at_most": dict(zip("GAM", [line * RANGES[fact] / 2 for line in lines], strict=True)),
                "otherwise": "P",
            },
        }
        demerits[f"part_{i}"] = dict(
            zip("GAMP", [0, *sorted(draw(tidy(0, 20)) for _ in range(3))], strict=True)
        )
    root = {
        "combine": "demerits",
        "counts": "demerits",
        "children": children,
        "demerits": demerits,
        "stars": {"grades": ["G", "A", "M", "P"], "at_most": {"G": 3, "A": 9, "M": 19}, "otherwise": "P"},
        "test": TEST,
        "occupant": "driver",
        "dummy": "h3_50m",
    }
    _label(root, "whole")
    return _load(folder, {"root": root})


def _label(spec, key):
    spec["label"] = {"en": key.replace("_", " "), "zh": key}
    for name, child in spec.get("children", {}).items():
        _label(child, name)


def _load(folder, data):
    here = folder / f"p{next(counter)}"
    here.mkdir()
    head = {"id": "random", "programme": {"en": "Random"}, "edition": "1", "source": "made by a test"}
    (here / "protocol.yaml").write_text(yaml.safe_dump({**head, **data}, allow_unicode=True, sort_keys=False))
    return load_protocol(here)


@st.composite
def cars(draw):
    """Values of all facts, most of them near limits with few decimals."""
    facts = {name: draw(tidy(0, RANGES[name.rsplit("/", 1)[1]] * 1.1)) for name in FACTS}
    facts[FACTS[-1]] = -facts[FACTS[-1]]
    facts[BOOLEAN] = float(draw(st.booleans()))
    return facts
