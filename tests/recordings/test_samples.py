from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from carindex.recordings.samples import SampleText, parse, parse_all


def text_of(lines: list[str], declared: int | None = -1, end: str = "\n", columns: int = 1) -> SampleText:
    data = ("\n".join(lines) + end).encode("utf-8")
    return SampleText(data, 1, len(lines) if declared == -1 else declared, "f.001", "CODE", columns)


def codes(text: SampleText) -> list[tuple[str, str]]:
    return [(finding.code.split(".")[1], finding.severity) for finding in parse(text).findings]


numbers = st.floats(allow_nan=False, allow_infinity=False)
spelled = st.one_of(numbers.map(repr), numbers.map(lambda x: f"{x:.6E}"), numbers.map(lambda x: f"{x:g}"))


@settings(max_examples=60)
@given(st.lists(st.lists(spelled, min_size=1, max_size=30), min_size=2, max_size=5))
def test_both_paths_give_the_nearest_double(columns: list[list[str]]) -> None:
    texts = [text_of(lines) for lines in columns]
    together = parse_all(texts)
    for lines, text, joined in zip(columns, texts, together, strict=True):
        expected = np.array([float(line) for line in lines])  # the reference: one number at a time
        for result in (parse(text), joined):
            assert np.array_equal(result.table[:, 0], expected)
            assert result.findings == ()


def test_one_bad_channel_does_not_touch_the_others() -> None:
    texts = [text_of(["1", "2"]), text_of(["1", "x"]), text_of(["3", "4"])]
    results = parse_all(texts)
    assert results[0].table[:, 0].tolist() == [1.0, 2.0]
    assert results[2].table[:, 0].tolist() == [3.0, 4.0]
    assert results[1].table[0, 0] == 1.0
    assert math.isnan(results[1].table[1, 0])


def test_bad_line_is_named_with_its_number() -> None:
    (finding,) = parse(SampleText(b"1.0\nabc\n3.0\n12:30\n", 21, 4, "f.001", "CODE")).findings
    assert finding.place == "f.001:22"
    assert finding.severity == "error"
    assert finding.parameters["count"] == 2
    assert finding.parameters["lines"] == "22, 24"
    assert "abc" in finding.text("en")
    assert "abc" in finding.text("zh")


@pytest.mark.parametrize("word", ["NOVALUE", "novalue", "NaN", "nan"])
def test_declared_missing_samples_are_nan_without_finding(word: str) -> None:
    result = parse(text_of(["1", word, "3"]))
    assert np.array_equal(result.table[:, 0], [1.0, np.nan, 3.0], equal_nan=True)
    assert result.findings == ()


def test_infinity_is_kept_for_the_quality_checks() -> None:
    assert parse(text_of(["1", "inf", "-inf"])).table[:, 0].tolist() == [1.0, math.inf, -math.inf]


@pytest.mark.parametrize(
    "word", ["1_000", "1.2.3", "0x10", "1e", "--1", "1 2", "1,2.3", "١x", "\x01", "1.0E+"]
)
def test_what_is_not_a_number_is_never_read_as_one(word: str) -> None:
    result = parse(text_of(["5.0", word, "7.5"]))
    assert np.array_equal(result.table[:, 0], [5.0, np.nan, 7.5], equal_nan=True)
    assert [finding.code for finding in result.findings] == ["recordings.unreadable_sample"]


def test_decimal_comma() -> None:
    result = parse(text_of(["1,5", "-2,25E+01", "0,001"]))
    assert result.table[:, 0].tolist() == [1.5, -22.5, 0.001]
    assert result.findings == ()


def test_blank_lines_at_the_end_and_trailing_blanks_do_not_matter() -> None:
    result = parse(SampleText(b"  1.0  \n2.0\t\n\n\n  \n", 1, 2, "f", "c"))
    assert result.table[:, 0].tolist() == [1.0, 2.0]
    assert result.findings == ()


def test_blank_line_inside_is_a_lost_sample_when_the_count_says_so() -> None:
    text = SampleText(b"1\n\n3\n", 1, 3, "f", "c")
    assert np.array_equal(parse(text).table[:, 0], [1.0, np.nan, 3.0], equal_nan=True)
    assert codes(text) == [("unreadable_sample", "error")]


def test_double_spaced_file() -> None:
    assert parse(SampleText(b"1\n\n2\n\n3\n\n", 1, 3, "f", "c")).table[:, 0].tolist() == [1.0, 2.0, 3.0]


def test_several_values_on_a_line_when_the_header_says_so() -> None:
    result = parse(SampleText(b"1 2 3\n4 5 6\n", 1, 6, "f", "c"))
    assert result.table[:, 0].tolist() == [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]
    assert result.findings == ()


def test_several_values_on_a_line_otherwise_are_an_error() -> None:
    assert codes(SampleText(b"1 2\n3 4\n5 6\n", 1, 3, "f", "c")) == [("unreadable_sample", "error")]


@pytest.mark.parametrize(
    ("count", "declared", "severity"),
    [(999, 1000, "warning"), (1001, 1000, "warning"), (900, 1000, "error"), (1100, 1000, "error")],
)
def test_count_that_differs_from_the_header(count: int, declared: int, severity: str) -> None:
    text = text_of(["1.5"] * count, declared)
    assert codes(text) == [("sample_count", severity)]
    assert parse(text).table.shape == (count, 1)


def test_file_cut_inside_its_last_number() -> None:
    # 1.383120E+02 cut to 1.383: still a number, but a wrong one.
    text = text_of(["1.383120E+02", "-2.500000E+01", "1.383"], 4, end="")
    result = parse(text)
    assert np.array_equal(result.table[:, 0], [138.312, -25.0, np.nan], equal_nan=True)
    assert codes(text) == [("truncated", "error"), ("sample_count", "error")]


def test_cut_inside_the_very_last_sample() -> None:
    text = text_of(["1.383120E+02", "-2.500000E+01", "1.383"], 3, end="")
    assert math.isnan(parse(text).table[2, 0])
    assert codes(text) == [("truncated", "error")]


def test_complete_file_without_last_line_end() -> None:
    text = text_of(["1.383120E+02", "-2.500000E+01", "1.383120E+00"], 3, end="")
    assert codes(text) == []
    assert parse(text).table[2, 0] == 1.38312


def test_no_sample_at_all() -> None:
    text = SampleText(b"\n\n", 1, 3500, "f", "c")
    assert codes(text) == [("no_samples", "error")]
    assert parse(text).table.shape == (0, 1)


def test_two_columns() -> None:
    result = parse(text_of(["-0.1\t1", "0.0\t2"], columns=2))
    assert result.table.tolist() == [[-0.1, 1.0], [0.0, 2.0]]


@settings(max_examples=200)
@given(st.binary(max_size=300), st.one_of(st.none(), st.integers(0, 10**9)), st.integers(1, 2))
def test_any_bytes_are_survived(data: bytes, declared: int | None, columns: int) -> None:
    text = SampleText(data, 1, declared, "f", "c", columns)
    for result in (parse(text), parse_all([text, text])[1]):
        assert result.table.ndim == 2
        assert result.table.shape[1] == columns
        for finding in result.findings:
            assert finding.text("en")
            assert finding.text("zh")
