"""The signal that a criterion was read from, as a chart: a Vega-Lite specification, rendered to SVG.

Charts carry no words, only times in ms, units and figures, so that every language and the page and the
printed document share them.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import partial
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from carindex.report.wording import figure, unit_text, window_text, with_unit
from carindex.side_by_side import side_by_side

if TYPE_CHECKING:
    from carindex.measures import Measured

ACCENT, MARK, INK, GRID = "#1d4e89", "#b3401f", "#16202c", "#e6e9ed"
WIDTH, HEIGHT = 520, 170
#: Two samples a column of pixels, the least and the greatest, are all that the eye can see.
_COLUMNS = WIDTH // 2
#: Fewer charts than these are drawn sooner than a second process has started to draw.
_MANY = 12
#: Texts are measured in a font that the renderer carries, so that a chart is the same on every machine, and shown
#: in that of the document.
_FONT, _SHOWN_FONT = "Liberation Sans", "Noto Sans CJK SC, sans-serif"
_COORDINATES = re.compile(r' (?:d|transform|x|y|x1|x2|y1|y2|width|height)="[^"]*"')
_NUMBER = re.compile(r"-?\d+\.\d{3,}")


def decimated(
    time: NDArray[np.float64], values: NDArray[np.float64], columns: int = _COLUMNS
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the samples that can be seen in a number of columns: least and greatest of each, in their order.

    Parameters
    ----------
    time, values
        Samples, shape ``(n,)``; samples that are not finite are left out.
    columns
        Number of columns; no more than twice as many samples remain.

    Returns
    -------
    tuple of arrays
        Time and values of the samples that remain; the greatest and the least of all are among them.
    """
    finite = np.isfinite(values) & np.isfinite(time)
    time, values = time[finite], values[finite]
    if values.size <= 2 * columns:
        return time, values
    edges = np.linspace(0, values.size, columns + 1).astype(np.intp)
    kept: set[int] = {0, values.size - 1}
    for start, end in pairwise(edges):
        part = values[start:end]
        kept.update((int(start + part.argmin()), int(start + part.argmax())))
    index = np.array(sorted(kept), np.intp)
    return time[index], values[index]


