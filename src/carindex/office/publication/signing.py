"""Ed25519 signatures of documents, and the key files of an office.

A document is signed as the bytes of its canonical JSON after a word that says what kind of document it is, so that a
signature of one kind is never one of another. A private key is a PEM file that only its owner can read; one that others
can read is refused.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import os
import stat
from pathlib import Path

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

from carindex.messages import InputError
from carindex.office.store.columns import canonical

PASSPHRASE = "CARINDEX_KEY_PASSPHRASE"
"""Environment variable: passphrase of the key files; without one they are protected by their permissions alone."""
SETTING = "CARINDEX_OFFICE_KEYS"
"""Environment variable: folder of the key files; beside the kept files by default."""
_ENDING = ".pem"
_RAW = 32


class PublicKey(msgspec.Struct, frozen=True):
    """A public key: 32 bytes, and the SHA-256 of them as its name."""

    raw: bytes

    @property
    def fingerprint(self) -> str:
        """Name of the key."""
        return hashlib.sha256(self.raw).hexdigest()

    @property
    def text(self) -> str:
        """The key as base64."""
        return base64.b64encode(self.raw).decode()

    @classmethod
    def from_text(cls, text: object) -> PublicKey:
        """Return a key from base64.

        Raises
        ------
        ValueError
            When it is none.
        """
        try:
            raw = base64.b64decode(str(text), validate=True)
        except binascii.Error as error:
            raise ValueError(str(error)) from None
        if len(raw) != _RAW:
            raise ValueError("not 32 bytes")
        return cls(raw)

    def signed(self, kind: str, document: object, signature: object) -> bool:
        """Whether a signature (base64) is this key's, of a document of a kind."""
        try:
            given = base64.b64decode(str(signature), validate=True)
            Ed25519PublicKey.from_public_bytes(self.raw).verify(given, _message(kind, document))
        except (InvalidSignature, binascii.Error, ValueError):
            return False
        return True


class SigningKey:
    """A private key, with its public half."""

    def __init__(self, private: Ed25519PrivateKey) -> None:
        self._private = private
        self.public = PublicKey(private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw))

    def sign(self, kind: str, document: object) -> str:
        """Return the signature of a document of a kind, as base64."""
        return base64.b64encode(self._private.sign(_message(kind, document))).decode()

    def __repr__(self) -> str:
        return f"SigningKey({self.public.fingerprint[:16]})"


def _message(kind: str, document: object) -> bytes:
    return f"carindex {kind}\n".encode() + canonical(document).encode()


def digest(document: object) -> str:
    """Return the SHA-256 of a document's canonical JSON."""
    return hashlib.sha256(canonical(document).encode()).hexdigest()


def new_key(folder: Path) -> SigningKey:
    """Make a key and write its file, readable by its owner only.

    Raises
    ------
    InputError
        When the folder cannot be written.
    """
    private = Ed25519PrivateKey.generate()
    key = SigningKey(private)
    word = _passphrase()
    encryption = NoEncryption() if word is None else BestAvailableEncryption(word)
    pem = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption)
    file = _file(folder, key.public.fingerprint)
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        # created with its permissions, never open to others for a moment
        handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "wb") as out:
            out.write(pem)
            out.flush()
            os.fsync(out.fileno())
        _sync(folder)
    except OSError as error:
        raise InputError(file, "office/publication.key_not_written", reason=error.strerror) from None
    return key


def load_key(folder: Path, fingerprint: str) -> SigningKey:
    """Return the private key of a fingerprint.

    Raises
    ------
    InputError
        When its file is not there, can be read by others, cannot be opened, or holds another key.
    """
    file = _file(folder, fingerprint)
    try:
        mode = file.stat().st_mode
        pem = file.read_bytes()
    except OSError as error:
        raise InputError(file, "office/publication.no_key", reason=error.strerror) from None
    if os.name == "posix" and stat.S_IMODE(mode) & 0o077:
        raise InputError(file, "office/publication.key_open", mode=f"{stat.S_IMODE(mode):o}")
    try:
        private = load_pem_private_key(pem, _passphrase())
    except (ValueError, TypeError):
        raise InputError(file, "office/publication.key_unreadable", setting=PASSPHRASE) from None
    if not isinstance(private, Ed25519PrivateKey) or SigningKey(private).public.fingerprint != fingerprint:
        raise InputError(file, "office/publication.key_unreadable", setting=PASSPHRASE)
    return SigningKey(private)


def key_folder(files: Path) -> Path:
    """Return the folder of the key files of an office whose kept files lie in ``files``."""
    said = os.environ.get(SETTING, "")
    return Path(said) if said else files.parent / "keys"


def _file(folder: Path, fingerprint: str) -> Path:
    return folder / f"{fingerprint[:32]}{_ENDING}"


def _passphrase() -> bytes | None:
    word = os.environ.get(PASSPHRASE, "")
    return word.encode() if word else None


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
