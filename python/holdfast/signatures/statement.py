"""The signed text: an in-toto statement with the predicate of OpenSSF Model Signing v1.0."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable
from typing import Any, NamedTuple, Protocol

from ..core.errors import Json, quoted
from ..core.shapes import is_dict, is_list

PAYLOAD_TYPE = "application/vnd.in-toto+json"
STATEMENT_TYPE = "https://in-toto.io/Statement/v1"
PREDICATE_TYPE = "https://model_signing/signature/v1.0"
NO_FILES = "there is no file to sign"
HASH = re.compile(r"[0-9a-f]{64}")


class SignedFile(Protocol):
    """A file that is signed."""

    @property
    def path(self) -> str: ...
    @property
    def sha256(self) -> str: ...
    @property
    def mode(self) -> str | None: ...


class ReadStatement(NamedTuple):
    """The name in a statement, or what does not match."""

    subject: str = ""
    problem: str = ""


def statement_of(subject: str, files: Iterable[SignedFile]) -> str:
    """Returns the statement about the files of a version, with the bytes that JavaScript writes.

    Empty folders are not in it.
    """
    signed = sorted((file for file in files if file.mode != "folder"), key=lambda file: file.path)
    resources = [
        {"name": file.path, "algorithm": "sha256", "digest": file.sha256} for file in signed
    ]
    root = root_digest(file.sha256 for file in signed)
    statement: Json = {
        "_type": STATEMENT_TYPE,
        "subject": [{"name": subject, "digest": {"sha256": root}}],
        "predicateType": PREDICATE_TYPE,
        "predicate": {
            "serialization": {
                "method": "files",
                "hash_type": "sha256",
                "allow_symlinks": False,
                "ignore_paths": [],
            },
            "resources": resources,
        },
    }
    return json.dumps(statement, ensure_ascii=False, separators=(",", ":"))


def root_digest(digests: Iterable[str]) -> str:
    """Returns the SHA-256 of the digests of all files, in their order."""
    digest = hashlib.sha256()
    for each in digests:
        digest.update(bytes.fromhex(each))
    return digest.hexdigest()


def signed_bytes(payload: str) -> bytes:
    """Returns the bytes that are signed: the pre-authentication encoding of DSSE v1."""
    body = payload.encode()
    head = f"DSSEv1 {len(PAYLOAD_TYPE)} {PAYLOAD_TYPE} {len(body)} "
    return head.encode() + body


def read_statement(payload: str, files: Iterable[SignedFile]) -> ReadStatement:
    """Compares a signed statement with the files of a version."""
    try:
        statement = parse_once(payload)
    except TwiceError:
        return ReadStatement(problem="the statement has a member twice")
    except (ValueError, RecursionError):
        return ReadStatement(problem="the signed text is not a statement")
    predicate = members_of(members_of(statement).get("predicate"))
    subjects, resources = members_of(statement).get("subject"), predicate.get("resources")
    if not is_list(subjects) or not is_list(resources):
        return ReadStatement(problem="the signed text is not a statement")
    problem = head_problem(statement, subjects, members_of(predicate.get("serialization")))
    if problem:
        return ReadStatement(problem=problem)
    subject = members_of(subjects[0])
    signed: dict[str, str] = {}
    for each in map(members_of, resources):
        name, digest = each.get("name"), each.get("digest")
        is_hash = isinstance(digest, str) and HASH.fullmatch(digest) is not None
        if not isinstance(name, str) or each.get("algorithm") != "sha256" or not is_hash:
            return ReadStatement(problem=f"{quoted(str(name))} has no SHA-256")
        if name in signed:
            return ReadStatement(problem=f"{quoted(name)} is listed twice")
        signed[name] = str(digest)
    if root_digest(signed.values()) != members_of(subject.get("digest")).get("sha256"):
        return ReadStatement(problem="the digest of the subject is not that of its files")
    problem = files_problem(signed, files)
    if not problem and not resources:  # OpenSSF Model Signing v1.0, section 6.1
        problem = NO_FILES
    name = subject.get("name")
    return ReadStatement(name if isinstance(name, str) else json.dumps(name), problem)


def head_problem(statement: Json, subjects: list[Any], serialization: Json) -> str:
    """Returns what is wrong with a statement itself, without comparing files."""
    kind, predicate = statement.get("_type"), statement.get("predicateType")
    if kind != STATEMENT_TYPE:
        return f"the statement has the type {quoted(str(kind))}"
    if predicate != PREDICATE_TYPE:
        return f"the predicate has the type {quoted(str(predicate))}"
    if len(subjects) != 1:
        return f"the statement has {len(subjects)} subjects"
    if serialization.get("method") != "files" or "shard_size" in serialization:
        return "the statement does not list whole files"
    if serialization.get("hash_type") != "sha256":
        return "the statement does not hash by SHA-256"
    return ""


def files_problem(signed: dict[str, str], files: Iterable[SignedFile]) -> str:
    """Returns the first difference between the files that were signed and those of the version."""
    left = dict(signed)
    for file in files:
        if file.mode == "folder":
            continue
        # The SHA-256 of a link is that of its target: a file of that text has the same one.
        if file.mode == "link":
            return f"{quoted(file.path)} is a link, which cannot be signed"
        digest = left.pop(file.path, None)
        if digest is None:
            return f"{quoted(file.path)} is not signed"
        if digest != file.sha256:
            return f"{quoted(file.path)} has other bytes than were signed"
    return f"{quoted(next(iter(left)))} was signed, and is not in the version" if left else ""


class TwiceError(ValueError):
    """An object of JSON that has a member twice: programs differ in which one they read."""


def parse_once(text: str) -> Any:
    """Parses JSON strictly, and raises `TwiceError` for an object that has a member twice."""

    def members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        if len({name for name, _ in pairs}) < len(pairs):
            raise TwiceError
        return dict(pairs)

    def refuse(constant: str) -> Any:
        raise ValueError(f"{constant} is not JSON")

    return json.loads(text, object_pairs_hook=members, parse_constant=refuse)


def members_of(value: Any) -> Json:
    """Returns the members of an object, none of anything else."""
    return value if is_dict(value) else {}
