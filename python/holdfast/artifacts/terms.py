"""The terms of a search, by the grammar of conditions: words, and comparisons as `epochs > 3`."""

from __future__ import annotations

import re
from typing import NamedTuple

from ..core.errors import HoldfastError

FIELDS = ("name", "version", "alias", "kind", "size", "by", "state", "created")
OF_KEYS = ("metadata", "labels", "metrics", "params")

KEYS = r"""(?:[^\s=!<>"']|"[^"]*"|(?<=\.)'[^']*'|(?<!\.)'|'(?![^']*'))+"""
SIGN = r"\s*(?:==|[!<>]=|[=<>])"
JOIN = r"(?:and|or|\|\||&&)(?!\S)"
GAP = rf"\s+(?!(?:{JOIN}\s+)?{KEYS}{SIGN})"
COMPARISON = re.compile(
    rf"""(?!")(?P<field>{KEYS})(?P<sign>{SIGN})"""
    rf"""(?P<value>(?:{GAP})?(?:'[^']*'(?!\S)|(?:[^\s"]|"[^"]*"?)*))""",
    re.IGNORECASE,
)
JOINS = re.compile(JOIN, re.IGNORECASE)
SPACES = re.compile(r"\s*")
WORD = re.compile(r'(?:[^\s"]|"[^"]*"?)+')
QUOTED_KEY = re.compile(r"""(['"])(.*?)\1""", re.DOTALL)
COMMA = re.compile(r"""[^'"]*([,;])([^\s=!<>,;'"]+)(?:[=<>]|!=)""")
LIKE_FIELD = re.compile(
    r"(?:(?:metadata|labels|metrics|params)\..+|[A-Za-z_][\w.-]*)\Z", re.ASCII | re.DOTALL
)


class Term(NamedTuple):
    """A word or, with a field, a comparison."""

    text: str
    field: str = ""
    sign: str = ""
    value: str = ""
    typed: str = ""
    """The value with its quotes."""
    joins: bool = False
    """True for `and`, and for other words that may join terms."""


def terms_of(query: str) -> list[Term]:
    """Returns the terms of a query, all of which must match."""
    tokens: list[Term] = []
    at = end_of(SPACES, query, 0)
    while at < len(query):
        join = JOINS.match(query, at) if tokens and not tokens[-1].joins else None
        match = join or COMPARISON.match(query, at)
        if join:
            tokens.append(Term(join[0], joins=True))
            at = join.end()
        elif match:
            tokens.append(comparison_of(match))
            at = match.end()
        else:
            end = end_of(WORD, query, at)
            tokens.append(Term(query[at:end]))
            at = end
        at = end_of(SPACES, query, at)
    terms: list[Term] = []
    for i, term in enumerate(tokens):
        beside = [*tokens[max(0, i - 1) : i], *tokens[i + 1 : i + 2]]
        if not term.joins or i == len(tokens) - 1 or not any(each.field for each in beside):
            terms.append(term)
        elif term.text.lower() != "and":
            raise other_join(term.text, f'Search for each, or quote the word: "{term.text}".')
    for i, term in enumerate(terms):
        comma = comma_in(term.typed, terms[i + 1 : i + 2])
        if comma:
            raise other_join(comma, "Write `and`, or quote a value with a comma.")
    return terms


def comma_in(typed: str, rest: list[Term]) -> str:
    """Returns the comma or semicolon that separates a value from another comparison."""
    if typed[-1:] in (",", ";"):
        return typed[-1] if any(term.field for term in rest) else ""
    found = COMMA.match(typed)
    return found[1] if found and is_field(found[2]) else ""


def is_field(name: str) -> bool:
    kind, _, path = name.partition(".")
    return name in FIELDS or (path != "" and kind in OF_KEYS)


def other_join(join: str, hint: str) -> HoldfastError:
    state = f'only "and" joins conditions, not {join}'
    return HoldfastError("Invalid", f"Cannot search: {state}", hint)


def end_of(pattern: re.Pattern[str], text: str, at: int) -> int:
    match = pattern.match(text, at)
    return match.end() if match else at


def comparison_of(match: re.Match[str]) -> Term:
    typed_field, sign, typed = match["field"], match["sign"].strip(), match["value"].strip()
    text = typed_field + sign + typed
    if not LIKE_FIELD.match(typed_field):
        return Term(text)
    is_quoted = len(typed) > 1 and typed[0] == typed[-1] == "'"
    value = typed[1:-1] if is_quoted else typed.replace('"', "")
    return Term(text, QUOTED_KEY.sub(r"\2", typed_field), sign.replace("==", "="), value, typed)
