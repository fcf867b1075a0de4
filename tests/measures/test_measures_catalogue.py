"""The files of measures: everything they name exists and fits together."""

from __future__ import annotations

import inspect
import math
from pathlib import Path

import pytest
import yaml

import carindex.measures
from carindex.criteria.constants import groups
from carindex.measures.catalogue import FILES, Measure, Pattern, function, measures, rules, takes, verified
from carindex.measures.channels import redundant
from carindex.messages import phrase
from carindex.units import ratio
from carindex.vocabulary import vocabulary

PROMISED = """
hic15 hic36 head_a3ms head_peak bric damage nij nij_te nij_tf nij_ce nij_cf neck_tension neck_compression
neck_shear neck_extension chest_a3ms chest_deflection chest_vc chest_rmax abdomen_deflection pelvis_a3ms
acetabulum_left acetabulum_right femur_left femur_right knee_slider_left knee_slider_right tibia_index_upper_left
tibia_index_upper_right tibia_index_lower_left tibia_index_lower_right tibia_force_left tibia_force_right
belt_shoulder belt_lap olc delta_v nic nkm_fa nkm_ea nkm_fp nkm_ep rib_deflection abdomen_force pubic_force
pelvic_force
"""
FOLDER = Path(carindex.measures.__file__).parent


def ids(measure: Measure) -> str:
    return measure.name


def test_every_file_is_read() -> None:
    written = {path.stem for path in FOLDER.glob("*.yaml")} - {"rules", "messages"}
    assert written == set(FILES)
    names = [m.name for m in measures()]
    assert len(names) == len(set(names))


def test_every_promised_criterion_has_a_measure() -> None:
    assert set(PROMISED.split()) <= {name for m in measures() for name in m.entry.criteria}


@pytest.mark.parametrize("measure", measures(), ids=ids)
def test_names_exist(measure: Measure) -> None:
    words, entry = vocabulary(), measure.entry
    assert set(entry.criteria) <= set(words.quantities)
    assert set(entry.dummies) <= set(words.dummies)
    assert set(entry.needs) <= set(groups())
    assert set(entry.kinds) <= {test.kind for test in words.tests.values()} | {"unknown", "rear"}
    assert set(entry.unfiltered) <= set(entry.channels)
    # A dummy decides which constants apply: a measure that needs some says for which dummies it exists.
    assert not entry.needs or entry.dummies
    assert entry.filter.standard in rules().standards
    if entry.finding:
        for language in ("en", "zh"):
            assert phrase(entry.finding, "found", language, {"seat": "", "criteria": ""})


@pytest.mark.parametrize("measure", measures(), ids=ids)
def test_functions_take_what_they_are_given(measure: Measure) -> None:
    entry = measure.entry
    known = {*entry.channels, "initial_velocity"}
    for name, step in [*entry.signals.items(), *entry.criteria.items()]:
        assert set(step.of) | set(step.using.values()) <= known, f"{name} uses what is not known yet"
        keywords = dict.fromkeys([*takes(step.function), *step.using, *step.literal])
        inspect.signature(function(step.function)).bind(*step.of, **keywords)
        if name in entry.signals:
            known.add(name)
    if not entry.dummies:
        # Without a list of dummies the measure runs with an unknown dummy: nothing may depend on it.
        steps = [*entry.signals.values(), *entry.criteria.values()]
        assert all("dummy" not in takes(step.function) for step in steps)


@pytest.mark.parametrize("measure", measures(), ids=ids)
def test_units_and_words(measure: Measure) -> None:
    for name, criterion in measure.entry.criteria.items():
        quantity = vocabulary().quantities[name]
        if criterion.unit:
            assert math.isfinite(ratio(criterion.unit, quantity.unit)), name
        assert set(criterion.method) == {"en", "zh"}
        assert criterion.source
        for text in criterion.method.values():
            assert text.format(rate="10", longest="15")
        if criterion.plot:
            step = measure.entry.signals[criterion.plot]
            assert step.shown, f"{name}: {criterion.plot} is plotted but has no unit to show"
            assert math.isfinite(ratio(step.unit, step.shown))
        for dummy in measure.entry.dummies or [None]:
            if dummy is None or not measure.entry.needs:
                assert verified(criterion, measure, None) == criterion.verified


def test_the_preferred_measure_of_a_criterion_comes_first() -> None:
    """Entries that give the same criterion give the same set of them, so that none is lost by choosing one."""
    by_criterion: dict[str, list[Measure]] = {}
    for m in measures():
        for name in m.entry.criteria:
            by_criterion.setdefault(name, []).append(m)
    for rivals in by_criterion.values():
        sets = {
            frozenset(m.entry.criteria)
            for m in rivals
            if set(m.entry.kinds) & {"unknown"} or not m.entry.kinds
        }
        if rivals[0].entry.scope == "occupant":
            assert len(sets) == 1, [m.name for m in rivals]


@pytest.mark.parametrize("text", ["HEAD 00 00 AC X", "HEAD 0 00 ?? AC X", "HEAD0000??ACX", ""])
def test_a_code_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="channel code"):
        Pattern.parse(text)


def test_redundant_codes() -> None:
    def codes(text: str) -> list[str]:
        return [p.code("1", "1", "H3") for p in redundant(Pattern.parse(text))]

    assert codes("HEAD 00 00 ?? AC X") == ["11HEAD00RDH3ACX", "11HEADRD00H3ACX"]
    assert codes("FEMR LE 00 ?? FO Z") == ["11FEMRLERDH3FOZ"]
    assert codes("TIBI LE UP ?? FO Z") == ["11TIBILEU1H3FOZ"]
    assert codes("SEBE 00 00 B3 FO 0")[0] == "11SEBE00RDB3FO0"


def test_messages_have_both_languages_and_the_same_placeholders() -> None:
    import string

    document = yaml.safe_load((FOLDER / "messages.yaml").read_text("utf-8"))
    for name, parts in document.items():
        for part, texts in parts.items():
            assert set(texts) == {"en", "zh"}, f"{name}.{part}"
            fields = [{f for _, f, _, _ in string.Formatter().parse(text) if f} for text in texts.values()]
            assert fields[0] == fields[1], f"{name}.{part}"
