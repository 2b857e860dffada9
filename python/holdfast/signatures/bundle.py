"""Sigstore bundles (v0.3) with one signature of an in-toto statement: what other tools read."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from typing import Any, NamedTuple

from ..core.errors import HoldfastError, Json
from ..core.shapes import is_list
from .keys import hash_of_certificate
from .statement import HASH, PAYLOAD_TYPE, TwiceError, members_of, parse_once

BUNDLE_TYPE = re.compile(
    r"application/vnd\.dev\.sigstore\.bundle(\.v0\.3\+json|\+json;version=0\.[123])"
)
MOST_CHARACTERS = 256 * 2**20
"""The bundle of a million files has some 230 million."""
MOST_MATERIAL = 24 * 2**10
"""Characters of the certificates of a bundle: labels have 64 KiB."""
MOST_CERTIFICATES = 10


class Bundle(NamedTuple):
    """The parts of a bundle."""

    key_hash: str
    """The SHA-256 of the public key in PEM."""
    payload: str
    """The statement as it was signed."""
    sig: str
    """The signature, base64."""
    material: str | None
    """The bundle without its envelope, JSON, if it has more than the SHA-256 of a key."""


def bundle_text(bundle: Bundle) -> str:
    key: Json = {"publicKey": {"hint": bundle.key_hash}, "tlogEntries": []}
    media_type = "application/vnd.dev.sigstore.bundle.v0.3+json"
    material: Json = {"mediaType": media_type, "verificationMaterial": key}
    if bundle.material is not None:
        material = json.loads(bundle.material)
    envelope = {
        "payload": base64.b64encode(bundle.payload.encode()).decode(),
        "payloadType": PAYLOAD_TYPE,
        "signatures": [{"sig": bundle.sig, "keyid": ""}],
    }
    return compact({**material, "dsseEnvelope": envelope})


def read_bundle(text: str) -> Bundle:
    """Reads a bundle that another tool wrote."""
    if len(text) > MOST_CHARACTERS:
        raise unreadable("it is too large")
    try:
        bundle = members_of(parse_once(text))
    except TwiceError:
        raise unreadable("it has a member twice") from None
    except (ValueError, RecursionError):
        raise unreadable("it is not JSON") from None
    media_type, material = bundle.get("mediaType"), bundle.get("verificationMaterial")
    if not isinstance(media_type, str) or not BUNDLE_TYPE.fullmatch(media_type):
        raise unreadable(f"its media type is {json.dumps(media_type)}")
    key_hash, kept = signer_of(media_type, material)
    envelope = members_of(bundle.get("dsseEnvelope"))
    if envelope.get("payloadType") != PAYLOAD_TYPE:
        raise unreadable("it has no in-toto statement")
    signatures = envelope.get("signatures")
    first = signatures[0] if is_list(signatures) and len(signatures) == 1 else None
    sig, payload = members_of(first).get("sig"), from_base64(envelope.get("payload"))
    if not from_base64(sig) or not payload:
        raise unreadable("it does not have one signature of one statement")
    try:
        return Bundle(key_hash, payload.decode(), str(sig), kept)
    except UnicodeDecodeError:
        raise unreadable("its statement is not UTF-8") from None


def signer_of(media_type: str, material: Any) -> tuple[str, str | None]:
    """Returns the SHA-256 of the key of a bundle, and its other verification material."""
    signers = members_of(material)
    kinds = ("publicKey", "certificate", "x509CertificateChain")
    if sum(kind in signers for kind in kinds) != 1:
        raise unreadable("it does not have one key or certificate")
    if "publicKey" in signers:
        key = members_of(signers["publicKey"])
        hint, pem = key.get("hint"), from_base64(key.get("rawBytes"))
        if isinstance(hint, str) and HASH.fullmatch(hint):
            return hint, None
        if "hint" not in key and pem and pem.startswith(b"-----BEGIN PUBLIC KEY-----"):
            # in bundles of model_signing before 1.1
            return hashlib.sha256(pem).hexdigest(), None
        raise unreadable("it names no public key")
    kept = compact({"mediaType": media_type, "verificationMaterial": material})
    if len(kept) > MOST_MATERIAL:
        raise unreadable("its certificates are too long")
    leaf = first_certificate(kept)
    key_hash = hash_of_certificate(leaf) if leaf else None
    if key_hash is None:
        raise unreadable("its certificate cannot be read")
    return key_hash, kept


def is_material(material: Any) -> bool:
    """Returns whether a value is the material of a bundle with certificates."""
    if not isinstance(material, str) or len(material) > MOST_MATERIAL:
        return False
    try:
        media_type = members_of(json.loads(material)).get("mediaType")
    except (ValueError, RecursionError):
        return False
    is_bundle = isinstance(media_type, str) and BUNDLE_TYPE.fullmatch(media_type) is not None
    return is_bundle and first_certificate(material) is not None


def first_certificate(material: str) -> bytes | None:
    """Returns the certificate of the key in the material of a bundle, DER."""
    signers = members_of(members_of(json.loads(material)).get("verificationMaterial"))
    listed = members_of(signers.get("x509CertificateChain")).get("certificates")
    found: list[Any] = listed if is_list(listed) else []
    if "certificate" in signers:
        found = [] if "x509CertificateChain" in signers else [signers["certificate"]]
    if "publicKey" in signers:
        found = []
    read = [from_base64(members_of(each).get("rawBytes")) for each in found]
    return read[0] if all(read) and 0 < len(read) <= MOST_CERTIFICATES else None


def from_base64(text: Any) -> bytes | None:
    """Decodes base64 as browsers do. Returns None for anything else, and for nothing."""
    kept = re.sub(r"[\t\n\f\r ]", "", text) if isinstance(text, str) else ""
    if len(kept) % 4 == 0:
        kept = re.sub(r"={1,2}\Z", "", kept)
    if len(kept) % 4 == 1 or not re.fullmatch(r"[A-Za-z0-9+/]+", kept):
        return None
    return base64.b64decode(kept + "=" * (-len(kept) % 4))


def compact(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def unreadable(state: str) -> HoldfastError:
    hint = "Pass a Sigstore bundle, as `model_signing sign` writes it."
    return HoldfastError("Corrupt", f"Cannot read the bundle: {state}", hint)
