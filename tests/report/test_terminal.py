"""What the command line shows."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from rich.cells import cell_len

from carindex.dossier.folder import Dossier
from carindex.messages import Finding, Language
from carindex.rating import Plan, Rating, available_protocols, load_protocol
from carindex.rating.compiled import compiled
from carindex.rating.verification import counts
from carindex.report import terminal
from carindex.report.translations import translated

_WIDTHS = ["70", "100", "160"]


@dataclass(frozen=True)
class _Difference:
    path: str
    field: str
    before: object
    after: object


@pytest.fixture(params=_WIDTHS)
def width(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> int:
    monkeypatch.setenv("COLUMNS", request.param)
    return int(request.param)


def _fits(text: str, width: int) -> None:
    assert max(cell_len(line) for line in text.splitlines()) <= width
    assert "\x1b" not in text


@pytest.mark.parametrize("language", ["en", "zh"])
def test_nothing_is_wider_than_the_terminal(
    rating: Rating,
    partly_rated: Rating,
    graded: Rating,
    us_ncap: Plan,
    grades: Plan,
    car: Dossier,
    width: int,
    language: Language,
    capsys: pytest.CaptureFixture[str],
) -> None:
    for one in (rating, partly_rated, graded):
        terminal.show_rating(one, language, bounds=True)
        terminal.show_losses(one, language, 3)
    for plan in (us_ncap, grades):
        terminal.show_protocol(plan, language)
        terminal.show_check(plan, language)
    terminal.show_protocols([us_ncap.protocol, grades.protocol], language)
    terminal.show_recording(car.tests[0].recording, language)
    terminal.show_criteria(car.tests[0].measurements, language)
    terminal.show_findings(car.findings, language)
    terminal.show_differences([_Difference("head", "scale", [500, 700], None)], language)
    _fits(capsys.readouterr().out, width)


def test_the_verdict_comes_first(rating: Rating, capsys: pytest.CaptureFixture[str]) -> None:
    terminal.show_rating(rating, "en", bounds=False)
    lines = [line for line in capsys.readouterr().out.splitlines() if line.strip()]
    assert lines[0] == rating.car
    assert lines[2].startswith("★★★★★  (final)")


def test_an_interval_and_what_is_missing(partly_rated: Rating, capsys: pytest.CaptureFixture[str]) -> None:
    terminal.show_rating(partly_rated, "en", bounds=True)
    text = capsys.readouterr().out
    assert "★ to ★★★★★  (not final, with assumed scores)" in text
    for name in partly_rated.missing:
        assert name in text
    assert "Assumed scores" in text


def test_every_node_has_a_line(rating: Rating, capsys: pytest.CaptureFixture[str]) -> None:
    terminal.show_rating(rating, "zh", bounds=False)
    text = capsys.readouterr().out
    assert all(node.label["zh"] in text for node in rating.nodes)


def test_losses_add_up(rating: Rating, capsys: pytest.CaptureFixture[str]) -> None:
    terminal.show_losses(rating, "en", 0)
    text = capsys.readouterr().out
    lost = 100 * (rating.root.maximum - rating.root.upper)
    assert f"The parts add up to {lost:.3f} %" in text
    for loss in rating.losses:
        assert f"{100 * loss.points:.3f} %" in text


def test_the_smaller_losses_are_added_up(rating: Rating, capsys: pytest.CaptureFixture[str]) -> None:
    terminal.show_losses(rating, "en", 2)
    text = capsys.readouterr().out
    rest = 100 * sum(loss.points for loss in rating.losses[2:])
    assert f"{rest:.3f} %" in text
    assert f"{len(rating.losses) - 2} smaller losses" in text


def test_points_and_grades(graded: Rating, capsys: pytest.CaptureFixture[str]) -> None:
    terminal.show_rating(graded, "en", bounds=False)
    terminal.show_losses(graded, "en", 0)
    text = capsys.readouterr().out
    assert "Marginal  (final, with assumed scores)" in text
    assert "5.500 / 10" in text
    assert "The losses add up to 4.500: maximum 10 minus score 5.500." in text
    assert "Steering wheel" in text


def test_criteria_show_value_window_channels_and_method(
    car: Dossier, capsys: pytest.CaptureFixture[str]
) -> None:
    terminal.show_criteria(car.tests[0].measurements, "en")
    text = capsys.readouterr().out
    for word in ("Driver", "Front passenger", "HIC15", "139.86", "77.7–92.7", "11HEAD0000H3ACX0", "334.95"):
        assert word in text


def test_a_recording_is_shown_whole_or_in_short(car: Dossier, capsys: pytest.CaptureFixture[str]) -> None:
    recording = car.tests[0].recording
    terminal.show_recording(recording, "en")
    whole = capsys.readouterr().out
    assert all(channel.code.text in whole for channel in recording if channel.code)
    terminal.show_recording(recording, "en", quiet=True)
    assert len(capsys.readouterr().out) < len(whole) / 2


def test_errors_come_first_and_findings_are_counted(capsys: pytest.CaptureFixture[str]) -> None:
    parameters = {"reason": "[bold]x"}
    findings = [
        Finding("report.not_written", "note", "place one", None, parameters),
        Finding("report.not_written", "error", "place two", "11HEAD0000H3ACX0", parameters),
        Finding("report.not_written", "note", "place one", None, parameters),
    ]
    terminal.show_findings(findings, "en")
    text = capsys.readouterr().out
    assert text.index("11HEAD0000H3ACX0") < text.index("place one")
    assert "[bold]x" in text
    assert "1 errors, 0 warnings, 1 notes" in text
    terminal.show_findings([], "zh")
    assert "未发现问题" in capsys.readouterr().out


def test_protocols_show_how_well_they_are_verified(
    us_ncap: Plan, grades: Plan, capsys: pytest.CaptureFixture[str]
) -> None:
    terminal.show_protocols([us_ncap.protocol, grades.protocol], "en")
    text = capsys.readouterr().out
    # a rule for each node, and the two scales that they share
    assert f"0/{len(us_ncap.nodes) + 2}/0/0/0" in text
    # two rules from the text, one unverified, one not known
    assert "0/0/2/1/1" in text


def test_a_protocol_shows_every_rule_with_its_numbers_and_facts(
    us_ncap: Plan, capsys: pytest.CaptureFixture[str]
) -> None:
    terminal.show_protocol(us_ncap, "en")
    text = capsys.readouterr().out
    for number in ("7.45231", "0.73998", "10.5456", "1.568", "0.4612"):
        assert number in text
    assert all(fact in text for fact in us_ncap.facts)


def test_a_check_counts_rules_and_formulas(us_ncap: Plan, capsys: pytest.CaptureFixture[str]) -> None:
    terminal.show_check(us_ncap, "en")
    text = capsys.readouterr().out
    assert "Named formulas: 2" in text
    assert f"Facts asked for: {len(us_ncap.facts)}" in text


def test_differences(capsys: pytest.CaptureFixture[str]) -> None:
    terminal.show_differences([], "en")
    assert "No differences" in capsys.readouterr().out
    terminal.show_differences([_Difference("chest", "limits", "[22, 42]", None)], "en")
    text = capsys.readouterr().out
    assert "chest" in text
    assert "[22, 42]" in text


@pytest.mark.parametrize("width", ["100", "140", None])
@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_protocol_takes_two_lines_at_most_with_its_bar(
    width: str | None, language: Language, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Of every shipped protocol, on a narrow and a wide screen and in a pipe: id, edition, dates, bar and counts."""
    monkeypatch.delenv("COLUMNS", raising=False)
    if width is not None:
        monkeypatch.setenv("COLUMNS", width)
    protocols = [load_protocol(name) for name in available_protocols()]
    terminal.show_protocols(protocols, language)
    lines = capsys.readouterr().out.splitlines()
    starts = {line.split()[0]: i for i, line in enumerate(lines) if line.startswith(" ") and line.split()}
    for protocol in protocols:
        at = starts[protocol.id]
        following = [
            i for i in starts.values() if i > at and lines[i].split()[0] in {p.id for p in protocols}
        ]
        own = lines[at : min(following, default=at + 2)]
        own = [line for line in own if line.strip() and not line.startswith("██")]
        assert len(own) <= 2, own
        text = " ".join(own)
        assert "/".join(str(count) for count in counts(protocol).values()) in text
        assert all(str(protocol.head.valid.get(end, "")) in text for end in ("from", "to"))
        assert translated(protocol.head.edition, language).split()[0] in text


