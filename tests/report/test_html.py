"""The page: everything that was found stands in it, it adds up, and it needs nothing from outside."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from html.parser import HTMLParser
from itertools import pairwise

import pytest

from carindex.dossier.folder import Dossier
from carindex.messages import Language
from carindex.rating import Plan, Rating, rate
from carindex.report.document import Document, document_of
from carindex.report.evidence import below
from carindex.report.html import page

_VOID = {"meta", "br", "link", "img", "input", "hr"}


class _Page(HTMLParser):
    """Collects the text, the tags with their attributes, and whether every tag is closed."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: Sequence[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in _VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: Sequence[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open, f"</{tag}> closes nothing"
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if not self.open or self.open[-1] != "style":
            self.words.append(data)

    @property
    def text(self) -> str:
        return re.sub(r"\s+", " ", " ".join(self.words).replace("\N{NO-BREAK SPACE}", " "))

    def values(self, attribute: str) -> list[str]:
        return [value for _, attributes in self.tags if (value := attributes.get(attribute)) is not None]


def _squeezed(text: str) -> str:
    return re.sub(r"\s+", " ", text)


@pytest.fixture(scope="module")
def charts() -> dict[str, str]:
    return {}


@pytest.fixture(scope="module", params=["en", "zh"])
def document(
    request: pytest.FixtureRequest, rating: Rating, car: Dossier, charts: dict[str, str]
) -> Document:
    return document_of([rating], car, request.param, charts=charts, other_file="other.html")


@pytest.fixture(scope="module")
def parsed(document: Document) -> _Page:
    return _Page(page(document))


def test_the_verdict_comes_before_everything_else(parsed: _Page, document: Document) -> None:
    assert parsed.text.index("★★★★★") < parsed.text.index(document.sections[0].top[0].why)


def test_every_loss_is_shown_with_its_reason_and_the_total_is_theirs(
    parsed: _Page, document: Document, rating: Rating
) -> None:
    assert sorted(parsed.values("data-loss")) == sorted(loss.path for loss in rating.losses)
    for loss in rating.losses:
        assert _squeezed(loss.why[document.language]) in parsed.text
    total = 100 * sum(loss.points for loss in rating.losses)
    assert total == pytest.approx(100 * (rating.root.maximum - rating.root.upper), abs=1e-9)
    assert f"{total:.3f} %" in parsed.text
    shown = [float(row.points.removesuffix(" %").replace("−", "-")) for row in document.sections[0].losses]
    assert sum(shown) == pytest.approx(total, abs=0.0005 * len(shown))


def test_the_top_losses_and_the_rest_add_up_too(document: Document, rating: Rating) -> None:
    section = document.sections[0]
    assert section.rest is not None
    shown = [float(row.points.removesuffix(" %")) for row in (*section.top, section.rest)]
    assert sum(shown) == pytest.approx(100 * (rating.root.maximum - rating.root.upper), abs=0.004)


def test_every_node_is_in_the_tree_once(parsed: _Page, rating: Rating) -> None:
    assert sorted(parsed.values("data-node")) == sorted(node.path for node in rating.nodes)


def test_every_finding_is_shown(parsed: _Page, document: Document, rating: Rating, car: Dossier) -> None:
    assert car.findings
    for finding in (*car.findings, *rating.findings):
        assert _squeezed(finding.text(document.language)) in parsed.text
        assert _squeezed(finding.consequence(document.language)) in parsed.text


def test_every_fact_of_the_rating_is_shown_with_its_origin(
    parsed: _Page, rating: Rating, car: Dossier
) -> None:
    facts = {fact.name: fact for node in rating.nodes for fact in node.facts}
    assert sorted(parsed.values("data-fact")) == sorted(facts)
    for fact in facts.values():
        assert _squeezed(below(fact.origin, car)) in parsed.text


def test_every_criterion_is_in_the_table(parsed: _Page, car: Dossier) -> None:
    count = sum(len(test.measurements.values) for test in car.tests)
    assert count > 40
    assert len(parsed.values("data-criterion")) == count