def charts_of(several: Sequence[Measured]) -> list[str | None]:
    """Return the charts of many criteria as `chart` does, drawn by two processes where that is possible."""
    if len(several) < _MANY:
        return _all(several)
    halves = side_by_side([partial(_all, several[::2]), partial(_all, several[1::2])])
    return [halves[i % 2][i // 2] for i in range(len(several))]


def _all(several: Sequence[Measured]) -> list[str | None]:
    return [chart(measured) for measured in several]


def chart(measured: Measured, *, width: int = WIDTH, height: int = HEIGHT) -> str | None:
    """Return the chart of a criterion as SVG, ``None`` where it has no signal to show."""
    spec = specification(measured, width=width, height=height)
    return None if spec is None else render(spec)


def specification(measured: Measured, *, width: int = WIDTH, height: int = HEIGHT) -> dict[str, Any] | None:
    """Return the chart of a criterion as a Vega-Lite specification."""
    trace = measured.trace()
    if trace is None:
        return None
    time, values = decimated(
        np.asarray(trace.time, np.float64), np.asarray(trace.values, np.float64), width // 2
    )
    if not values.size:
        return None
    samples = [
        {"t": round(1000 * float(t), 2), "v": _four(float(v))} for t, v in zip(time, values, strict=True)
    ]
    layers: list[dict[str, Any]] = []
    window = _window_of(measured)
    if window is not None:
        mark = {"type": "rect", "color": MARK, "opacity": 0.16}
        layers.append(_layer([{"a": 1000 * window[0], "b": 1000 * window[1]}], mark, x="a", x2="b"))
    layers.append(_layer([{"y": 0.0}], {"type": "rule", "color": "#aab3bd", "strokeWidth": 0.8}, y="y"))
    layers.append(_layer(samples, {"type": "line", "color": ACCENT, "strokeWidth": 1.2}, x="t", y="v"))
    layers.extend(_marks(measured, time, values))
    unit = unit_text(trace.unit)
    axis = {"labelColor": INK, "titleColor": INK, "labelFont": _FONT, "titleFont": _FONT, "gridColor": GRID}
    return {
        "$schema": "https://vega.github.io/schema/vega-lite/v5.json",
        "width": width,
        "height": height,
        "background": None,
        "padding": 2,
        "layer": layers,
        "encoding": {
            "x": {"type": "quantitative", "title": "ms", "scale": {"nice": False}, "axis": {"tickCount": 8}},
            "y": {
                "type": "quantitative",
                "title": unit or None,
                "axis": {"tickCount": 5, "format": "~f"},
                "scale": {"padding": 14},
            },
        },
        "config": {
            "view": {"stroke": None},
            "font": _FONT,
            "axis": {
                **axis,
                "domainColor": "#aab3bd",
                "tickColor": "#aab3bd",
                "tickSize": 4,
                "labelFontSize": 10,
                "titleFontSize": 10,
                "titleFontWeight": "normal",
            },
            "axisX": {"grid": False, "titleAnchor": "end", "titlePadding": 2},
            "axisY": {"titleAngle": 0, "titleAlign": "left", "titleY": -8, "titleX": -30, "domain": False},
        },
    }


def _window_of(measured: Measured) -> tuple[float, float] | None:
    """Return the window of a criterion in s, ``None`` where it was read from one instant or from no time."""
    if measured.t1 is None or measured.t2 is None or measured.t2 <= measured.t1:
        return None
    return measured.t1, measured.t2


def _layer(rows: list[dict[str, Any]], mark: dict[str, Any], **channels: str) -> dict[str, Any]:
    encoding: dict[str, Any] = {
        channel: {"field": field, "type": "quantitative"} for channel, field in channels.items()
    }
    for second in ("x2", "y2"):
        if second in encoding:
            del encoding[second]["type"]
    return {"data": {"values": rows}, "mark": mark, "encoding": encoding}


def _marks(
    measured: Measured, time: NDArray[np.float64], values: NDArray[np.float64]
) -> list[dict[str, Any]]:
    """Return what says how the criterion was read: level and window, or the point of the extreme."""
    trace = measured.trace()
    assert trace is not None
    layers: list[dict[str, Any]] = []
    text = with_unit(figure(measured.value), measured.unit)
    level = trace.level
    if level is not None:
        rule = {"type": "rule", "color": MARK, "strokeDash": [4, 3], "strokeWidth": 1}
        layers.append(_layer([{"y": float(level)}], rule, y="y"))
    window = _window_of(measured)
    if window is not None:
        inside = (time >= window[0]) & (time <= window[1])
        t, v = 500 * (window[0] + window[1]), 0.0
        if level is not None:
            v = float(level)
        elif inside.any():
            v = float(values[inside].max())
        text = f"{text}  ({window_text(*window)} ms)"
    else:
        at = int(np.abs(values).argmax())
        if measured.t1 is not None:
            at = int(np.abs(time - measured.t1).argmin())
        t, v = 1000 * float(time[at]), float(values[at])
        point = {"type": "point", "filled": True, "color": MARK, "size": 26, "opacity": 1}
        layers.append(_layer([{"t": t, "v": v}], point, x="t", y="v"))
        text = f"{text}  ({t:.1f} ms)"
    middle = 500 * float(time[0] + time[-1])
    to_left = t > middle
    mark = {
        "type": "text",
        "text": text,
        "align": "right" if to_left else "left",
        "dx": -9 if to_left else 9,
        "dy": -7 if v >= 0 else 9,
        "color": MARK,
        "font": _FONT,
        "fontSize": 11,
        "fontWeight": 600,
    }
    if window is not None:
        t = 1000 * (window[0] if to_left else window[1])
    layers.append(_layer([{"t": t, "v": v}], mark, x="t", y="v"))
    return layers


def _four(value: float) -> float:
    return float(f"{value:.5g}")


def render(spec: dict[str, Any]) -> str:
    """Return a Vega-Lite specification as SVG, its coordinates rounded to hundredths of a pixel."""
    import vl_convert

    svg = str(vl_convert.vegalite_to_svg(spec)).replace(f'"{_FONT}"', f'"{_SHOWN_FONT}"')
    return _COORDINATES.sub(lambda found: _NUMBER.sub(_hundredths, found.group()), svg)


def _hundredths(number: re.Match[str]) -> str:
    return f"{float(number.group()):.2f}".rstrip("0").rstrip(".")
