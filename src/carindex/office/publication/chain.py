"""The log of publications: records signed and chained to each other, a signed head that counts them.

Pure: makes and examines documents, knows neither database nor files. A record holds the digest of the record before
it, so none can be altered, taken out or put in; the head holds the number of records and the digest of the last, so
none can be cut off at the end. Who keeps an earlier copy finds out if history was written anew with the office's own
key (``earlier`` of `verify`).

The first record names the first key and is signed by it. A later ``key`` record names the next one, is signed by the
one before, and holds a proof by the new one; from there on only the new key signs.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec

from carindex.messages import Finding
from carindex.office.publication.signing import PublicKey, SigningKey, digest
from carindex.office.store.columns import instant

FORMAT = "carindex-publication-1"
HEAD = "carindex-publication-head-1"
KEY = "key"
"""Kind of the records that bring in a key."""
_RECORD, _HEAD, _PROOF = "publication record", "publication head", "key proof"
_FIELDS = frozenset({"format", "number", "previous", "at", "kind", "body", "key", "signature"})
_HEAD_FIELDS = frozenset({"format", "count", "digest", "at", "key", "signature"})

Document = dict[str, Any]


class Tip(msgspec.Struct, frozen=True):
    """Where a log ends: number and digest of the last record, its moment, and the key that signs the next one."""

    number: int = 0
    digest: str = ""
    at: str = ""
    key: str = ""


class Verification(msgspec.Struct, frozen=True):
    """What was found in a log.

    Attributes
    ----------
    records
        How many records were read.
    keys
        Fingerprints of its keys, the first first.
    tip
        Where it ends.
    findings
        What is wrong, each an error; none: all is whole.
    """

    records: int
    keys: tuple[str, ...]
    tip: Tip
    findings: tuple[Finding, ...]

    @property
    def whole(self) -> bool:
        """Whether nothing is wrong."""
        return not self.findings


def record_after(tip: Tip, kind: str, body: Mapping[str, Any], at: datetime, key: SigningKey) -> Document:
    """Return the next record of a log, signed.

    Raises
    ------
    ValueError
        When the moment lies before the last record's, or the key is not the one in force: mistakes in the program.
    """
    moment = instant(at)
    if moment < tip.at or tip.key not in ("", key.public.fingerprint):
        raise ValueError("the log cannot go on like that")
    record: Document = {
        "format": FORMAT,
        "number": tip.number + 1,
        "previous": tip.digest,
        "at": moment,
        "kind": kind,
        "body": dict(body),
        "key": key.public.fingerprint,
    }
    record["signature"] = key.sign(_RECORD, record)
    return record


def key_record(tip: Tip, new: SigningKey, at: datetime, old: SigningKey | None, reason: str = "") -> Document:
    """Return the record that brings in a key: signed by the old one, or by itself where it is the first."""
    public = new.public
    body = {"public": public.text, "fingerprint": public.fingerprint, "reason": reason}
    body["proof"] = new.sign(_PROOF, {**body, "number": tip.number + 1, "previous": tip.digest})
    return record_after(tip, KEY, body, at, old or new)


def tip_after(tip: Tip, record: Document) -> Tip:
    """Return where a log ends after a record that `record_after` or `key_record` made."""
    key = record["body"]["fingerprint"] if record["kind"] == KEY else record["key"]
    return Tip(record["number"], digest(record), record["at"], key)


def head_of(tip: Tip, at: datetime, key: SigningKey) -> Document:
    """Return the signed head: how many records there are, and the digest of the last."""
    head: Document = {
        "format": HEAD,
        "count": tip.number,
        "digest": tip.digest,
        "at": instant(at),
        "key": key.public.fingerprint,
    }
    head["signature"] = key.sign(_HEAD, head)
    return head


def verify(
    records: Iterable[object],
    head: object,
    *,
    place: str,
    trusted: str | None = None,
    earlier: Sequence[str] | None = None,
) -> Verification:
    """Examine a log.

    Parameters
    ----------
    records
        The records, as read; anything may be among them.
    head
        The signed head, ``None`` where there is none.
    place
        What is examined, for findings.
    trusted
        Fingerprint of the first key, as the office made it known elsewhere. Without it the log shows only that it is of
        one piece, not whose it is.
    earlier
        Digests of the records of an earlier copy, which this log must begin with.
    """
    found: list[Finding] = []
    keys: dict[str, PublicKey] = {}
    tip, count = Tip(), 0
    digests: list[str] = []

    def wrong(code: str, number: int | None = None, **parameters: object) -> None:
        where = place if number is None else f"{place}: {number}"
        found.append(Finding(f"office/publication.{code}", "error", where, None, parameters))

    for count, record in enumerate(records, start=1):
        if not isinstance(record, dict) or record.keys() != _FIELDS or record["format"] != FORMAT:
            wrong("not_a_record", count)
            tip = Tip(count, "", tip.at, tip.key)
            digests.append("")
            continue
        if record["number"] != count:
            wrong("wrong_number", count, said=record["number"])
        if record["previous"] != tip.digest:
            wrong("chain_broken", count)
        if not isinstance(record["at"], str) or record["at"] < tip.at:
            wrong("time_goes_back", count)
        _check_signature(record, tip, keys, count, wrong)
        key = tip.key
        if record["kind"] == KEY:
            key = _new_key(record, tip, keys, count, wrong) or key
        tip = Tip(count, digest(record), str(record["at"]), key)
        digests.append(tip.digest)
    if trusted is not None and next(iter(keys), None) != trusted:
        wrong("not_trusted", None, first=next(iter(keys), "-"), trusted=trusted)
    _check_head(head, tip, keys, count, wrong)
    if earlier is not None and digests[: len(earlier)] != list(earlier):
        wrong("history_differs", None, count=len(earlier))
    return Verification(count, tuple(keys), tip, tuple(found))


def _check_signature(
    record: Document,
    tip: Tip,
    keys: Mapping[str, PublicKey],
    number: int,
    wrong: Any,  # noqa: ANN401 - the function that notes what is wrong
) -> None:
    signer = keys.get(tip.key)
    if signer is None and number == 1 and record["kind"] == KEY:
        try:  # the first key vouches for itself
            signer = PublicKey.from_text(record["body"]["public"])
        except (ValueError, LookupError, TypeError):
            signer = None
    if signer is None or record["key"] != signer.fingerprint:
        wrong("wrong_key", number, key=str(record["key"])[:16])
        return
    signed = {name: value for name, value in record.items() if name != "signature"}
    if not signer.signed(_RECORD, signed, record["signature"]):
        wrong("bad_signature", number)


def _new_key(
    record: Document,
    tip: Tip,
    keys: dict[str, PublicKey],
    number: int,
    wrong: Any,  # noqa: ANN401
) -> str | None:
    body = record["body"]
    try:
        key = PublicKey.from_text(body["public"])
        proved = {name: body[name] for name in ("public", "fingerprint", "reason")}
        proof, said = body["proof"], body["fingerprint"]
    except (ValueError, LookupError, TypeError):
        wrong("bad_key", number)
        return None
    proved |= {"number": record["number"], "previous": record["previous"]}
    if said != key.fingerprint or not key.signed(_PROOF, proved, proof):
        wrong("bad_key", number)
        return None
    keys[key.fingerprint] = key
    return key.fingerprint


def _check_head(
    head: object,
    tip: Tip,
    keys: Mapping[str, PublicKey],
    count: int,
    wrong: Any,  # noqa: ANN401
) -> None:
    if head is None:
        wrong("no_head")
        return
    if not isinstance(head, dict) or head.keys() != _HEAD_FIELDS or head["format"] != HEAD:
        wrong("bad_head")
        return
    signer = keys.get(tip.key)
    signed = {name: value for name, value in head.items() if name != "signature"}
    if head["count"] != count or head["digest"] != tip.digest:
        wrong("head_differs", None, said=head["count"], count=count)
        # a log that was cut off may end before the key that signed the head came in
        signer = keys.get(str(head["key"])) or signer
    if (
        signer is None
        or head["key"] != signer.fingerprint
        or not signer.signed(_HEAD, signed, head["signature"])
    ):
        wrong("bad_head")