def test_values_published_by_the_laboratory_stand_beside_ours(document: Document) -> None:
    rows = {row.id: row for group in document.evidence.criteria for row in group.rows}
    driver = "full_width_rigid_56/driver/h3_50m"
    assert rows[f"{driver}/hic15"].published == "140 (77.7–92.7)"
    assert rows[f"{driver}/hic36"].published == ""
    assert rows[f"{driver}/femur_left"].published == "−1923"
    assert rows["full_width_rigid_56/front_passenger/h3_05f/hic15"].published == "335 (67.8–82.8)"


def test_published_outcomes_are_compared(parsed: _Page, document: Document, car: Dossier) -> None:
    section = document.sections[0]
    assert len(section.comparisons) == len(car.published["us-ncap-2011"]) == 12
    assert all(item.equal for item in section.comparisons)
    assert section.comparison_summary in parsed.text


def test_every_rule_has_its_source(parsed: _Page, document: Document, rating: Rating) -> None:
    assert len(document.sections[0].rules) == len(rating.nodes)
    for node in rating.plan.nodes.values():
        assert _squeezed(node.node.source) in parsed.text


def test_provenance(parsed: _Page, rating: Rating, car: Dossier) -> None:
    assert rating.protocol.hash in parsed.text
    for name, digest in car.inputs.items():
        assert name in parsed.text
        assert digest in parsed.text


def test_a_chart_for_each_measured_criterion_that_the_rating_uses(document: Document, rating: Rating) -> None:
    measured = {fact.name for node in rating.nodes for fact in node.facts if fact.details.get("channels")}
    assert len(document.evidence.charts) == len(measured) == 14
    assert document.evidence.other_charts
    assert all(item.svg.startswith("<svg") for item in document.evidence.charts)


def test_nothing_is_loaded_from_outside(document: Document) -> None:
    text = page(document)
    parsed = _Page(text)
    links = [*parsed.values("href"), *parsed.values("src")]
    assert links
    assert all(link.startswith("#") or link == "other.html" for link in links)
    assert "http://" not in text
    assert "https://" not in text
    assert "@import" not in text
    assert "<script" not in text
    assert not re.search(r"url\((?!#)", text)


def test_links_inside_the_page_lead_somewhere(parsed: _Page) -> None:
    ids = parsed.values("id")
    assert len(ids) == len(set(ids))
    assert {link[1:] for link in parsed.values("href") if link.startswith("#")} <= set(ids)


def test_a_page_can_be_heard(parsed: _Page, document: Document) -> None:
    names = [tag for tag, _ in parsed.tags]
    assert names.count("h1") == names.count("main") == names.count("nav") == 1
    assert ("html", {"lang": "zh-Hans" if document.language == "zh" else "en"}) in parsed.tags
    levels = [int(tag[1]) for tag in names if re.fullmatch(r"h[1-6]", tag)]
    assert all(after - before <= 1 for before, after in pairwise(levels))
    assert names.count("caption") == names.count("table")
    for tag, attributes in parsed.tags:
        if tag == "th":
            assert attributes.get("scope") in ("row", "col")
        if tag == "figure":
            assert attributes.get("class") in ("occupant", "signal", "drawn")
    pictures = [attributes for tag, attributes in parsed.tags if attributes.get("role") == "img"]
    assert len(pictures) == names.count("figure")


def test_the_page_is_small(document: Document) -> None:
    assert len(page(document).encode()) < 3_000_000


def test_no_path_of_this_machine_is_told(document: Document, car: Dossier) -> None:
    assert str(car.path) not in page(document)


def test_the_same_input_gives_the_same_page(rating: Rating, car: Dossier) -> None:
    first, second = (page(document_of([rating], car, "en")) for _ in range(2))
    assert first == second


