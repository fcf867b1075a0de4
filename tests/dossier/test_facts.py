"""Facts files: what is read, what is refused by name, what is never guessed."""

from __future__ import annotations

import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from carindex.dossier import quantity_of, read_facts, value_from_text
from carindex.dossier.facts import half_width
from carindex.messages import InputError
from carindex.vocabulary import FactName, InvalidFactNameError, vocabulary

HIC = "full_width_rigid_56/driver/h3_50m/hic15"
TENSION = "full_width_rigid_56/driver/h3_50m/neck_tension"
TIP = "rollover_resistance/tip_up"


def values(fact_set):
    return {fact.name: fact.value for fact in fact_set.facts}


def long(tmp_path, *lines, name="facts.csv"):
    path = tmp_path / name
    path.write_text("name,value,unit,source\n" + "\n".join(lines) + "\n", "utf-8")
    return path


def test_long_csv(tmp_path):
    path = long(tmp_path, f"{HIC},140,,NHTSA", f"{TENSION},1.2,kN,", f"{TIP},no,,", "# a remark", "")
    found = read_facts(path)
    assert values(found) == {HIC: 140.0, TENSION: 1200.0, TIP: 0.0}
    assert found.findings == ()
    assert found.facts[0].origin == f"{path}:2 (NHTSA)"
    assert len(found.inputs["facts.csv"]) == 64


def test_wide_csv_with_units_and_published_outcomes(tmp_path):
    path = tmp_path / "cars.csv"
    path.write_text(f"car,{HIC},{TENSION} [kN],published:frontal\nA,140,1.2,5\nB,,,4\n", "utf-8")
    found = read_facts(path, "A")
    assert values(found) == {HIC: 140.0, TENSION: 1200.0}
    assert found.published == {"frontal": "5"}
    with pytest.raises(InputError, match="2 cars"):
        read_facts(path)
    with pytest.raises(InputError, match="no car C"):
        read_facts(path, "C")


@pytest.mark.parametrize(
    "document",
    [
        {"car": "A", "facts": {HIC: 140, TENSION: {"value": 1.2, "unit": "kN", "source": "x"}, TIP: False}},
        {HIC: 140, TENSION: 1200, TIP: "no"},
        [{"name": HIC, "value": 140}, {"name": TENSION, "value": 1200}, {"name": TIP, "value": "否"}],
    ],
)
def test_json(tmp_path, document):
    path = tmp_path / "facts.json"
    path.write_text(json.dumps(document), "utf-8")
    assert values(read_facts(path)) == {HIC: 140.0, TENSION: 1200.0, TIP: 0.0}


def test_parquet_long_and_wide(tmp_path):
    pq.write_table(pa.table({"name": [HIC, TIP], "value": ["140", "yes"]}), tmp_path / "long.parquet")
    pq.write_table(pa.table({"car": ["A"], HIC: [140.0], TIP: [True]}), tmp_path / "wide.parquet")
    for name in ("long.parquet", "wide.parquet"):
        assert values(read_facts(tmp_path / name)) == {HIC: 140.0, TIP: 1.0}


@pytest.mark.parametrize(
    ("line", "code"),
    [
        (f"{HIC},abc,,", "dossier.not_a_number"),
        (f"{HIC},-1,,", "dossier.not_possible"),
        (f"{HIC},inf,,", "dossier.not_possible"),
        (f"{HIC},140,mm,", "dossier.unit_does_not_fit"),
        (f"{TIP},perhaps,,", "dossier.not_a_word"),
        ("full_width_rigid_56/driver/h3_50m/hic16,140,,", "dossier.unknown_fact"),
        ("nonsense,1,,", "dossier.unknown_fact"),
    ],
)
def test_a_bad_line_is_named_and_the_rest_is_read(tmp_path, line, code):
    path = long(tmp_path, line, f"{TENSION},1000,N,")
    found = read_facts(path)
    assert values(found) == {TENSION: 1000.0}
    (finding,) = found.findings
    assert (finding.code, finding.severity) == (code, "error")
    assert finding.place == f"{path}:2"
    for language in ("en", "zh"):
        assert finding.line(language).startswith(f"{path}:2")
        assert finding.consequence(language)


@pytest.mark.parametrize(
    ("name", "word", "english", "chinese"),
    [
        ("nonsense", "nonsense", "a known fact name", "已知的事实名称"),
        ("frontal/driver/h3_50m/hic15", "frontal", "a known test", "已知的试验"),
        ("full_width_rigid_56/pilot/h3_50m/hic15", "pilot", "a known seat", "已知的座位"),
        ("full_width_rigid_56/driver/h4/hic15", "h4", "a known dummy", "已知的假人"),
        ("full_width_rigid_56/driver/h3_50m/hick15", "hick15", "a known quantity", "已知的量"),
    ],
)
def test_the_wrong_part_of_a_name_is_named_in_both_languages(tmp_path, name, word, english, chinese):
    (finding,) = read_facts(long(tmp_path, f"{name},1,,")).findings
    assert f"{word} is not {english}" in finding.text("en")
    assert f"{word} 不是{chinese}" in finding.text("zh")
    assert "such as: -" not in finding.text("en")


