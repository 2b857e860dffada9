"""Keys in PEM: private ones that sign, and public ones that a caller trusts."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any, NamedTuple

from ..core.errors import HoldfastError

KINDS = "Use an EC key of the curve P-256, P-384 or P-521, or an Ed25519 key, as PEM."
CURVES = {"secp256r1": "SHA256", "secp384r1": "SHA384", "secp521r1": "SHA512"}
"""The digest that a curve is used with."""
ID_DIGITS = 16
MOST_BYTES = 2**20

Sign = Callable[[bytes], bytes]
"""Returns the signature of bytes: of ECDSA as DER."""


class SigningKey(NamedTuple):
    """A key that signs."""

    public_key: str
    """PEM (SubjectPublicKeyInfo)."""
    sign: Sign


class TrustedKey(NamedTuple):
    """A public key that a caller trusts."""

    hash: str
    """The SHA-256 of its PEM text: the `hint` of a bundle."""
    has_signed: Callable[[bytes, bytes], bool]

    @property
    def title(self) -> str:
        return f"the key {id_of(self.hash)}"


def id_of(key_hash: str) -> str:
    return key_hash[:ID_DIGITS]


def pem_in(given: str | Path, what: str) -> str:
    """Returns the PEM of a key, given as PEM or as a file path. Errors never contain it."""
    if isinstance(given, str) and "-----BEGIN" in given:
        return given
    hint = "Pass the path of a file, or PEM."
    try:
        with open(given, "rb") as file:
            return file.read(MOST_BYTES).decode()
    except UnicodeDecodeError:
        state, hint = "it is not PEM", KINDS
    except OSError as error:
        # Without the path: it may be a key in another form, passed by mistake.
        state = os.strerror(error.errno) if error.errno else "it cannot be opened"
        if what == "public key" and re.search("@|://", str(given)):
            hint += " Python checks no identities: run `holdfast signatures --signed-by IDENTITY`."
    except ValueError:
        state = "it is neither a path nor PEM"
    raise HoldfastError("Invalid", f"Cannot read the {what}: {state}", hint) from None


def _no_private_key(pem: str) -> tuple[str, str]:
    """Returns what is wrong with a key that is not a private key, and a hint."""
    public = re.search("-----BEGIN (PUBLIC KEY|CERTIFICATE)-----", pem)
    if public is None:
        return "the key is not a private key in PEM", KINDS
    return f"a {public[1].lower()} is given", "Pass the private key of the signer."


def read_signing_key(pem: str, passphrase: str | None = None) -> SigningKey:
    """Reads a private key. Errors never contain its text."""
    serialization = part("serialization")
    if re.search("BEGIN ENCRYPTED (COSIGN|SIGSTORE) ", pem):
        raise cannot("sign", "cosign wrote the key, in a format of its own", KINDS)
    is_encrypted = "ENCRYPTED" in pem
    if is_encrypted and passphrase is None:
        raise cannot("sign", "the key is encrypted", "Pass its passphrase, too.")
    password = passphrase.encode() if is_encrypted and passphrase is not None else None
    try:
        key = serialization.load_pem_private_key(pem.encode(), password)
    except Exception:
        state, hint = _no_private_key(pem)
        if is_encrypted:
            state, hint = "the passphrase does not open the key", "Pass the passphrase of this key."
        if re.search(r"-----BEGIN [A-Z ]+-----(\\n| *[\w+/])", pem):
            state = "the key has lost its line breaks"
            hint = 'Keep them in variables, secrets and shells: echo "$KEY", not echo $KEY.'
        raise cannot("sign", state, hint) from None
    public_key, digest = pem_of(key.public_key()), digest_of("sign", key)
    algorithm = () if digest is None else (ecdsa(digest),)

    def sign(data: bytes) -> bytes:
        return bytes(key.sign(data, *algorithm))

    return SigningKey(public_key, sign)


def read_public_key(pem: str) -> TrustedKey:
    """Reads the one public key in a text."""
    action = "check signatures"
    if "PRIVATE KEY" in pem:
        hint = "Pass the public key. Only the signer has the private one."
        raise cannot(action, "a private key is given", hint)
    # A certificate is not the key in it, whatever its dates.
    begins = re.findall(r"-----BEGIN ([^-\n]*)-----", pem)
    if "CERTIFICATE" in begins:
        hint = "Pass the public key of the signer, or run `holdfast signatures --signed-by FILE`."
        state = "Python compares public keys, and checks no certificates"
        raise HoldfastError("Unsupported", f"Cannot {action}: {state}", hint)
    no_key = "the key is not a public key in PEM"
    if begins != ["PUBLIC KEY"]:
        several = "one string contains several keys"
        raise cannot(action, several if len(begins) > 1 else no_key, KINDS)
    serialization = part("serialization")
    try:
        key = serialization.load_pem_public_key(pem.encode())
    except Exception:
        raise cannot(action, no_key, KINDS) from None
    digest = digest_of(action, key)
    algorithm = () if digest is None else (ecdsa(digest),)
    invalid = import_module("cryptography.exceptions").InvalidSignature

    def has_signed(data: bytes, signature: bytes) -> bool:
        try:
            key.verify(signature, data, *algorithm)
            return True
        except invalid:
            return False

    return TrustedKey(sha256_of(pem_of(key)), has_signed)


def hash_of_certificate(der: bytes) -> str | None:
    """Returns the SHA-256 of the key of an unverified certificate."""
    part("serialization")
    try:
        certificate = import_module("cryptography.x509").load_der_x509_certificate(der)
        return sha256_of(pem_of(certificate.public_key()))
    except Exception:  # of a damaged certificate, or of a kind of key that is not known
        return None


def sha256_of(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def pem_of(key: Any) -> str:
    serialization = part("serialization")
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    return str(key.public_bytes(serialization.Encoding.PEM, form).decode())


def digest_of(action: str, key: Any) -> str | None:
    """Returns the digest that a key is used with. None for a key that has its own."""
    curve = getattr(getattr(key, "curve", None), "name", "")
    kind = curve or type(key).__name__
    if "Ed25519" in kind:
        return None
    if curve in CURVES:
        return CURVES[curve]
    raise cannot(action, f"unsupported key type {kind}", KINDS)


def ecdsa(digest: str) -> Any:
    algorithm = getattr(import_module("cryptography.hazmat.primitives.hashes"), digest)()
    return part("asymmetric.ec").ECDSA(algorithm)


def part(name: str) -> Any:
    """Returns a module of `cryptography`, which is loaded when a key is used."""
    try:
        return import_module(f"cryptography.hazmat.primitives.{name}")
    except ImportError as error:
        message = f"Cannot use keys: cryptography cannot be imported ({error})"
        raise HoldfastError("Unsupported", message, "Run `pip install cryptography`.") from None


def cannot(action: str, state: str, hint: str) -> HoldfastError:
    return HoldfastError("Invalid", f"Cannot {action}: {state}", hint)