@pytest.mark.parametrize("language", ["en", "zh"])
def test_an_open_rating_shows_its_interval_and_what_is_missing(
    partly_rated: Rating, partly_known: Dossier, language: Language
) -> None:
    document = document_of([partly_rated], partly_known, language)
    parsed = _Page(page(document))
    section = document.sections[0]
    assert section.verdict.outcome == ("★ to ★★★★★" if language == "en" else "★ 至 ★★★★★")
    assert not section.verdict.final
    assert section.verdict.outcome in parsed.text
    assert partly_rated.missing
    for name in partly_rated.missing:
        assert name in parsed.text
    assert ("not final" if language == "en" else "结果未定") in parsed.text
    assert ("Assumed scores" if language == "en" else "假定得分") in parsed.text
    root = partly_rated.root
    assert f"{100 * (root.maximum - root.upper):.3g} %" in parsed.text
    assert f"{100 * (root.maximum - root.lower):.3g} %" in parsed.text
    assert all(item.equal is None for item in section.comparisons if item.name == section.tree[0].name)


def test_a_car_without_recordings_has_no_signals(partly_rated: Rating, partly_known: Dossier) -> None:
    document = document_of([partly_rated], partly_known, "en")
    assert document.evidence.charts == ()
    assert "no recorded test" in _Page(page(document)).text


def test_grades_assumptions_modifiers_and_unverified_rules(graded: Rating, partly_known: Dossier) -> None:
    # head 2 of 4 (150 in the middle of 100 to 200), chest 4 cut to 2, inspection assumed 1.5 of 2: 5.5 of 10
    document = document_of([graded], partly_known, "en")
    parsed = _Page(page(document))
    section = document.sections[0]
    assert section.verdict.outcome == "Marginal"
    assert section.verdict.figures == (("Score", "5.500 / 10"),)
    assert section.verdict.assumed
    assert section.assumed == (("Inspection <b>", "1.500 / 2"),)
    assert "rules not verified or not known: 2 of 4" in parsed.text
    assert [(row.points, row.path) for row in section.losses] == [
        ("2.000", "chest"),
        ("2.000", "head"),
        ("0.500", "inspection_b"),
    ]
    assert section.total == "4.500"
    assert "maximum 10 minus score 5.500" in section.adds_up
    assert "Steering wheel" in parsed.text
    bars = {row.path: (row.low, row.high) for row in section.tree}
    assert bars["head"] == (0.5, 0.5)
    assert bars[""] == (0.55, 0.55)


def test_what_a_file_says_is_never_taken_for_markup(graded: Rating, partly_known: Dossier) -> None:
    text = page(document_of([graded], partly_known, "en"))
    assert "Inspection <b>" not in text
    assert "Inspection &lt;b&gt;" in text


def test_several_programmes_share_one_report(
    rating: Rating, graded: Rating, car: Dossier, charts: dict[str, str]
) -> None:
    document = document_of([rating, graded], car, "en", charts=charts)
    parsed = _Page(page(document))
    assert [section.id for section in document.sections] == ["us-ncap-2011", "invented-grades"]
    assert {"us-ncap-2011", "invented-grades"} <= set(parsed.values("id"))
    assert len(parsed.values("data-node")) == len(rating.nodes) + len(graded.nodes)


def test_outcomes_published_by_another_programme_are_not_compared(graded: Rating, car: Dossier) -> None:
    assert car.published
    assert document_of([graded], car, "en").sections[0].comparisons == ()


def test_an_outcome_that_differs_is_said(rating: Rating, car: Dossier) -> None:
    other = replace(car, published={"": {"": "4", "frontal": "5"}}, tests=())
    section = document_of([rating], other, "en").sections[0]
    assert [item.equal for item in section.comparisons] == [False, True]
    assert section.comparisons[0].published == "★★★★☆"
    assert section.comparison_summary == "1 of 2 published outcomes are equal."


def test_a_car_of_which_nothing_is_known(us_ncap: Plan, partly_known: Dossier) -> None:
    empty = replace(partly_known, facts=(), findings=(), inputs={}, published={}, identity={}, car="")
    document = document_of([rate(us_ncap, [])], empty, "zh")
    parsed = _Page(page(document))
    assert "★ 至 ★★★★★" in parsed.text
    assert "未命名车辆" in parsed.text
