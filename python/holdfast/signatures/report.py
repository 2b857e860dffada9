"""The report on the signatures of a version, by its files and its labels alone."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from ..core.errors import HoldfastError, Json, quoted
from ..core.records import TIME
from .bundle import first_certificate, from_base64, is_material
from .keys import TrustedKey, hash_of_certificate, id_of, pem_in, read_public_key
from .statement import HASH, SignedFile, members_of, read_statement, signed_bytes, statement_of

SIGNATURES = "signatures"
"""The label of a version."""

Signers = str | Path | Sequence[str | Path]
"""Public keys, as PEM or as paths of files."""


class SignedVersion(Protocol):
    """A version, whose files are compared with those that were signed."""

    @property
    def name(self) -> str: ...
    @property
    def version(self) -> str: ...
    @property
    def digest(self) -> str: ...
    @property
    def files(self) -> Sequence[SignedFile]: ...


class SignatureCheck(NamedTuple):
    """One signature of a version."""

    id: str
    state: str
    """`valid`; `unchecked` if no key of `signed_by` made it; `wrong`."""
    problem: str | None = None
    """The mismatch, if the state is `wrong`."""
    key_hash: str | None = None
    """The SHA-256 of the public key in PEM. None if the signature cannot be read."""
    subject: str | None = None
    """The name that was signed: that of the version, unless it was copied since."""
    added_at: str | None = None
    """When it was added, as its author says."""


class SignaturesReport(NamedTuple):
    """The signatures of a version, and whether those who must have signed did."""

    name: str
    version: str
    digest: str
    """The SHA-256 of the content of the version."""
    ok: bool
    """Whether each key of `signed_by` has signed these files."""
    signatures: list[SignatureCheck]
    missing: list[str]
    """The SHA-256 of the keys of `signed_by` without a valid signature."""


class Stored(NamedTuple):
    """A signature beside a version. Its statement is made again, unless another tool wrote it."""

    key_hash: str
    sig: str
    added_at: str
    subject: str
    payload: str | None
    material: str | None


def stored_in(labels: Json) -> dict[str, Stored | None]:
    """Returns the signatures in labels by their ids, None for malformed ones."""
    found = members_of(labels.get(SIGNATURES))
    return {id: read_stored(id, members_of(value)) for id, value in found.items()}


def read_stored(id: str, value: Json) -> Stored | None:
    key_hash, sig, added_at = value.get("keyHash"), value.get("sig"), value.get("addedAt")
    subject, payload, material = value.get("subject"), value.get("payload"), value.get("material")
    is_right = (
        isinstance(key_hash, str)
        and HASH.fullmatch(key_hash) is not None
        and id_of(key_hash) == id
        and from_base64(sig) is not None
        and isinstance(subject, str)
        and is_time(added_at)
        and (payload is None or isinstance(payload, str))
        and (material is None or is_material(material))
    )
    if not is_right:
        return None
    return Stored(str(key_hash), str(sig), str(added_at), str(subject), payload, material)


def is_time(value: Any) -> bool:
    if not isinstance(value, str) or TIME.fullmatch(value) is None:
        return False
    try:
        datetime.strptime(value, "%Y-%m-%dT%H:%M:%S.%fZ")
        return True
    except ValueError:  # such as February 30th
        return False


def read_signers(signed_by: Signers | None) -> list[TrustedKey]:
    """Reads the keys that must have signed. Raises `Invalid` for an empty list."""
    if signed_by is None:
        return []
    given = [signed_by] if isinstance(signed_by, (str, Path)) else signed_by
    if not given:
        message = "Cannot check signatures: signed_by has no key"
        raise HoldfastError("Invalid", message, "Pass a public key, or leave out signed_by.")
    return [read_public_key(pem_in(each, "public key")) for each in given]


def report_on(
    version: SignedVersion, labels: Json, signers: Iterable[TrustedKey]
) -> tuple[SignaturesReport, list[str]]:
    """Compares signatures with the files of a version, and with keys.

    Returns also, for people, who has not signed and why.
    """
    keys = {key.hash: key for key in signers}
    unmet = dict.fromkeys(keys, "")
    checks: list[SignatureCheck] = []
    for id, stored in stored_in(labels).items():
        if stored is None:
            checks.append(SignatureCheck(id, "wrong", "it is not a signature"))
            continue
        state, problem = judge(version, stored, keys)
        if state == "valid":
            unmet.pop(stored.key_hash, None)
        elif problem is not None and stored.key_hash in unmet:
            unmet[stored.key_hash] = problem
        facts = (stored.key_hash, stored.subject, stored.added_at)
        checks.append(SignatureCheck(id, state, problem, *facts))
    report = SignaturesReport(
        version.name, version.version, version.digest, not unmet, checks, list(unmet)
    )
    words = [keys[each].title + (f" ({why})" if why else "") for each, why in unmet.items()]
    return report, words


def judge(
    version: SignedVersion, stored: Stored, keys: dict[str, TrustedKey]
) -> tuple[str, str | None]:
    """Returns the state of a signature, and what does not match."""
    payload = payload_of(version, stored)
    statement = read_statement(payload, version.files)
    if statement.problem:
        return "wrong", statement.problem
    if statement.subject != stored.subject:
        return "wrong", f"it was signed as {quoted(statement.subject)}"
    key = keys.get(stored.key_hash)
    if keys and stored.material is not None:
        leaf = first_certificate(stored.material)
        if leaf is None or hash_of_certificate(leaf) != stored.key_hash:
            return "wrong", "its certificate contains another key"
    if key is None:
        return "unchecked", None
    signature = from_base64(stored.sig) or b""
    if key.has_signed(signed_bytes(payload), signature):
        return "valid", None
    return "wrong", "the key did not sign the files of this version"


def payload_of(version: SignedVersion, stored: Stored) -> str:
    """Returns the statement of a signature, as it was signed."""
    if stored.payload is not None:
        return stored.payload
    return statement_of(stored.subject, version.files)


def require(version: Any, labels: Json, signers: Iterable[TrustedKey]) -> None:
    """Raises `Conflict` unless each of these keys has signed exactly the files of a version."""
    _, unmet = report_on(version, labels, signers)
    if unmet:
        state = "; ".join(f"it has no valid signature of {signer}" for signer in unmet)
        hint = "Read a version that these keys have signed, or sign this version."
        message = f"Cannot read {quoted(f'{version.name}@{version.version}')}: {state}"
        raise HoldfastError("Conflict", message, hint)