@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_check_of_all_takes_one_line_each(
    language: Language, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "100")
    names = ["c-ncap-2024", "euro-ncap-2026", "iihs-moderate-overlap-2"]
    terminal.show_checks([compiled(name) for name in names], language)
    out = capsys.readouterr().out
    lines = [line for line in out.splitlines() if any(name in line for name in names)]
    assert len(lines) == 3
    assert all("/" in line and len(line) <= 100 for line in lines)
    assert "…" not in out


def test_rules_doubtful_for_one_reason_are_one_line_unless_everything_is_asked_for(
    capsys: pytest.CaptureFixture[str],
) -> None:
    plan = compiled("c-ncap-2018")
    reason = "driver and front passenger count as one"
    terminal.show_check(plan, "en")
    short = " ".join(capsys.readouterr().out.split())
    terminal.show_check(plan, "en", everything=True)
    everything = " ".join(capsys.readouterr().out.split())
    assert short.count(reason) == 1
    assert everything.count("recalled, not read") > short.count("recalled, not read")
    assert len(short) < len(everything) / 2


def test_lists_are_divided_and_nodes_named_as_the_language_does(capsys: pytest.CaptureFixture[str]) -> None:
    terminal.show_protocol(compiled("c-ncap-2024"), "zh")
    text = capsys.readouterr().out
    assert "乘员保护 ≥ 95" in text
    assert "occupant_protection ≥" not in text
    assert "; " not in text
    terminal.show_protocol(compiled("c-ncap-2024"), "en")
    assert "Occupant protection ≥ 95" in capsys.readouterr().out
