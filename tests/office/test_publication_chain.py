"""The signed log: whole when it is, and every way of tampering found."""

from __future__ import annotations

import base64
import copy
import hashlib
import json
import os
import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st

from carindex.messages import LANGUAGES, InputError
from carindex.office.publication.chain import Tip, head_of, key_record, record_after, tip_after, verify
from carindex.office.publication.exported import as_lines, read_log, verify_file, write_file
from carindex.office.publication.signing import SigningKey, digest, load_key, new_key

START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
KEYS = [SigningKey(Ed25519PrivateKey.from_private_bytes(bytes([i]) * 32)) for i in range(1, 4)]


def _log(kinds: list[str]) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """A log with a record of each kind; ``key`` brings in the next key."""
    number, tip, records = 0, Tip(), []
    records.append(key_record(tip, KEYS[0], START, None))
    tip = tip_after(tip, records[-1])
    for i, kind in enumerate(kinds):
        at = START + timedelta(hours=i)
        if kind == "key" and number + 1 < len(KEYS):
            records.append(key_record(tip, KEYS[number + 1], at, KEYS[number], "yearly"))
            number += 1
        else:
            body = {"car": f"Example {i}", "outcome": {"stars": 5}, "score": 0.1 + i}
            records.append(record_after(tip, "result", body, at, KEYS[number]))
        tip = tip_after(tip, records[-1])
    return records, head_of(tip, START + timedelta(days=9), KEYS[number])


RECORDS, END = _log(["result", "result", "key", "result", "result", "key", "result"])


def test_a_log_is_whole_and_names_its_keys() -> None:
    found = verify(RECORDS, END, place="log", trusted=KEYS[0].public.fingerprint)
    assert found.whole
    assert found.records == len(RECORDS)
    assert found.keys == tuple(key.public.fingerprint for key in KEYS)


