"""The files that are written, and the printed document."""

from __future__ import annotations

import re
import zlib
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

import carindex.report.pdf as pdf
from carindex.dossier.folder import Dossier
from carindex.messages import InputError, Language
from carindex.rating import Rating
from carindex.report import write_reports
from carindex.report.document import document_of

needs_font = pytest.mark.skipif(pdf.font_folder() is None, reason="no font with Chinese characters")


def _pages(data: bytes) -> int:
    """Count the pages of a PDF, also where its objects are compressed."""
    streams = re.findall(rb"stream\r?\n(.*?)\r?\nendstream", data, re.DOTALL)
    texts = [data]
    for stream in streams:
        try:
            texts.append(zlib.decompress(stream))
        except zlib.error:
            continue
    return sum(len(re.findall(rb"/Type\s*/Page\b(?!s)", text)) for text in texts)


def _mapped(data: bytes) -> str:
    """Return every character that the fonts of a PDF are said to show."""
    found = ""
    for stream in re.findall(rb"stream\r?\n(.*?)\r?\nendstream", data, re.DOTALL):
        try:
            text = zlib.decompress(stream)
        except zlib.error:
            continue
        if b"beginbfchar" in text or b"beginbfrange" in text:
            found += "".join(chr(int(code, 16)) for code in re.findall(rb"<([0-9A-Fa-f]{4})>", text))
    return found


def test_one_language_gives_a_page_and_a_document(
    partly_rated: Rating, partly_known: Dossier, tmp_path: Path
) -> None:
    written = write_reports([partly_rated], partly_known, tmp_path / "new" / "folder", "en")
    assert [file.name for file in written] == ["report.html", "report.pdf"]
    data = written[1].read_bytes()
    assert data.startswith(b"%PDF")
    assert _pages(data) > 1


@needs_font
def test_both_languages_link_to_each_other(
    partly_rated: Rating, partly_known: Dossier, tmp_path: Path
) -> None:
    written = write_reports([partly_rated], partly_known, tmp_path, "zh", both_languages=True)
    assert [file.name for file in written] == ["report.html", "report.pdf", "report.en.html", "report.en.pdf"]
    assert 'href="report.en.html"' in written[0].read_text("utf-8")
    assert 'href="report.html"' in written[2].read_text("utf-8")
    assert '<html lang="zh-Hans">' in written[0].read_text("utf-8")


@needs_font
def test_chinese_is_printed_in_chinese_characters(rating: Rating, car: Dossier) -> None:
    data = pdf.printed(document_of([rating], car, "zh"))
    assert set("评级报告主要失分项头部") <= set(_mapped(data))
    assert _pages(data) > 3


@pytest.mark.parametrize("language", ["en", pytest.param("zh", marks=needs_font)])
def test_the_same_input_gives_the_same_document(
    graded: Rating, partly_known: Dossier, language: Language
) -> None:
    document = document_of([graded], partly_known, language)
    assert pdf.printed(document) == pdf.printed(document)


def test_without_the_font_chinese_is_refused_and_english_still_printed(
    graded: Rating, partly_known: Dossier, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pdf, "FONT_PACKAGE", "no_such_package")
    assert pdf.printed(document_of([graded], partly_known, "en")).startswith(b"%PDF")
    with pytest.raises(InputError, match="no-such-package") as refused:
        write_reports([graded], partly_known, tmp_path, "en", both_languages=True)
    assert "no-such-package" in refused.value.line("zh")
    assert sorted(file.name for file in tmp_path.iterdir()) == ["report.html", "report.pdf", "report.zh.html"]


def test_a_car_of_which_almost_nothing_is_known_is_printed(graded: Rating, partly_known: Dossier) -> None:
    empty = replace(partly_known, facts=(), findings=(), inputs={}, published={}, identity={})
    assert pdf.printed(document_of([msgspec.structs.replace(graded, inputs={})], empty, "en")).startswith(
        b"%PDF"
    )


def test_a_folder_that_cannot_be_written_is_said(
    graded: Rating, partly_known: Dossier, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="cannot be written"):
        write_reports([graded], partly_known, tmp_path / "file", "en")
