"""Drawings in the page and in the printed document."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from tests.report.pictures.conftest import read

from carindex.dossier import Fact
from carindex.dossier.folder import Dossier
from carindex.messages import LANGUAGES, Language
from carindex.rating import Rating, compile_protocol, load_protocol, rate
from carindex.report import pdf
from carindex.report.document import document_of
from carindex.report.html import page
from carindex.report.pictures import Palette, impact_map_picture, load_case_picture, matrix_picture
from carindex.report.pictures.from_protocol import impact_map, load_cases, matrix

needs_font = pytest.mark.skipif(pdf.font_folder() is None, reason="no font with Chinese characters")


@pytest.fixture(scope="module")
def balanced() -> Rating:
    scores = {"safe_driving": 60, "crash_avoidance": 42, "crash_protection": 37, "post_crash": 90}
    facts = [Fact(f"given:{stage}", float(score), "1") for stage, score in scores.items()]
    facts += [Fact("car/test_year", 0.0, "1"), Fact("car/critical_body_region_without_points", 0.0, "1")]
    return rate(compile_protocol(load_protocol("euro-ncap-2026")), facts, car="C")


def _dossier() -> Dossier:
    return Dossier(Path("car"), "C", {}, (), (), (), {}, {})


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_balance_stands_in_the_page(balanced: Rating, language: Language) -> None:
    document = document_of([balanced], _dossier(), language)
    (picture,) = document.sections[0].balances
    text = page(document)
    assert 'class="drawn"' in text
    assert text.count("data-stage=") == 4
    assert picture.title in text
    assert re.sub(r"[^\w]", "", picture.text) in re.sub(r"[^\w]", "", text)
    assert document.sections[0].verdict.outcome == "☆☆☆☆☆"


@needs_font
def test_the_balance_stands_in_the_printed_document(balanced: Rating) -> None:
    for language in LANGUAGES:
        with_it = pdf.printed(document_of([balanced], _dossier(), language))
        assert with_it.startswith(b"%PDF")


def test_programmes_without_a_balance_show_none(rating: Rating, car: Dossier) -> None:
    assert document_of([rating], car, "en").sections[0].balances == ()


@needs_font
@pytest.mark.parametrize("language", LANGUAGES)
def test_every_drawing_can_be_printed(
    language: Language, body_colours: Palette, map_colours: Palette, matrix_colours: Palette
) -> None:
    import typst

    drawn_map = impact_map(
        read("crash-protection/vru-head.yaml"), read("crash-protection/vru-leg.yaml"), {"0/0": "green"}
    )
    entry = read("crash-avoidance/matrices-frontal-car-ptw.yaml")["ccrs"]
    pictures = [
        impact_map_picture(drawn_map, map_colours, language),
        matrix_picture(matrix("ccrs", entry, {"0/0": "Green"}), matrix_colours, language),
        *(
            load_case_picture(case, body_colours, language)
            for name in ("frontal-offset", "rear-whiplash")
            for case in load_cases(read(f"crash-protection/{name}.yaml"), {})
        ),
    ]
    compiler = typst.Compiler(
        font_paths=[str(pdf.font_folder())],
        ignore_system_fonts=True,
        sys_inputs={"drawn": json.dumps([picture.svg for picture in pictures])},
    )
    template = b'#for svg in json(bytes(sys.inputs.drawn)) { image(bytes(svg), format: "svg", width: 80%) }'
    assert bytes(compiler.compile(template, format="pdf")).startswith(b"%PDF")
