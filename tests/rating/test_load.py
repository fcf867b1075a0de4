"""Protocol files: what is refused and where, editions that extend others, what differs between two."""

from __future__ import annotations

import copy

import numpy as np
import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from carindex.messages import InputError
from carindex.rating import available_protocols, compile_protocol, evaluate, load_protocol
from carindex.rating.difference import differences

GOOD = {
    "id": "small",
    "programme": {"en": "Small"},
    "edition": "1",
    "source": "made by a test",
    "root": {
        "label": {"en": "Whole"},
        "test": "full_width_rigid_56",
        "occupant": "driver",
        "dummy": "h3_50m",
        "combine": "sum",
        "stars": {"at_least": {5: 6, 3: 3}},
        "children": {
            "head": {"label": {"en": "Head"}, "scale": {"fact": "hic15", "limits": [500, 700], "points": 4}},
            "neck": {"label": {"en": "Neck"}, "scale": {"fact": "nij", "limits": [0.5, 1.0], "points": 4}},
        },
    },
}


def write(folder, data):
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "protocol.yaml").write_text(yaml.safe_dump(data, sort_keys=False), "utf-8")
    return folder


def changed(path, value):
    data = copy.deepcopy(GOOD)
    at = data
    for key in path[:-1]:
        at = at[key]
    if value is None:
        del at[path[-1]]
    else:
        at[path[-1]] = value
    return data


HEAD = ("root", "children", "head")


@pytest.mark.parametrize(
    ("path", "value", "code"),
    [
        (("id",), None, "rating.invalid_protocol"),
        (("colour",), "red", "rating.invalid_protocol"),
        ((*HEAD, "scale", "limits"), [500], "rating.invalid_protocol"),
        ((*HEAD, "scale", "limits"), ["a", "b"], "rating.invalid_protocol"),
        ((*HEAD, "scale", "fact"), "hic16", "rating.unknown_word"),
        ((*HEAD, "scale", "unit"), "kN", "rating.unit_does_not_fit"),
        ((*HEAD, "bands"), {"fact": "nij", "limits": [1], "values": [1, 0]}, "rating.no_rule"),
        ((*HEAD, "scale"), None, "rating.no_rule"),
        ((*HEAD, "label"), {"en": "Hood"}, "rating.key_is_not_label"),
        ((*HEAD, "counts"), "risk", "rating.unequal_maxima"),
        ((*HEAD, "applies_when"), {"fact": "nij", "below": 1}, "rating.not_applicable_here"),
        ((*HEAD, "adjust"), [{"set_to": 0, "when": {"node": "tail", "below": 1}}], "rating.unknown_node"),
        ((*HEAD, "adjust"), [{"set_to": 0, "when": {"stars_of": "neck", "below": 1}}], "rating.no_outcome"),
        ((*HEAD, "adjust"), [{"set_to": 0, "when": {"node": "head", "below": 1}}], "rating.circle"),
        (("root", "stars"), "relative_risk", "rating.not_found_scale"),
        (("root", "stars"), {"at_least": {5: 6}, "below": {3: 1}}, "rating.lines_both_ways"),
        (("root", "combine"), "weighted", "rating.weights_do_not_fit"),
        (("root", "children"), {}, "rating.no_children"),
        (("root", "test"), "full_width_rigid_99", "rating.unknown_word"),
    ],
)
def test_mistakes_are_refused_with_their_place(tmp_path, path, value, code):
    folder = write(tmp_path / "p", changed(path, value))
    with pytest.raises(InputError) as error:
        compile_protocol(load_protocol(folder))
    assert error.value.code == code
    assert str(folder) in error.value.place


@pytest.mark.parametrize(
    ("rule", "code"),
    [
        ({"bands": {"fact": "nij", "limits": [1, 0.5], "values": [2, 1, 0]}}, "rating.not_ascending"),
        ({"bands": {"fact": "nij", "limits": [0.5, 1], "values": [2, 1]}}, "rating.not_ascending"),
        ({"curve": {"fact": "nij", "through": [[1, 1], [0, 0]]}}, "rating.not_ascending"),
        (
            {"risk": {"fact": "nij", "form": "weibull", "scale": 1.0}, "counts": "risk"},
            "rating.incomplete_rule",
        ),
    ],
)
def test_rules_that_are_not_whole(tmp_path, rule, code):
    data = copy.deepcopy(GOOD)
    data["root"] |= {"children": {"head": {"label": {"en": "Head"}, "points": 1, **rule}}}
    with pytest.raises(InputError) as error:
        load_protocol(write(tmp_path / "p", data))
    assert error.value.code == code


@pytest.mark.parametrize("text", ["", "- 1", "a: [", "a: b: c", "\x00", "id: 3"])
def test_files_that_are_no_protocols(tmp_path, text):
    (tmp_path / "protocol.yaml").write_text(text, "utf-8")
    with pytest.raises(InputError) as error:
        load_protocol(tmp_path)
    assert "protocol.yaml" in error.value.place


