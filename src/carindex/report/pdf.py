"""The report as a printed document: the same content condensed, typeset with typst.

Nothing is fetched and nothing on the machine is used: the fonts are those inside typst and, for Chinese, the
package named here.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from importlib.resources import as_file, files
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from carindex.messages import InputError, Language
from carindex.report.alignment.readiness import ReadinessDocument
from carindex.report.comparison import Comparison
from carindex.report.document import Document
from carindex.report.labels import label, labels

#: Package that holds the font, the file in it and its family: Noto Sans CJK, SIL Open Font License 1.1.
FONT_PACKAGE, FONT_FILE, FONT_FAMILY = "manimgx_fonts_cjk", "NotoSansCJK-VF.otf.ttc", "Noto Sans CJK SC"
_PLAIN_WEIGHT = 500
#: Family that is inside typst, for documents without Chinese where the package is not installed.
EMBEDDED_FAMILY = "Libertinus Serif"


def printed(document: Document) -> bytes:
    """Return the report as PDF, the same bytes for the same document.

    Raises
    ------
    InputError
        When the document is Chinese and no font for it is installed.
    """
    return _typeset("report", _content(document), document.language)


def printed_comparison(comparison: Comparison) -> bytes:
    """Return a comparison of programmes as PDF, the same bytes for the same comparison.

    Raises
    ------
    InputError
        When it is Chinese and no font for it is installed.
    """
    heading = label("unused_heading", comparison.language, count=len(comparison.unused))
    return _typeset("comparison", {**asdict(comparison), "unused_heading": heading}, comparison.language)


def printed_readiness(readiness: ReadinessDocument) -> bytes:
    """Return the readiness of a car for a market as PDF, the same bytes for the same document.

    Raises
    ------
    InputError
        When it is Chinese and no font for it is installed.
    """
    return _typeset("readiness", asdict(readiness), readiness.language)


def _typeset(name: str, content: dict[str, Any], language: Language) -> bytes:
    import typst

    folder = font_folder()
    if folder is None and language == "zh":
        package = FONT_PACKAGE.replace("_", "-")
        raise InputError(f"{name}.pdf", "report.no_chinese_font", family=FONT_FAMILY, package=package)
    fonts = [EMBEDDED_FAMILY] if folder is None else ["Noto Sans CJK JP", FONT_FAMILY]
    words = {key: texts[language] for key, texts in labels().items()}
    data = json.dumps({"document": content, "label": words, "fonts": fonts}, ensure_ascii=False)
    templates = files("carindex.report").joinpath("templates")
    template = b"".join(templates.joinpath(f"{part}.typ").read_bytes() for part in ("shared", name))
    compiler = typst.Compiler(
        font_paths=[] if folder is None else [str(folder)],
        ignore_system_fonts=True,
        sys_inputs={"document": data},
    )
    result = compiler.compile(template, format="pdf", timestamp=0)
    assert isinstance(result, bytes)
    return result


def font_folder() -> Path | None:
    """Return the folder of the font with Chinese characters, ``None`` where it is not installed."""
    if find_spec(FONT_PACKAGE) is None:
        return None
    with as_file(files(FONT_PACKAGE).joinpath(FONT_FILE)) as file:
        return file.parent if file.is_file() else None


def _content(document: Document) -> dict[str, Any]:
    """Return what the template lays out of a report."""
    content = asdict(document)
    for section in content["sections"]:
        for figure in section["figures"]:
            # figures hold whole nodes, the pictures are all that is printed
            figure["regions"] = []
            figure["svg"] = _weighted(figure["svg"])
        for picture in section["balances"]:
            picture["svg"] = _weighted(picture["svg"])
        for gallery in section["galleries"]:
            for picture in gallery["pictures"]:
                picture["svg"] = _weighted(picture["svg"])
    for chart in content["evidence"]["charts"]:
        chart["svg"] = _weighted(chart["svg"])
    del content["evidence"]["other_charts"]
    return content


def _weighted(svg: str) -> str:
    """Return a picture whose plain text has a weight; without one, a variable font is drawn in its thinnest."""
    return svg.replace("<svg ", f'<svg font-weight="{_PLAIN_WEIGHT}" ', 1).replace(
        ' font-weight="normal"', ""
    )