def test_two_values_for_one_fact(tmp_path):
    found = read_facts(long(tmp_path, f"{HIC},140,,", f"{HIC},140.0,,", f"{HIC},150,,"))
    assert values(found) == {HIC: 140.0}
    assert [finding.code for finding in found.findings] == ["dossier.contradiction"]


def test_possible_but_strange_values_are_used_and_said(tmp_path):
    found = read_facts(long(tmp_path, f"{HIC},34000,,"))
    assert values(found) == {HIC: 34000.0}
    assert [(f.code, f.severity) for f in found.findings] == [("dossier.not_plausible", "warning")]


@pytest.mark.parametrize("text", ["", "nan", "NaN", "n/a", "-", "null"])
def test_words_for_not_known(tmp_path, text):
    assert read_facts(long(tmp_path, f"{HIC},{text},,")).facts == ()


def test_suggests_the_nearest_words(tmp_path):
    (finding,) = read_facts(long(tmp_path, "full_width_rigid_56/driver/h3_50m/hic_15,1,,")).findings
    assert "hic15" in finding.text()


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("empty.csv", b""),
        ("no.csv", b"a,b\n1,2\n"),
        ("binary.csv", bytes(range(128, 256))),
        ("bad.json", b"{"),
        ("scalar.json", b"3"),
        ("nameless.json", b'[{"value": 1}]'),
        ("bad.parquet", b"PAR1"),
    ],
)
def test_files_that_cannot_be_used(tmp_path, name, content):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(InputError) as error:
        read_facts(tmp_path / name)
    assert str(error.value).startswith(str(tmp_path / name))


def test_absent_file(tmp_path):
    with pytest.raises(InputError):
        read_facts(tmp_path / "absent.csv")


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(name=st.text(max_size=40), value=st.text(max_size=12), unit=st.text(max_size=6))
def test_nothing_in_a_file_makes_reading_fail(tmp_path, name, value, unit):
    path = tmp_path / "facts.json"
    path.write_text(
        json.dumps([{"name": name, "value": value, "unit": unit}, {"name": HIC, "value": 1}]), "utf-8"
    )
    found = read_facts(path)
    assert values(found)[HIC] == 1.0


@given(st.text(max_size=12))
@example("0\x1f")  # a separator that Python strips from text, but that is no part of a number
def test_a_text_is_a_number_or_refused_never_zero(text):
    quantity = quantity_of(HIC)
    try:
        value = value_from_text(text, quantity, "here")
    except InputError:
        return
    assert value is None or value == float(half_width(text))


def test_every_word_of_the_vocabulary_has_both_languages():
    words = vocabulary()
    for kind in (words.tests, words.seats, words.dummies, words.quantities):
        for name, word in kind.items():
            assert set(word.label) >= {"en", "zh"}, name
            assert all(word.label.values()), name


def test_every_quantity_makes_sense():
    from carindex.units import ratio

    for name, quantity in vocabulary().quantities.items():
        least, most = quantity.range
        assert least < most, name
        assert quantity.unit == "1" or ratio(quantity.unit, quantity.unit) == 1.0, name
        if quantity.plausible:
            assert least <= quantity.plausible[0] < quantity.plausible[1] <= most, name
        if quantity.kind == "boolean":
            assert quantity.categories == ("no", "yes")


@given(st.text(alphabet="abcdef_/", max_size=30))
def test_fact_names_are_words_or_refused(text):
    try:
        name = FactName.parse(text)
    except InvalidFactNameError:
        return
    assert str(name) == text.strip()


def test_a_score_in_per_cent_keeps_its_unit(tmp_path):
    facts = read_facts(long(tmp_path, "given:adult_occupant,75,%,", "given:child_occupant,40,,")).facts
    assert [(fact.value, fact.unit) for fact in facts] == [(75.0, "%"), (40.0, "1")]
    refused = read_facts(long(tmp_path, "given:adult_occupant,101,%,", "given:child_occupant,1,kN,"))
    assert refused.facts == ()
    assert [finding.code for finding in refused.findings] == [
        "dossier.not_possible",
        "dossier.unit_does_not_fit",
    ]
    both = read_facts(long(tmp_path, "given:adult_occupant,30,%,", "given:adult_occupant,30,,"))
    assert [finding.code for finding in both.findings] == ["dossier.contradiction"]