def test_a_key_that_stands_twice_is_refused(tmp_path):
    (tmp_path / "protocol.yaml").write_text("id: a\nroot:\n  points: 1\n  points: 2\n", "utf-8")
    with pytest.raises(InputError, match="points stands twice") as error:
        load_protocol(tmp_path)
    assert error.value.place.endswith("protocol.yaml:4")


def test_unknown_protocol_says_which_there_are():
    with pytest.raises(InputError, match="us-ncap-2011"):
        load_protocol("us-ncap-1066")


def test_an_edition_lists_only_what_changes(tmp_path):
    base = write(tmp_path / "base", GOOD)
    draft = write(
        tmp_path / "draft",
        {
            "id": "draft",
            "extends": "../base",
            "changes": {
                "head": {"scale": {"limits": [400, 700]}},
                "neck": None,
                "chest": {
                    "label": {"en": "Chest"},
                    "scale": {"fact": "chest_vc", "limits": [0.5, 1.0], "points": 4},
                },
            },
        },
    )
    old, new = load_protocol(base), load_protocol(draft)
    assert list(new.nodes) == ["", "head", "chest"]
    assert new.head.programme == old.head.programme
    assert new.hash != old.hash
    plan = compile_protocol(new)
    facts = np.array([[{"hic15": 550.0, "chest_vc": 0.75}[name.rsplit("/", 1)[1]]] for name in plan.facts])
    result = evaluate(plan, facts)
    assert result.score("head")[0][0] == pytest.approx(2.0)
    assert result.score("")[0][0] == pytest.approx(4.0)
    found = {(d.path, d.field): (d.before, d.after) for d in differences(old, new)}
    assert found[("head", "scale.limits")] == ((500.0, 700.0), (400.0, 700.0))
    assert found[("neck", "node")] == ({"en": "Neck"}, None)
    assert found[("chest", "node")] == (None, {"en": "Chest"})
    assert found[("", "id")] == ("small", "draft")
    assert differences(old, old) == ()


@pytest.mark.parametrize("changes", [{"tail/tip": {"points": 1}}, {"tail": None}])
def test_changes_of_nodes_that_are_not_there(tmp_path, changes):
    write(tmp_path / "base", GOOD)
    draft = write(tmp_path / "draft", {"id": "draft", "extends": "../base", "changes": changes})
    with pytest.raises(InputError) as error:
        load_protocol(draft)
    assert error.value.code == "rating.change_of_nothing"


@pytest.mark.parametrize("parent", [".", "../other"])
def test_extending_in_a_circle(tmp_path, parent):
    write(tmp_path / "other", {"id": "other", "extends": "../draft"})
    with pytest.raises(InputError) as error:
        load_protocol(write(tmp_path / "draft", {"id": "draft", "extends": parent}))
    assert error.value.code == "rating.circle"


def test_a_file_that_includes_itself(tmp_path):
    write(tmp_path / "p", changed(HEAD, {"file": "head.yaml"}))
    (tmp_path / "p" / "head.yaml").write_text("children: {again: {file: head.yaml}}", "utf-8")
    with pytest.raises(InputError) as error:
        load_protocol(tmp_path / "p")
    assert error.value.code == "rating.circle"


def test_extends_nothing(tmp_path):
    with pytest.raises(InputError) as error:
        load_protocol(write(tmp_path / "draft", {"id": "draft", "extends": "../nowhere"}))
    assert error.value.code == "rating.unknown_parent"


@pytest.mark.parametrize("name", available_protocols())
def test_every_protocol_of_the_package_is_whole(name):
    protocol = load_protocol(name)
    plan = compile_protocol(protocol)
    assert protocol.id == name
    assert plan.facts
    for node in protocol.nodes.values():
        assert node.label.get("en"), node.path
        assert node.label.get("zh"), node.path
        assert node.source, node.path
        assert stated_level(protocol, node.path) == node.verified, node.path


def stated_level(protocol, path):
    """The level that a node's file says, or the nearest file above it: none may be unverified by saying nothing."""
    level = protocol.nodes[path].spec.verified
    if level is not None or not path:
        return level
    above = path.rpartition("/")[0]
    return (
        stated_level(protocol, above)
        if above in protocol.nodes and "/" in path
        else (protocol.root.spec.verified if not protocol.nodes[path].beside else None)
    )


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_whatever_an_entry_is_replaced_by_nothing_but_a_clear_error_comes_out(data, tmp_path):
    places = [(key,) for key in GOOD] + [("root", key) for key in GOOD["root"]]
    places += [(*HEAD, "scale", "limits"), (*HEAD, "scale", "fact"), (*HEAD, "scale"), HEAD]
    path = data.draw(st.sampled_from(places))
    value = data.draw(
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.text(max_size=5),
            lambda inner: (
                st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
            ),
            max_leaves=4,
        )
    )
    changed_data = changed(path, value)
    folder = tmp_path / f"p{data.draw(st.integers(0, 10**9))}"
    write(folder, changed_data)
    try:
        compile_protocol(load_protocol(folder))
    except InputError as error:
        said = error.line("zh")
        assert said
