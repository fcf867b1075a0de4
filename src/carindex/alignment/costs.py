"""Files in which users say what something costs: YAML, JSON or CSV, a name and its cost."""

from __future__ import annotations

import csv
import math
from pathlib import Path

from carindex.messages import InputError

_EXPECTED = {
    "en": "a mapping of names to costs (YAML, JSON), or lines NAME,COST (CSV)",
    "zh": "名称到代价的映射（YAML、JSON），或每行 名称,代价（CSV）",
}


def read_mapping(path: Path) -> dict[str, object]:
    """Read names and what they cost, as they are written.

    Raises
    ------
    InputError
        When the file cannot be read or has another shape, or names something twice.
    """
    import yaml  # JSON is YAML

    try:
        text = path.read_text("utf-8-sig")
        if path.suffix.lower() == ".csv":
            return _lines(path, text)
        node = yaml.compose(text, yaml.SafeLoader)
        data = yaml.safe_load(text)
    except OSError as error:
        raise InputError(path, "dossier.unreadable", reason=error.strerror, expected=_EXPECTED) from None
    except (UnicodeDecodeError, ValueError) as error:
        raise InputError(path, "dossier.unreadable", reason=error, expected=_EXPECTED) from None
    except yaml.YAMLError as error:
        reason = " ".join(str(error).split())
        raise InputError(path, "dossier.unreadable", reason=reason, expected=_EXPECTED) from None
    if data is None:
        return {}
    if not isinstance(data, dict):
        raise InputError(path, "dossier.unreadable", reason=type(data).__name__, expected=_EXPECTED)
    seen: set[str] = set()
    # a mapping keeps the last of two alike, and nothing would say so
    for key, _ in () if node is None else node.value:
        if key.value in seen:
            place = f"{path}:{key.start_mark.line + 1}"
            raise InputError(place, "alignment.named_twice", name=key.value)
        seen.add(key.value)
    return {str(key): value for key, value in data.items()}


def read_costs(path: Path) -> dict[str, float]:
    """Read names and what they cost, every cost a number above 0.

    Raises
    ------
    InputError
        When the file cannot be read, or a cost is something else.
    """
    found = {}
    for name, value in read_mapping(path).items():
        try:
            cost = math.nan if isinstance(value, bool) else float(value)  # type: ignore[arg-type]
        except (TypeError, ValueError):
            cost = math.nan
        if not (math.isfinite(cost) and cost > 0):
            raise InputError(f"{path}: {name}", "alignment.not_a_cost", text=str(value))
        found[name] = cost
    return found


def _lines(path: Path, text: str) -> dict[str, object]:
    found: dict[str, object] = {}
    for number, line in enumerate(csv.reader(text.splitlines()), 1):
        cells = [cell.strip() for cell in line]
        if not any(cells):
            continue
        if len(cells) != 2:
            raise InputError(
                f"{path}:{number}", "dossier.unreadable", reason=",".join(cells), expected=_EXPECTED
            )
        name, cost = cells
        if number == 1 and cost.lower() in ("effort", "cost"):
            continue
        if name in found:
            raise InputError(f"{path}:{number}", "alignment.named_twice", name=name)
        found[name] = cost
    return found
