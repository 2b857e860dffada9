"""Search queries: words, and filters such as `metadata.epochs>3`, as services have them."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from .errors import HoldfastError, Json, quoted
from .metadata import NOT_FINITE, from_metadata, is_exact
from .versions import Version, parse_version


class Found(NamedTuple):
    """A version that a search found."""

    name: str
    version: str
    aliases: list[str]
    metadata: Json
    kind: str
    """The materializer."""
    created_at: str

    @property
    def ref(self) -> str:
        return f"{self.name}@{self.version}"


Test = Callable[[Found], bool]
TERM = re.compile(r'(?:\s*(?:[!<>]=|[=<>])(?:\s+(?![^\s"=!<>]+\s*[!<>=]))?|[^\s"]|"[^"]*"?)+')
DECIMAL = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?", re.ASCII)
SPACED = re.compile(r'^([^\s"=!<>]+(?:"[^"]*"[^\s"=!<>]*)*)\s*([!<>]=|[=<>])\s*')
MISSING = object()
COMPARISON = r"(!=|>=|<=|=|>|<)"
FILTER = re.compile(
    rf'(name|version|alias|kind|created|metadata\.(?:[^\s=!<>"]|"[^"]*")+){COMPARISON}(.*)\Z',
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
            state = f"{quoted(other[1])} is not one of name, version, alias, kind, created and"
            hint = 'Write metadata.epochs>3, or quote a word: "epochs>3".'
            raise HoldfastError("Invalid", f"Cannot search: {state} metadata.KEY", hint)
        word = bare.lower()
        return lambda found: any(word in text.lower() for text in texts_of(found))
    field, comparison, wanted = (part.replace('"', "") for part in match.groups())
    if not wanted and comparison not in ("=", "!="):
        hint = "Write a value, as in metadata.epochs>3."
        raise HoldfastError("Invalid", f"Cannot search: {quoted(term)} has no value", hint)
    if field == "alias":
        some = all if comparison == "!=" else any
        return lambda found: some(compares(alias, comparison, wanted) for alias in found.aliases)
    if field == "created":
        return lambda found: compares(found.created_at[: len(wanted)], comparison, wanted)
    bound = parse_version(wanted) if field == "version" else None
    if bound:
        return lambda found: compares(order_of(found.version, bound), comparison, "0")
    if field in ("name", "version", "kind"):
        return lambda found: compares(getattr(found, field), comparison, wanted)
    path = field.removeprefix("metadata.")

    def test(found: Found) -> bool:
        return compares(from_metadata(value_at(found.metadata, path)), comparison, wanted)

    return test


def value_at(value: Any, path: str) -> Any:
    """Returns the value of nested keys between dots. Keys may have dots themselves."""
    keys = value if isinstance(value, dict) else ()
    for key in sorted((key for key in keys if f"{path}.".startswith(f"{key}.")), key=len):
        found = value[key] if key == path else value_at(value[key], path[len(key) + 1 :])
        if found is not MISSING:
            return found
    return MISSING


def compares(value: Any, comparison: str, wanted: str) -> bool:
    """Compares as `core/text/comparing.ts` does; `!=` is always the opposite of `=`."""
    if comparison == "!=":
        return not compares(value, "=", wanted)
    if value is None or isinstance(value, bool):
        return comparison == "=" and json.dumps(value) == wanted
    left: Any
    right: Any
    if isinstance(value, str):  # in the order of UTF-16, as everywhere
        left, right = (text.encode("utf-16-be", "surrogatepass") for text in (value, wanted))
    elif isinstance(value, (int, float)) and wanted in NOT_FINITE:
        left, right = float(value), NOT_FINITE[wanted]
    elif isinstance(value, (int, float)) and DECIMAL.fullmatch(wanted):
        whole = int(wanted) if wanted.lstrip("+-").isdigit() else 0
        left, right = float(value), float(wanted) if is_exact(whole) else whole
    else:
        return False
    if left != left or right != right:  # NaN
        return left != left and right != right and "=" in comparison
    return ("=" if left == right else "<" if left < right else ">") in comparison


def order_of(version: str, bound: Version) -> int:
    found = parse_version(version)
    left, right = () if found is None else found.precedence, bound.precedence
    return 0 if left == right else -1 if left < right else 1


def texts_of(found: Found) -> Iterator[str]:
    yield from (found.name, found.version, *found.aliases)
    values: list[Any] = [found.metadata]
    while values:
        value = values.pop()
        if isinstance(value, (dict, list)):
            values.extend(value.values() if isinstance(value, dict) else value)
        elif value is not None:
            yield value if isinstance(value, str) else json.dumps(value)
