"""Search queries: words, and filters such as `metadata.epochs>3`, as services have them."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any, NamedTuple

from ..core.errors import HoldfastError, Json, quoted
from ..core.metadata import from_metadata
from ..core.shapes import is_dict, is_list
from ..core.versions import VERSION, Version, parse_version
from .comparing import begins_date, compares, compares_text, instant_of, meets
from .patterns import linear_pattern
from .terms import FIELDS, Term, all_of, is_field, terms_of


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
    size: int | None = None
    """Bytes, if known."""
    labels: Json | None = None
    """Labels, if they were read."""
    notes: str | None = None
    """Notes, if they were read."""

    @property
    def ref(self) -> str:
        return f"{self.name}@{self.version}"


Test = Callable[[Found], bool]
ZONED = re.compile(r"Z\Z|[T ].*[+-]", re.IGNORECASE)
MISSING = object()
SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*(?:([KMGTP])(?:iB|(B))?|B)?", re.IGNORECASE | re.ASCII)


def parse_query(query: str) -> Test:
    """Returns a test for what matches the terms of a query."""
    return all_of(terms_of(query), test_of)


def test_of(term: Term) -> Test:
    if not term.field:
        word = term.text.replace('"', "").lower()
        return lambda found: any(word in text.lower() for text in texts_of(found))
    field, comparison, wanted = term.field, term.sign, term.value
    path = field.partition(".")[2]
    if not is_field(field):
        state = f"{quoted(field)} is not one of {', '.join(FIELDS)}, metadata.KEY and labels.KEY"
        bare = term.text.replace('"', "")
        hint = f'Write metadata.{term.text}, or quote a word: "{bare}".'
        raise HoldfastError("Invalid", f"Cannot search: {state}", hint)
    if not wanted and comparison not in ("=", "!="):
        hint = "Write a value, as in metadata.epochs>3."
        raise HoldfastError("Invalid", f"Cannot search: {quoted(term.text)} has no value", hint)
    if comparison in ("~", "!~"):
        return pattern_test(field, comparison, wanted)
    if instant_of(wanted) == "invalid" or field == "created" and not begins_date(wanted):
        hint = "Write a date or a time, as in 2026-03-01 or 2026-03-01T14:05:00Z."
        state = f"there is no date {quoted(wanted)}"
        raise HoldfastError("Invalid", f"Cannot search: {state}", hint)
    if path:
        return value_test(full_name(field), comparison, wanted)
    return fact_test(field, comparison, wanted)


def full_name(field: str) -> str:
    return f"metadata.{field}" if field.startswith(("metrics.", "params.")) else field


def pattern_test(field: str, comparison: str, wanted: str) -> Test:
    """Compares text with a regular expression."""
    if field == "size":
        raise HoldfastError("Invalid", "Cannot search: a size is not text", "Write size>10MiB.")
    matches = linear_pattern(wanted)
    kind, _, path = full_name(field).partition(".")

    def values(found: Found) -> list[Any]:
        if path:
            value = value_at(found.metadata if kind == "metadata" else found.labels or {}, path)
            return [from_metadata(value)]
        if field == "state":
            return [end_state_of(found.metadata)]
        if field == "alias":
            return [*found.aliases]
        return [getattr(found, "created_at" if field == "created" else field)]

    return lambda found: (
        (any(isinstance(each, str) and matches(each) for each in values(found)))
        == (comparison == "~")
    )


def fact_test(field: str, comparison: str, wanted: str) -> Test:
    if field == "alias":
        if not wanted:
            return lambda found: (not found.aliases) == (comparison == "=")
        some = all if comparison == "!=" else any
        return lambda found: some(
            compares_text(alias, comparison, wanted) for alias in found.aliases
        )
    if field == "size":
        size = str(size_in(wanted)) if wanted else ""
        return lambda found: compares(found.size, comparison, size)
    if field == "created":
        return created_test(comparison, wanted)
    bound = parse_version(wanted) if field == "version" else None
    if field == "version" and not bound and VERSION.match(wanted):
        state = f"{quoted(wanted)} is not a semantic version"
        raise HoldfastError("Invalid", f"Cannot search: {state}", "Write it as in version>=2.1.")
    if bound:
        return lambda found: meets(order_of_versions(found.version, bound), comparison)
    if field == "state":
        return lambda found: compares_text(end_state_of(found.metadata) or "", comparison, wanted)
    return lambda found: compares_text(getattr(found, field) or "", comparison, wanted)


def value_test(name: str, comparison: str, wanted: str) -> Test:
    """Compares `metadata.KEY` or `labels.KEY`."""
    kind, _, path = name.partition(".")

    def test(found: Found) -> bool:
        value = value_at(found.metadata if kind == "metadata" else found.labels or {}, path)
        if not wanted:
            return (value is MISSING or value in (None, "")) == (comparison == "=")
        return compares(from_metadata(value), comparison, wanted)

    return test


def size_in(text: str) -> int:
    match = SIZE.fullmatch(text)
    if not match:
        state = f"{quoted(text)} is not a size"
        raise HoldfastError("Invalid", f"Cannot search: {state}", "Write it as in size>10MiB.")
    power = "BKMGTP".index((match[2] or "B").upper())
    return int(float(match[1]) * (1000 if match[3] else 1024) ** power + 0.5)


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
    if not wanted:  # every version has a time
        return lambda found: comparison == "!="
    start = wanted.upper().replace(" ", "T", 1)
    return lambda found: compares_text(found.created_at[: len(wanted)], comparison, start)


def order_of_versions(version: str, bound: Version) -> int:
    found = parse_version(version)
    left, right = () if found is None else found.precedence, bound.precedence
    return 0 if left == right else -1 if left < right else 1


def texts_of(found: Found) -> Iterator[str]:
    yield from (found.name, found.version, *found.aliases, found.notes or "")
    values: list[Any] = [found.metadata, found.labels]
    while values:
        value = values.pop()
        if is_dict(value) or is_list(value):
            values.extend(value.values() if is_dict(value) else value)
        elif value is not None:
            yield value if isinstance(value, str) else json_text(value)


def json_text(value: Any) -> str:
    """Returns a number or a bool as other programs write it: `1e-7`, `0.00001`."""
    text = json.dumps(value)
    if not isinstance(value, float) or not math.isfinite(value):
        return text
    if not value or 1e-6 <= abs(value) < 1e21:
        return f"{Decimal(text):f}".removesuffix(".0")
    mantissa, _, exponent = text.partition("e")
    return f"{mantissa}e{int(exponent):+d}"
