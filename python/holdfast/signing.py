"""Signing versions, and checks of who signed one (docs/signing.md).

    holdfast.sign_version(registry, "models:digits@3.0.0", Path("key.pem"))
    holdfast.check_signatures(registry, "models:digits", Path("key.pub")).ok

Reads no files of a version: it has the SHA-256 of each. Keys need `pip install cryptography`.
"""

from __future__ import annotations

import base64
import json
from datetime import datetime, timezone
from pathlib import Path
from typing import Any, NamedTuple

from .artifacts.artifact import Artifact
from .artifacts.registry import Registry
from .core.arguments import checked
from .core.errors import HoldfastError, Json, quoted
from .signatures.bundle import MOST_CHARACTERS, Bundle, bundle_text, read_bundle
from .signatures.keys import (
    Sign,
    SigningKey,
    id_of,
    pem_in,
    read_public_key,
    read_signing_key,
)
from .signatures.report import (
    SIGNATURES,
    SignaturesReport,
    Signers,
    payload_of,
    read_signers,
    report_on,
    stored_in,
)
from .signatures.statement import NO_FILES, read_statement, signed_bytes, statement_of

NEARLY_FULL = 32 * 2**10
"""Characters of labels, of which 64 KiB can be stored with the notes."""
MOST_KEPT = 48 * 2**10
"""Characters of a statement that is kept as it was signed: labels have 64 KiB."""


class AddedSignature(NamedTuple):
    """A signature that was added to a version."""

    name: str
    version: str
    id: str
    """The beginning of the SHA-256 of the public key, 16 digits."""
    key_hash: str
    """The SHA-256 of the public key in PEM."""
    is_new: bool
    """False if the key had signed the version before: then its signature is replaced."""


@checked
def sign_version(
    registry: Registry,
    ref: str,
    key: str | Path | Sign,
    *,
    passphrase: str | None = None,
    public_key: str | Path | None = None,
) -> AddedSignature:
    """Signs a version: its name, and the SHA-256 of each of its files.

    `key` is a private key, EC (P-256, P-384, P-521) or Ed25519: the path of a file, or PEM. It is
    used in this process and sent nowhere: the service gets the signature. For a key elsewhere, pass
    a function that returns the signature of bytes, of ECDSA as DER, and its `public_key`.
    """
    signing = signing_key(key, passphrase, public_key)
    trusted = read_public_key(signing.public_key)
    artifact = registry.open(ref)
    payload = statement_of(artifact.name, artifact.files)
    problem = read_statement(payload, artifact.files).problem
    if problem:
        message = f"Cannot sign {quoted(artifact.ref)}: {problem}"
        hint = "Save a version with copies of the files in place of links."
        if problem == NO_FILES:
            hint = "Save a version with a file."
        raise HoldfastError("Unsupported", message, hint)
    data = signed_bytes(payload)
    signature: Any = signing.sign(data)
    if not isinstance(signature, bytes) or not trusted.has_signed(data, signature):
        message = f"Cannot sign {quoted(artifact.ref)}: the signature does not match the public key"
        hint = "Return the signature of the bytes: for ECDSA as DER, with the digest of its curve."
        raise HoldfastError("Invalid", message, hint)
    sig = base64.b64encode(signature).decode()
    bundle = Bundle(trusted.hash, payload, sig, None)
    return store(registry, artifact, bundle, artifact.name)


@checked
def check_signatures(
    registry: Registry, ref: str, signed_by: Signers | None = None
) -> SignaturesReport:
    """Lists the signatures of a version, and compares each with its files.

    With `signed_by`, public keys as paths of files or as PEM, `ok` is true only if each of these
    keys has signed exactly these files. Reads no files: `load` and `download` with `signed_by`
    compare the bytes.
    """
    signers = read_signers(signed_by)
    artifact = registry.open(ref)
    return report_on(artifact, labels_of(registry, artifact), signers)[0]


@checked
def add_signature(registry: Registry, ref: str, bundle: str | Path) -> AddedSignature:
    """Adds a signature that another tool made of the files of a version, such as `model_signing`.

    `bundle` is a Sigstore bundle: the path of a file such as `model.sig`, or its text.
    """
    read = read_bundle(bundle_in(bundle))
    artifact = registry.open(ref)
    subject, problem = read_statement(read.payload, artifact.files)
    action = f"Cannot add the signature to {quoted(artifact.ref)}"
    if problem:
        message = f"{action}: {problem}"
        raise HoldfastError("Conflict", message, "Sign the files of this version.")
    is_other = read.payload != statement_of(subject, artifact.files)
    if is_other and len(read.payload) > MOST_KEPT:
        hint = "Sign the version itself: then its statement need not be kept."
        raise HoldfastError("Unsupported", f"{action}: its statement is too long", hint)
    return store(registry, artifact, read, subject, keeps_payload=is_other)


