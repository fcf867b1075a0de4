"""The picture of an occupant: a seated dummy seen from the front, its body regions coloured by their band.

The value stands beside each region, so that the colour is never the only thing that says it. Regions that the
programme does not rate are grey.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape

from carindex.dossier import Fact
from carindex.messages import Language, statements
from carindex.rating import RatedNode, Rating
from carindex.report.bands import band_of, not_rated_colour
from carindex.report.evidence import fact_value
from carindex.report.labels import label
from carindex.report.wording import (
    MINUS,
    dummy_name,
    in_language,
    occupant_name,
    score_text,
    test_name,
)
from carindex.vocabulary import FactName, InvalidFactNameError

#: Outline of each body region, seen from the front: the dummy's left is on the right of the picture.
SHAPES: Mapping[str, str] = {
    "head": "M210 22c19 0 30 14 30 34 0 22-13 40-30 40s-30-18-30-40c0-20 11-34 30-34z",
    "neck": "M198 97q12 5 24 0l2 17h-28z",
    "chest": "M194 117h32c20 1 38 7 43 21l-12 66q-47 8-94 0l-12-66c5-14 23-20 43-21z",
    "abdomen": "M164 208q46 8 92 0l3 32q-49 8-98 0z",
    "pelvis": "M160 244q50 8 100 0l7 30q-8 12-30 12h-54q-22 0-30-12z",
    "right_femur": (
        "M152 280C168 290 188 294 206 291L201 336C182 344 158 342 139 332C141 312 146 294 152 280Z"
    ),
    "left_femur": (
        "M268 280C252 290 232 294 214 291L219 336C238 344 262 342 281 332C279 312 274 294 268 280Z"
    ),
    "right_knee": (
        "M138 337C158 347 182 349 201 341C202 352 200 362 196 368"
        "C178 374 158 373 142 366C138 358 137 347 138 337Z"
    ),
    "left_knee": (
        "M282 337C262 347 238 349 219 341C218 352 220 362 224 368"
        "C242 374 262 373 278 366C282 358 283 347 282 337Z"
    ),
    "right_tibia": "M146 372C160 377 176 378 192 374L184 444C174 447 164 447 155 444Z",
    "left_tibia": "M274 372C260 377 244 378 228 374L236 444C246 447 256 447 265 444Z",
}
#: Parts of the picture that no region stands for: seat, arms and feet.
SEAT = (
    "M176 14q34-10 68 0 10 4 9 16l-4 62h-78l-4-62q-1-12 9-16z",
    "M140 112q70-16 140 0 14 5 15 22l9 150q-94 20-188 0l9-150q1-17 15-22z",
    "M118 268h184q10 0 12 10l8 56q1 12-11 12H109q-12 0-11-12l8-56q2-10 12-10z",
)
LIMBS = (
    "M147 141q-14 4-19 22l-10 60q-1 8 7 9t11-6l15-48z",
    "M273 141q14 4 19 22l10 60q1 8-7 9t-11-6l-15-48z",
    "M118 236q8-6 14 0l22 34q6 12-4 17t-17-5l-17-32q-4-9 2-14z",
    "M302 236q-8-6-14 0l-22 34q-6 12 4 17t17-5l17-32q4-9-2-14z",
    "M154 449C164 452 174 452 184 449L190 464C178 474 160 474 148 464Z",
    "M266 449C256 452 246 452 236 449L230 464C242 474 260 474 272 464Z",
)
#: Where the text of a region stands (side, height) and which point of the region its line leads to.
_CALLOUTS: Mapping[str, tuple[str, int, int, int]] = {
    "head": ("right", 44, 236, 50),
    "neck": ("left", 96, 200, 107),
    "chest": ("right", 132, 258, 156),
    "abdomen": ("left", 200, 168, 224),
    "pelvis": ("right", 232, 258, 260),
    "right_femur": ("left", 292, 150, 314),
    "left_femur": ("right", 304, 270, 314),
    "right_knee": ("left", 352, 146, 355),
    "left_knee": ("right", 362, 274, 355),
    "right_tibia": ("left", 416, 156, 412),
    "left_tibia": ("right", 422, 264, 412),
}
REGIONS = tuple(SHAPES)
_WIDTH, _HEIGHT, _MARGIN = 420, 488, 4
#: Letters of small text that fit beside the picture; Chinese characters count twice.
_LETTERS = 28


@dataclass(frozen=True)
class RatedRegion:
    """One body region of an occupant: which node rates it and what it was rated on."""

    region: str
    name: str
    node: RatedNode
    value: str
    facts: tuple[str, ...]
    colour: str
    band: str


@dataclass(frozen=True)
class OccupantFigure:
    """An occupant of a test with the regions that a programme rates, and the picture of them."""

    test: str
    occupant: str
    dummy: str
    regions: tuple[RatedRegion, ...]
    svg: str


def occupant_figures(rating: Rating, language: Language) -> tuple[OccupantFigure, ...]:
    """Return one figure for each occupant of each test that a rating rates, in the order of its tree."""
    found: dict[tuple[str, str, str], dict[str, RatedNode]] = {}
    rated = {node.path: node for node in rating.nodes}
    for path, regions, key in _region_nodes(rating):
        node = rated[path]
        for region in regions:
            known = found.setdefault(key, {}).get(region)
            if known is None or _worse(node, known):
                found[key][region] = node
    figures = []
    for (test, seat, dummy), nodes in found.items():
        regions_of = tuple(
            _region(region, nodes[region], rating, language) for region in REGIONS if region in nodes
        )
        names = (test_name(test, language), occupant_name(seat, language), dummy_name(dummy, language))
        figures.append(OccupantFigure(*names, regions_of, draw(regions_of, names, language)))
    return tuple(figures)


def _region_nodes(rating: Rating) -> list[tuple[str, tuple[str, ...], tuple[str, str, str]]]:
    """Return the topmost nodes that speak of one region of one occupant, and leaves that speak of several."""
    found: list[tuple[str, tuple[str, ...], tuple[str, str, str]]] = []
    plan = rating.plan
    pending = [plan.protocol.root]
    while pending:
        node = pending.pop(0)
        regions: dict[str, None] = {}
        keys: dict[tuple[str, str, str], None] = {}
        for slot in plan.facts_below(node.path):
            try:
                name = FactName.parse(plan.facts[slot])
            except InvalidFactNameError:
                continue
            region = plan.quantities[slot].region
            if region is not None and region in SHAPES and name.seat and name.dummy:
                regions[region] = None
                keys[name.test, name.seat, name.dummy] = None
        if len(keys) == 1 and (len(regions) == 1 or not node.children):
            found.append((node.path, tuple(regions), next(iter(keys))))
        elif keys:
            pending = [*node.children, *pending]
    return found


def _worse(node: RatedNode, other: RatedNode) -> bool:
    if node.score is None or other.score is None:
        return node.score is None
    return node.score / (node.maximum or 1.0) < other.score / (other.maximum or 1.0)


def _region(region: str, node: RatedNode, rating: Rating, language: Language) -> RatedRegion:
    plan = rating.plan
    known = {fact.name: fact for fact in _facts_below(rating, node)}
    texts = []
    for slot in plan.facts_below(node.path):
        quantity = plan.quantities[slot]
        fact = known.get(plan.facts[slot])
        if quantity.region != region or fact is None:
            continue
        # what stands in brackets, such as the sign convention, has no room in a picture
        name = in_language(quantity.label, language).split("（")[0].split(" (")[0]
        texts.append(f"{name} {fact_value(fact, language)}")
    band = band_of(node, language)
    return RatedRegion(
        region,
        label(f"region_{region}", language),
        node,
        score_text(node, language),
        tuple(texts),
        band.colour if band else not_rated_colour(),
        band.name if band else label(f"status_{node.status}", language),
    )


def _facts_below(rating: Rating, node: RatedNode) -> list[Fact]:
    below = f"{node.path}/"
    return [
        fact
        for other in rating.nodes
        if other.path == node.path or other.path.startswith(below)
        for fact in other.facts
    ]


def draw(regions: Sequence[RatedRegion], names: tuple[str, str, str], language: Language) -> str:
    """Return the picture as SVG, the same for the same regions."""
    by_name = {region.region: region for region in regions}
    title = ", ".join(name for name in names if name)
    spoken = statements((f"{region.name}: {region.value} ({region.band})" for region in regions), language)
    left, right = label("right_side", language), label("left_side", language)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="-50 0 {_WIDTH + 100} {_HEIGHT}" '
        f'width="{_WIDTH + 100}" height="{_HEIGHT}" role="img" font-family="Noto Sans CJK SC, sans-serif">',
        f"<title>{escape(title)}</title><desc>{escape(spoken)}</desc>",
        *(f'<path d="{path}" fill="#f3f5f7"/>' for path in SEAT),
        *(f'<path d="{path}" fill="{not_rated_colour()}"/>' for path in LIMBS),
    ]
    for region, path in SHAPES.items():
        rated = by_name.get(region)
        if rated is None:
            parts.append(f'<path d="{path}" fill="{not_rated_colour()}"/>')
            continue
        dashed = ' stroke="#6b7683" stroke-dasharray="3 2"' if rated.node.score is None else ""
        tip = f"<title>{escape(f'{rated.name}: {rated.value} ({rated.band})')}</title>"
        parts.append(f'<path d="{path}" fill="{rated.colour}"{dashed} data-region="{region}">{tip}</path>')
    parts.extend(_callout(by_name[region]) for region in REGIONS if region in by_name)
    parts.append(_text(142, _HEIGHT - 18, left, "end", "#566270", 11))
    parts.append(_text(278, _HEIGHT - 18, right, "start", "#566270", 11))
    return "".join([*parts, "</svg>"])


def _callout(rated: RatedRegion) -> str:
    side, y, x_to, y_to = _CALLOUTS[rated.region]
    at_right = side == "right"
    x = _WIDTH + 50 - _MARGIN if at_right else _MARGIN - 50
    anchor = "end" if at_right else "start"
    elbow = 318 if at_right else 102
    line = f'<path d="M{x} {y + 5}H{elbow}L{x_to} {y_to}" fill="none" stroke="#9aa5b1" stroke-width=".8"/>'
    dot = f'<circle cx="{x_to}" cy="{y_to}" r="1.8" fill="#4a5563"/>'
    parts = [
        line,
        dot,
        _text(x, y, rated.name, anchor, "#4a5563", 13),
        _text(x, y + 21, rated.value, anchor, "#16202c", 15.5, bold=True),
    ]
    lines = [line for text in rated.facts[:2] for line in _lines(text)]
    parts.extend(_text(x, y + 35 + 13 * i, text, anchor, "#4a5563", 11) for i, text in enumerate(lines))
    return "".join(parts)


def _lines(text: str) -> list[str]:
    """Return a text in one line, or its value on a second line where one has no room for it."""
    if sum(2 if ord(letter) > 0x2E80 else 1 for letter in text) <= _LETTERS:
        return [text]
    words = text.split(" ")
    at = next((i for i, word in enumerate(words) if word.lstrip(MINUS)[:1].isdigit()), 0)
    return [" ".join(words[:at]), " ".join(words[at:])] if at else [text]


def _text(x: float, y: float, text: str, anchor: str, colour: str, size: float, *, bold: bool = False) -> str:
    weight = ' font-weight="600"' if bold else ""
    return (
        f'<text x="{x}" y="{y}" text-anchor="{anchor}" fill="{colour}" font-size="{size}"{weight}>'
        f"{escape(text)}</text>"
    )
