"""What the laboratory itself says about a channel: comments, data status, filters already applied.

Does not belong here: anything computed from the samples.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from carindex.messages import Finding, Severity
from carindex.recordings.quality.limits import criterion_reads, limits, number, rows_for, words
from carindex.recordings.quality.signal import Signal, Test

_CLASS = re.compile(r"CFC[\s_-]*(\d+)", re.IGNORECASE)
NUMBER = re.compile(r"[-+]?\d+(?:[.,]\d+)?(?:[eE][-+]?\d+)?")


def remark_of(signal: Signal) -> str:
    """Return the laboratory's comments on a channel and its name, blanks tidied; may be empty."""
    table = limits()["remarks"]
    texts = [
        value
        for key, value in signal.attributes.items()
        if any(word in key for word in table["comment_keys"])
    ]
    texts.append(signal.channel.name)
    spoken = [text.strip() for text in texts if text.strip().casefold() not in table["nothing"]]
    return "; ".join(dict.fromkeys(spoken))


def status_of(signal: Signal) -> str:
    """Return the data status code of the header (NHTSA: AM, CF, CM, MN, QD), or an empty text."""
    return signal.attribute(limits()["remarks"]["status_keys"]).upper()


def valid_until(signal: Signal) -> float | None:
    """Return the time in s up to which the laboratory calls the channel valid, else ``None``."""
    match = words(limits()["remarks"]["until"]).search(remark_of(signal))
    if match is None:
        return None
    number_text, unit = (match[1], match[2]) if match[1] else (match[3], match[4])
    return float(number_text) * (1e-3 if unit.casefold() in ("ms", "msec", "毫秒") else 1.0)


def laboratory_remark(signal: Signal) -> Iterator[Finding]:
    """Report comments and status codes by which the laboratory withdraws or doubts a channel.

    Data that the laboratory does not stand behind rate nobody: error. Valid up to a time after which nothing
    is needed, or a channel that no criterion reads: warning.
    """
    table = limits()["remarks"]
    remark, status = remark_of(signal), status_of(signal)
    said: Severity | None = next(
        (rule["severity"] for rule in table["rules"] if words(rule["words"]).search(remark)), None
    )
    by_status: Severity | None = table["status"].get(status)
    if said is None and by_status is None:
        return
    severity: Severity = "error" if "error" in (said, by_status) else "warning"
    until = valid_until(signal)
    if until is not None and until >= number("record", "needed_end"):
        severity = "warning"
    if not criterion_reads(signal.code):
        severity = "warning"
    yield signal.finding("laboratory_remark", severity, remark=remark or "-", status=status or "-")


def recording_remark(test: Test) -> Iterator[Finding]:
    """Report a comment on the whole test that speaks of bad data; it may mean any channel."""
    table = limits()["remarks"]
    for key, value in test.attributes.items():
        if not any(word in key for word in table["comment_keys"]):
            continue
        if any(words(rule["words"]).search(value) for rule in table["rules"]):
            place = str(test.recording.path)
            yield Finding("recordings.recording_remark", "warning", place, None, {"remark": value})


def _stated_class(signal: Signal) -> tuple[float, str] | None:
    """Return the lowest class already applied, and how it is stated."""
    assert signal.code is not None
    table = limits()
    stated: list[tuple[float, str]] = []
    letter = signal.code.filter_class
    if letter in table["filter_classes"]["letters"]:
        stated.append((float(table["filter_classes"]["letters"][letter]), letter))
    pre_filter = signal.attribute(table["pre_filter_keys"])
    if match := _CLASS.search(pre_filter):
        stated.append((float(match[1]), pre_filter))
    if match := NUMBER.match(signal.attribute(table["cut_off_keys"])):
        frequency = float(match[0].replace(",", "."))
        if frequency > 0:
            stated.append((frequency / table["filter_classes"]["corner"], f"{frequency:g} Hz"))
    return min(stated, default=None)


def filter_applied(signal: Signal) -> Iterator[Finding]:
    """Report a filter lower than the class that a criterion needs: peaks are cut for good."""
    rows = rows_for(signal.code, "filter_classes", "rows")
    if not rows or signal.code is None:
        return
    lowest = rows[0]["lowest"]
    stated = _stated_class(signal)
    # 1 % for cut-off frequencies that are printed rounded (1650 Hz for CFC 1000).
    if stated is not None and stated[0] < lowest * 0.98:
        yield signal.finding(
            "filtered_too_low", "warning", stated=stated[1], cfc=f"{stated[0]:.0f}", lowest=lowest
        )
    elif signal.code.filter_class in limits()["filter_classes"]["unknown"]:
        yield signal.finding("filter_unknown", "warning", stated=signal.code.filter_class, lowest=lowest)


def already_filtered(test: Test) -> Iterator[Finding]:
    """Report once how many channels come filtered: they are not filtered down to that class again."""
    letters = limits()["filter_classes"]["letters"]
    filtered = [s for s in test.signals if s.code is not None and s.code.filter_class in letters]
    if filtered:
        yield Finding(
            "recordings.already_filtered",
            "note",
            str(test.recording.path),
            None,
            {
                "count": len(filtered),
                "total": len(test.signals),
                "letters": ", ".join(sorted({s.code.filter_class for s in filtered if s.code is not None})),
            },
        )