@checked
def signature_bundle(registry: Registry, ref: str, key: str | Path) -> str:
    """Returns a signature of a version as a Sigstore bundle, the content of `model.sig`.

    `key` is the id of the signature or its beginning, or the public key: PEM, or a `Path`.
    `model_signing verify` checks the bundle beside a download.
    """
    is_id = isinstance(key, str) and "-----" not in key
    id = str(key) if is_id else id_of(read_public_key(pem_in(key, "public key")).hash)
    artifact = registry.open(ref)
    stored = stored_in(labels_of(registry, artifact))
    found = [each for own, each in stored.items() if each is not None and own.startswith(id)]
    if len(found) != 1:
        state = "several ids begin with it" if found else "there is no such signature"
        message = f"Cannot export the signature {quoted(id)} of {quoted(artifact.ref)}: {state}"
        hint = f"Its signatures are {', '.join(stored)}." if stored else "Sign the version first."
        raise HoldfastError("NotFound", message, hint)
    payload = payload_of(artifact, found[0])
    return bundle_text(Bundle(found[0].key_hash, payload, found[0].sig, found[0].material))


def signing_key(
    key: str | Path | Sign, passphrase: str | None, public_key: str | Path | None
) -> SigningKey:
    if not callable(key):
        return read_signing_key(pem_in(key, "key"), passphrase)
    if public_key is None:
        message = "Cannot sign: `key` is a function, and `public_key` is missing"
        raise HoldfastError("Invalid", message, "Pass `public_key`, a path or PEM.")
    return SigningKey(pem_in(public_key, "public key"), key)


def bundle_in(given: str | Path) -> str:
    if isinstance(given, str) and given.lstrip().startswith("{"):
        return given
    try:
        with open(given, "rb") as file:  # one byte too many is refused later
            return file.read(MOST_CHARACTERS + 1).decode()
    except (OSError, ValueError) as error:
        state = getattr(error, "strerror", None) or "it is not text"
        message = f"Cannot read the bundle {quoted(str(given))}: {state}"
        raise HoldfastError("Invalid", message, "Pass the path of a file, or its text.") from error


def labels_of(registry: Registry, artifact: Artifact) -> Json:
    """Returns the labels of a version as they are stored, without numbers for texts."""
    labels: Json = registry.stored_annotations(pinned(artifact)).get("labels", {})
    return labels


def pinned(artifact: Artifact) -> str:
    return artifact.ref.partition("+")[0]


def store(
    registry: Any, artifact: Artifact, bundle: Bundle, subject: str, *, keeps_payload: bool = False
) -> AddedSignature:
    if registry.open(pinned(artifact)).digest != artifact.digest:  # a signer can take minutes
        message = f"Cannot sign {quoted(artifact.ref)}: it was overwritten meanwhile"
        raise HoldfastError("Conflict", message, "Check its content, and sign again.")
    labels = labels_of(registry, artifact)
    present = stored_in(labels)
    if None in present.values() or not isinstance(labels.get(SIGNATURES, {}), dict):
        message = f"Cannot sign {quoted(artifact.ref)}: label `signatures` has other content"
        raise HoldfastError("Conflict", message, "Move its value to another label.")
    id, now = id_of(bundle.key_hash), datetime.now(timezone.utc)
    entry: Json = {
        "keyHash": bundle.key_hash,
        "sig": bundle.sig,
        "subject": subject,
        "addedAt": now.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
    }
    before = present.get(id)
    kept = {"payload": bundle.payload if keeps_payload else None, "material": bundle.material}
    for member, value in kept.items():  # None removes what an earlier signature of this key had
        if value is not None or (before is not None and getattr(before, member) is not None):
            entry[member] = value
    try:
        registry.annotate(pinned(artifact), labels={SIGNATURES: {id: entry}})
    except HoldfastError as error:
        if error.code != "Invalid" or len(json.dumps(labels)) < NEARLY_FULL:
            raise
        state = "its notes and labels have no room for another signature"
        message = f"Cannot sign {quoted(artifact.ref)}: {state}"
        removal = f"""holdfast note {pinned(artifact)} --label '{SIGNATURES}:={{"ID": null}}'"""
        raise HoldfastError("Conflict", message, f"Remove a signature: {removal}") from error
    return AddedSignature(artifact.name, artifact.version, id, bundle.key_hash, before is None)