def test_the_chain_by_hand() -> None:
    # digest: SHA-256 of the record with sorted keys and no spaces; the next record holds it
    text = json.dumps(RECORDS[3], sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    assert RECORDS[4]["previous"] == hashlib.sha256(text.encode()).hexdigest()


def test_any_value_altered_is_found() -> None:
    for i, record in enumerate(RECORDS):
        for name, value in record.items():
            altered = copy.deepcopy(RECORDS)
            altered[i][name] = (
                value + 1 if isinstance(value, int) else {"x": 1} if name == "body" else f"{value}0"
            )
            found = verify(altered, END, place="log")
            assert not found.whole, (i, name)
            for finding in found.findings:
                assert all(finding.line(language) for language in LANGUAGES)


@given(st.data())
@settings(max_examples=80)
def test_records_taken_out_moved_or_doubled_are_found(data: st.DataObject) -> None:
    order = data.draw(st.lists(st.integers(0, len(RECORDS) - 1), max_size=len(RECORDS) + 1))
    found = verify([RECORDS[i] for i in order], END, place="log")
    assert found.whole == (order == list(range(len(RECORDS))))


def test_a_truncated_log_is_found_wherever_it_is_cut() -> None:
    for count in range(len(RECORDS)):
        codes = {finding.code for finding in verify(RECORDS[:count], END, place="log").findings}
        assert "office/publication.head_differs" in codes
        assert not verify(RECORDS[:count], None, place="log").whole


def test_an_old_head_needs_an_earlier_copy_to_be_found() -> None:
    short, old_head = _log(["result", "result"])
    assert verify(short, old_head, place="log").whole  # rolled back, and consistent in itself
    earlier = [digest(record) for record in RECORDS]
    found = verify(short, old_head, place="log", earlier=earlier)
    assert [finding.code for finding in found.findings] == ["office/publication.history_differs"]
    assert verify(RECORDS, END, place="log", earlier=[digest(record) for record in short]).whole


def test_a_forged_log_under_another_key_is_found_by_the_fingerprint() -> None:
    forger = SigningKey(Ed25519PrivateKey.from_private_bytes(b"f" * 32))
    first = key_record(Tip(), forger, START, None)
    tip = tip_after(Tip(), first)
    head = head_of(tip, START, forger)
    assert verify([first], head, place="log").whole
    assert not verify([first], head, place="log", trusted=KEYS[0].public.fingerprint).whole


def test_a_record_signed_anew_in_its_place_breaks_the_chain() -> None:
    # whoever holds the key can sign another content, but the next record holds the digest of the first one
    tip = tip_after(Tip(), RECORDS[0])
    other = record_after(tip, "result", {"car": "another"}, START, KEYS[0])
    found = verify([RECORDS[0], other, *RECORDS[2:]], END, place="log")
    assert [(f.code, f.place) for f in found.findings] == [("office/publication.chain_broken", "log: 3")]


def test_a_retired_key_signs_nothing_more() -> None:
    whole = RECORDS[:4]  # the last brings in the second key
    tip = Tip()
    for record in whole:
        tip = tip_after(tip, record)
    with pytest.raises(ValueError, match="cannot go on"):
        record_after(tip, "result", {}, START + timedelta(days=1), KEYS[0])
    forged = record_after(
        Tip(tip.number, tip.digest, tip.at, ""), "result", {}, START + timedelta(days=1), KEYS[0]
    )
    end = tip_after(tip, forged)
    codes = {f.code for f in verify([*whole, forged], head_of(end, START, KEYS[1]), place="log").findings}
    assert "office/publication.wrong_key" in codes


def test_a_key_cannot_be_brought_in_without_its_own_proof() -> None:
    tip = tip_after(Tip(), RECORDS[0])
    stolen = dict(RECORDS[3]["body"])  # proof of another place in the log
    record = record_after(tip, "key", stolen, START + timedelta(hours=1), KEYS[0])
    end = Tip(2, digest(record), record["at"], KEYS[0].public.fingerprint)
    codes = [f.code for f in verify([RECORDS[0], record], head_of(end, START, KEYS[0]), place="log").findings]
    assert codes == ["office/publication.bad_key"]


def test_a_signature_of_one_kind_is_none_of_another() -> None:
    signature = KEYS[0].sign("publication head", {"a": 1})
    assert KEYS[0].public.signed("publication head", {"a": 1}, signature)
    assert not KEYS[0].public.signed("publication record", {"a": 1}, signature)


def test_files(tmp_path: Path) -> None:
    file = tmp_path / "log" / "publications.jsonl"
    data = "".join(as_lines(RECORDS, END)).encode()
    write_file(file, data)
    assert verify_file(file).whole
    assert not list(file.parent.glob(".*"))
    # another spelling of the same values is not what was signed
    spaced = data.replace(b'"kind":"result"', b'"kind": "result"', 1)
    write_file(file, spaced)
    assert verify_file(file).findings[0].code == "office/publication.not_a_record"
    earlier = tmp_path / "earlier.jsonl"
    write_file(earlier, "".join(as_lines(*_log(["result"]))).encode())
    write_file(file, data)
    assert verify_file(file, earlier=earlier).whole
    for bad in (b"", b"hello\n", b"[1]\n", b'{"format":"other"}\n', b"\xff\xfe"):
        write_file(file, bad)
        with pytest.raises(InputError):
            read_log(file)


@given(st.integers(0, 10**6), st.integers(0, 255))
@settings(max_examples=150)
def test_any_byte_changed_is_found(at: int, byte: int) -> None:
    data = bytearray("".join(as_lines(RECORDS, END)).encode())
    at %= len(data)
    if data[at] == byte:
        return
    data[at] = byte
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "log"
        file.write_bytes(data)
        assert not verify_file(file).whole


def test_key_files_are_their_owners_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    os.umask(0o000)
    try:
        key = new_key(tmp_path / "keys")
    finally:
        os.umask(0o022)
    (file,) = (tmp_path / "keys").iterdir()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    fingerprint = key.public.fingerprint
    assert load_key(tmp_path / "keys", fingerprint).public == key.public
    assert "PRIVATE" not in repr(key)
    file.chmod(0o640)
    with pytest.raises(InputError) as raised:
        load_key(tmp_path / "keys", fingerprint)
    assert raised.value.code == "office/publication.key_open"
    monkeypatch.setenv("CARINDEX_KEY_PASSPHRASE", "a long passphrase")
    secret = new_key(tmp_path / "keys").public.fingerprint
    assert load_key(tmp_path / "keys", secret).public.fingerprint == secret
    monkeypatch.setenv("CARINDEX_KEY_PASSPHRASE", "another")
    with pytest.raises(InputError):
        load_key(tmp_path / "keys", secret)
    with pytest.raises(InputError):
        load_key(tmp_path / "keys", "0" * 64)


def _checked_by_the_documentation(lines: list[str]) -> bool:
    """Another checker, written from docs/office/verification.md with nothing of the package."""
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    def signed(raw: bytes, kind: str, said: dict, signature: str) -> bool:
        text = json.dumps(said, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        try:
            message = f"carindex {kind}\n{text}".encode()
            Ed25519PublicKey.from_public_bytes(raw).verify(base64.b64decode(signature), message)
        except InvalidSignature:
            return False
        return True

    previous, key = "", None
    for number, line in enumerate(lines[:-1], start=1):
        record = json.loads(line)
        body = record["body"]
        new = base64.b64decode(body["public"]) if record["kind"] == "key" else None
        signer = key or new
        rest = {name: value for name, value in record.items() if name != "signature"}
        sound = record["number"] == number and record["previous"] == previous
        sound &= record["key"] == hashlib.sha256(signer).hexdigest()
        sound &= signed(signer, "publication record", rest, record["signature"])
        if new is not None:
            proved = {name: body[name] for name in ("public", "fingerprint", "reason")}
            proved |= {"number": number, "previous": previous}
            sound &= signed(new, "key proof", proved, body["proof"])
            key = new
        if not sound:
            return False
        previous = hashlib.sha256(line.encode()).hexdigest()
    head = json.loads(lines[-1])
    rest = {name: value for name, value in head.items() if name != "signature"}
    return (
        head["count"] == len(lines) - 1
        and head["digest"] == previous
        and signed(key, "publication head", rest, head["signature"])
    )


def test_whoever_has_the_documentation_can_check_the_log() -> None:
    lines = "".join(as_lines(RECORDS, END)).splitlines()
    assert _checked_by_the_documentation(lines)
    assert not _checked_by_the_documentation([*lines[:2], *lines[3:]])
    assert not _checked_by_the_documentation([line.replace('"stars":5', '"stars":4', 1) for line in lines])
