"""Search queries: words, and filters such as `metadata.epochs>3`, as services have them."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from ..core.errors import HoldfastError, Json, quoted
from ..core.metadata import from_metadata
from ..core.shapes import is_dict, is_list
from ..core.versions import Version, parse_version
from .comparing import begins_date, compares, compares_text, instant_of, meets


class Found(NamedTuple):
    """A version that a search found."""

    name: str
    version: str
    aliases: list[str]
    metadata: Json
    kind: str
    """The materializer."""
    created_at: str
    by: str | None = None
    """Who saved it, if known."""

    @property
    def ref(self) -> str:
        return f"{self.name}@{self.version}"


Test = Callable[[Found], bool]
TERM = re.compile(r'(?:\s*(?:[!<>]=|[=<>])(?:\s+(?![^\s"=!<>]+\s*[!<>=]))?|[^\s"]|"[^"]*"?)+')
SPACED = re.compile(r'^([^\s"=!<>]+(?:"[^"]*"[^\s"=!<>]*)*)\s*([!<>]=|[=<>])\s*')
ZONED = re.compile(r"Z\Z|[T ].*[+-]", re.IGNORECASE)
MISSING = object()
COMPARISON = r"(!=|>=|<=|=|>|<)"
FILTER = re.compile(
    rf'(name|version|alias|kind|state|by|created|metadata\.(?:[^\s=!<>"]|"[^"]*")+){COMPARISON}(.*)\Z',
    re.DOTALL,
)
OTHER_FILTER = re.compile(rf"([A-Za-z_][\w.-]*?){COMPARISON}", re.ASCII)


def parse_query(query: str) -> Test:
    """Returns a test for what matches all terms of a query."""
    tests = [parse_term(SPACED.sub(r"\1\2", term)) for term in TERM.findall(query)]
    return lambda found: all(test(found) for test in tests)


def parse_term(term: str) -> Test:
    bare = term.replace('"', "")
    match = None if term.startswith('"') else FILTER.match(term)
    if not match:
        other = None if term.startswith('"') else OTHER_FILTER.match(term)
        if other:
            fields = "name, version, alias, kind, state, by, created and metadata.KEY"
            state = f"{quoted(other[1])} is not one of {fields}"
            hint = 'Write metadata.epochs>3, or quote a word: "epochs>3".'
            raise HoldfastError("Invalid", f"Cannot search: {state}", hint)
        word = bare.lower()
        return lambda found: any(word in text.lower() for text in texts_of(found))
    field, comparison, wanted = (part.replace('"', "") for part in match.groups())
    if not wanted and comparison not in ("=", "!="):
        hint = "Write a value, as in metadata.epochs>3."
        raise HoldfastError("Invalid", f"Cannot search: {quoted(term)} has no value", hint)
    if instant_of(wanted) == "invalid" or field == "created" and not begins_date(wanted):
        hint = "Write a date or a time, as in 2026-03-01 or 2026-03-01T14:05:00Z."
        state = f"there is no date {quoted(wanted)}"
        raise HoldfastError("Invalid", f"Cannot search: {state}", hint)
    if field == "alias":
        if not wanted:
            return lambda found: (not found.aliases) == (comparison == "=")
        some = all if comparison == "!=" else any
        return lambda found: some(
            compares_text(alias, comparison, wanted) for alias in found.aliases
        )
    if field == "created":
        return created_test(comparison, wanted)
    bound = parse_version(wanted) if field == "version" else None
    if bound:
        return lambda found: meets(order_of_versions(found.version, bound), comparison)
    if field == "state":
        return lambda found: compares_text(end_state_of(found.metadata) or "", comparison, wanted)
    if field in ("name", "version", "kind", "by"):
        return lambda found: compares_text(getattr(found, field) or "", comparison, wanted)
    path = field.removeprefix("metadata.")

    def test(found: Found) -> bool:
        value = value_at(found.metadata, path)
        if not wanted:
            return (value is MISSING or value in (None, "")) == (comparison == "=")
        return compares(from_metadata(value), comparison, wanted)

    return test


def end_state_of(metadata: Json) -> str | None:
    """Returns how the run ended that made a version; None for other versions."""
    run, end = metadata.get("run"), metadata.get("end")
    if is_dict(run):
        if not isinstance(run.get("id"), str) or not isinstance(run.get("startedAt"), str):
            return None
        if run.get("failed") == "KILLED":
            return "killed"
        return "failed" if "failed" in run else "finished"
    if not isinstance(run, str) or not isinstance(metadata.get("pipeline"), str):
        return None
    return end if end in ("failed", "cancelled") else "finished"


def value_at(value: Any, path: str) -> Any:
    """Returns the value of nested keys between dots. Keys may have dots themselves."""
    keys = value if is_dict(value) else ()
    for key in sorted((key for key in keys if f"{path}.".startswith(f"{key}.")), key=len):
        found = value[key] if key == path else value_at(value[key], path[len(key) + 1 :])
        if found is not MISSING:
            return found
    return MISSING


def created_test(comparison: str, wanted: str) -> Test:
    """Compares with an instant, or with the beginning of a time in UTC."""
    if ZONED.search(wanted) or len(wanted) > len("2026-03-01T14:05:00.123"):
        return lambda found: compares(found.created_at, comparison, wanted)
    start = wanted.upper().replace(" ", "T", 1)
    return lambda found: compares_text(found.created_at[: len(wanted)], comparison, start)


def order_of_versions(version: str, bound: Version) -> int:
    found = parse_version(version)
    left, right = () if found is None else found.precedence, bound.precedence
    return 0 if left == right else -1 if left < right else 1


def texts_of(found: Found) -> Iterator[str]:
    yield from (found.name, found.version, *found.aliases)
    values: list[Any] = [found.metadata]
    while values:
        value = values.pop()
        if is_dict(value) or is_list(value):
            values.extend(value.values() if is_dict(value) else value)
        elif value is not None:
            yield value if isinstance(value, str) else json.dumps(value)
