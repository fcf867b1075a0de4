"""Changes between protocols in words, box by box; the same change of several parts is said once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from carindex import __version__
from carindex.alignment.changes import Change, Changes
from carindex.alignment.items import Limits
from carindex.messages import Language
from carindex.rating import Plan, schema
from carindex.report.alignment.crosswalk import limits_text
from carindex.report.labels import label
from carindex.report.rules import adjustment_text, condition_text, kind_name, kind_of, line_text, rule_text
from carindex.report.wording import (
    dummy_name,
    in_language,
    limit_figure,
    occupant_name,
    path_text,
    percent,
    quantity_name,
    test_name,
)

_SIGNS = {"at_least": "≥", "above": ">", "below": "<", "at_most": "≤"}
NOTHING = "–"


@dataclass(frozen=True)
class ShownChange:
    """A change in words: whether something came, went or is another; the parts that it is of; what it is."""

    sign: str
    kind: str
    parts: tuple[str, ...]
    text: str
    changes: tuple[Change, ...]


@dataclass(frozen=True)
class ShownBox:
    """A part of the programme and its changes."""

    name: str
    changes: tuple[ShownChange, ...]


@dataclass(frozen=True)
class ShownChanges:
    """All changes, ready to be laid out."""

    title: str
    summary: str
    boxes: tuple[ShownBox, ...]


def shown(made: Changes, language: Language) -> ShownChanges:
    """Prepare the changes between two protocols."""
    boxes: dict[str, list[Change]] = {}
    for change in made.changes:
        boxes.setdefault(change.box, []).append(change)
    heads = [plan.protocol.head for plan in (made.first, made.second)]
    names = [f"{in_language(head.programme, language)}, {head.edition}" for head in heads]
    return ShownChanges(
        label("changes_title", language, first=names[0], second=names[1]),
        label("changes_summary", language, count=len(made.changes), boxes=len(boxes)),
        tuple(
            ShownBox(_box_name(made, box, language), _grouped(made, box, some, language))
            for box, some in boxes.items()
        ),
    )


def _box_name(made: Changes, box: str, language: Language) -> str:
    if not box:
        return label("changes_whole", language)
    in_both = [box in plan.nodes for plan in (made.first, made.second)]
    plan = made.second if in_both[1] else made.first
    name = in_language(plan.nodes[box].node.label, language)
    if all(in_both):
        return name
    return label("changes_new_box" if in_both[1] else "changes_gone_box", language, box=name)


def _grouped(made: Changes, box: str, some: list[Change], language: Language) -> tuple[ShownChange, ...]:
    found: dict[tuple[str, str], list[Change]] = {}
    for change in some:
        found.setdefault((change.kind, change_text(made, change, language)), []).append(change)
    return tuple(
        ShownChange(
            _sign(kind),
            kind,
            tuple(dict.fromkeys(_part(made, change, box, language) for change in alike)),
            text,
            tuple(alike),
        )
        for (kind, text), alike in found.items()
    )


def _sign(kind: str) -> str:
    if kind.endswith("new"):
        return "+"
    return "−" if kind.endswith("removed") else "→"


def _part(made: Changes, change: Change, box: str, language: Language) -> str:
    """Return the part that changes, by its labels below the box."""
    plan, path = (
        (made.second, change.path_after)
        if change.path_after is not None
        else (made.first, change.path_before)
    )
    if path is None or path == "":
        return ""
    text = path_text(plan, path, language)
    if path == box:
        return ""
    return text.split(" › ", 1)[1] if box and path.startswith(f"{box}/") else text


def change_text(made: Changes, change: Change, language: Language) -> str:
    """Return what a change is, in words and numbers."""
    if change.kind in ("new", "removed"):
        worth = change.after if change.kind == "new" else change.before
        return label(f"change_{change.kind}", language, worth=_worth(worth, language))
    if change.kind == "table":
        key = "new" if change.before is None else "removed" if change.after is None else "changed"
        return label("change_table", language, of=change.of, change=label(f"change_table_{key}", language))
    before = _value(change.kind, change.before, made.first, change, language)
    after = _value(change.kind, change.after, made.second, change, language)
    words: dict[str, object] = {"before": before, "after": after}
    if change.kind in ("modifier_new", "star_cap_new"):
        words = {"after": after}
    elif change.kind in ("modifier_removed", "star_cap_removed"):
        words = {"before": before}
    elif change.kind == "star_line":
        words["of"] = change.of
    elif change.kind == "star_minimum":
        outcome, node = change.of
        plan = made.second if node in made.second.nodes else made.first
        words |= {"of": outcome, "node": path_text(plan, node, language) if node in plan.nodes else node}
    return label(f"change_{change.kind}", language, **words)


def _worth(worth: Any, language: Language) -> str:  # noqa: ANN401 - a pair of points and share
    points, share = worth
    figure = limit_figure(round(points, 4))
    if share is None:
        return label("change_worth_points", language, points=figure)
    return label("change_worth", language, points=figure, share=percent(share))


def _value(kind: str, value: Any, plan: Plan, change: Change, language: Language) -> str:  # noqa: ANN401
    """Return what one of the two protocols says."""
    if value is None:
        return label("change_always", language) if kind == "condition" else NOTHING
    if isinstance(value, Limits):
        other = change.before if isinstance(change.before, Limits) else value
        caps = {one.cap is None for one in (change.before, change.after) if isinstance(one, Limits)}
        return limits_text(value.within(other.unit), language, always_cap=len(caps) > 1)
    if isinstance(value, schema.Node):
        return _rule_of(value, change, language)
    if isinstance(value, schema.Adjustment):
        return adjustment_text(value, language)
    if isinstance(value, schema.OutcomeCap):
        return _cap(value, language)
    if isinstance(value, schema.Condition):
        return condition_text(value, language)
    named = {"test": test_name, "occupant": occupant_name, "dummy": dummy_name, "quantity": quantity_name}
    if kind in named:
        return named[kind](value, language)
    if kind == "renamed":
        return in_language(value, language)
    if kind == "moved":
        return path_text(plan, value, language)
    if kind == "weight":
        return percent(value)
    if kind == "star_line":
        return f"{_SIGNS[value[0]]} {line_text(value[1], language)}"
    if kind == "star_minimum":
        return f"≥ {line_text(value, language)}"
    if kind == "star_balance":
        return (
            ", ".join(path_text(plan, node, language) if node in plan.nodes else node for node in value)
            or NOTHING
        )
    if kind == "outcomes":
        return ", ".join(str(one) for one in value)
    return limit_figure(round(value, 4)) if isinstance(value, int | float) else str(value)


def _rule_of(spec: schema.Node, change: Change, language: Language) -> str:
    """Return the rule of a node: its kind alone where the kind is what changed, else with its numbers."""
    kinds = {kind_of(one) for one in (change.before, change.after) if isinstance(one, schema.Node)}
    return rule_text(spec, language) if len(kinds) == 1 else kind_name(kind_of(spec), language)


def _cap(cap: schema.OutcomeCap, language: Language) -> str:
    condition = condition_text(cap.when, language)
    if cap.lower_by is None:
        text = label("outcome_capped", language, outcome=cap.to, condition=condition)
    else:
        text = label("outcome_lowered", language, number=cap.lower_by, condition=condition)
    return text if cap.label is None else f"{in_language(cap.label, language)}: {text}"


def as_json(made: Changes, language: Language) -> dict[str, Any]:
    """Return all changes as plain values."""
    return {
        "first": made.first.protocol.id,
        "second": made.second.protocol.id,
        "changes": [
            {
                "kind": change.kind,
                "box": change.box,
                "path_before": change.path_before,
                "path_after": change.path_after,
                "of": _plain(change.of),
                "before": _plain(change.before),
                "after": _plain(change.after),
                "text": change_text(made, change, language),
            }
            for change in made.changes
        ],
        "engine": f"carindex {__version__}",
    }


def _plain(value: object) -> object:
    """Return a value as JSON can hold it; of rules and conditions what the file says."""
    import msgspec

    return msgspec.to_builtins(value)
