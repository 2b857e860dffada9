"""The terms of a search, by the grammar of conditions: words, and comparisons as `epochs > 3`."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import NamedTuple, TypeVar

from ..core.errors import HoldfastError

FIELDS = ("name", "version", "alias", "kind", "size", "by", "state", "created")
OF_KEYS = ("metadata", "labels", "metrics", "params")

KEYS = r"""(?:[^\s=!<>~"']|"[^"]*"|(?<=\.)'[^']*'|(?<!\.)'|'(?![^']*'))+"""
SIGN = r"\s*(?:==|!~|=~|[!<>]=|[=<>~])"
JOIN = r"(?:and|or|\|\||&&)(?!\S)"
GAP = rf"\s+(?!(?:{JOIN}\s+)?[(\s]*{KEYS}{SIGN})"
FIELD = re.compile(rf"""(?!"){KEYS}""", re.IGNORECASE)
SIGNS = re.compile(SIGN)
VALUE = re.compile(
    rf"""(?:{GAP})?(?:'[^']*'(?![^\s)])|(?:[^\s"]|"[^"]*"?)*)""",
    re.IGNORECASE,
)
JOINS = re.compile(JOIN, re.IGNORECASE)
SPACES = re.compile(r"\s*")
WORD = re.compile(r'(?:[^\s"]|"[^"]*"?)+')
WITHIN = re.compile(r"""\"[^"]*"|(?<=[\s=<>~.(])'[^']*'(?=[\s)]|\Z)|[()]""")
MOST_DEPTH = 20
"""More brackets inside each other are refused."""
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
    """True for `and`, for other words that may join terms, and for brackets."""


T = TypeVar("T")


def terms_of(query: str) -> list[Term]:
    """Returns the terms of a query, with joins and brackets in order."""
    tokens = tokens_of(query)
    terms = [
        term._replace(joins=False) if term.joins and not is_join(tokens, i) else term
        for i, term in enumerate(tokens)
    ]
    for term in terms:
        if term.joins and term.text.lower() not in ("and", "or", "(", ")"):
            raise other_join(term.text, f'Write and, or, or quote the sign: "{term.text}".')
    check_order(terms)
    own = [term for term in terms if not term.joins]
    for i, term in enumerate(own):
        comma = comma_in(term.typed, own[i + 1 : i + 2])
        if comma:
            raise other_join(comma, "Write `and`, or quote a value with a comma.")
    return terms


def tokens_of(query: str) -> list[Term]:
    tokens: list[Term] = []
    at, depth = end_of(SPACES, query, 0), 0

    def taken(pattern: re.Pattern[str], begin: int) -> str | None:
        match = pattern.match(query, begin)
        if match is None:
            return None
        end = end_within(query, begin, match.end()) if depth > 0 else match.end()
        return query[begin:end]

    def comparison_at(begin: int) -> tuple[Term, int] | None:
        field = taken(FIELD, begin)
        sign = taken(SIGNS, begin + len(field)) if field else None
        if not field or not sign:
            return None
        value = taken(VALUE, begin + len(field) + len(sign)) or ""
        end = begin + len(field) + len(sign) + len(value)
        return comparison_of(field, sign.strip(), value.strip()), end

    while at < len(query):
        is_begin = not tokens or (tokens[-1].joins and tokens[-1].text != ")")
        if query[at] == "(" or (query[at] == ")" and depth > 0):
            depth += 1 if query[at] == "(" else -1
            tokens.append(Term(query[at], joins=True))
            at += 1
        elif join := None if is_begin else JOINS.match(query, at):
            tokens.append(Term(join[0], joins=True))
            at = join.end()
        elif found := comparison_at(at):
            tokens.append(found[0])
            at = found[1]
        else:
            word = taken(WORD, at) or ""
            tokens.append(Term(word))
            at += len(word)
        at = end_of(SPACES, query, at)
    return tokens


def is_join(tokens: list[Term], i: int) -> bool:
    """Returns False for a word that only looks like a join: at the end, or `||` between words."""
    text = tokens[i].text.lower()
    if text in ("and", "or"):
        return i < len(tokens) - 1 and not is_sign(tokens[i + 1], ")")
    beside = [*tokens[max(0, i - 1) : i], *tokens[i + 1 : i + 2]]
    return text in ("(", ")") or any(each.field for each in beside)


def end_within(text: str, begin: int, end: int) -> int:
    """Returns where a value in brackets ends: at the one that closes them, outside quotes."""
    at, depth = begin, 0
    while at < end:
        found = WITHIN.match(text, at)
        sign = found[0] if found else ""
        if sign == ")" and depth == 0:
            return at
        depth += {"(": 1, ")": -1}.get(sign, 0)
        at += len(sign) or 1
    return end


def check_order(terms: list[Term]) -> None:
    kinds = [term.text.lower() if term.joins else "term" for term in terms]
    depth = 0
    for i, kind in enumerate(kinds):
        before, after = ["(", *kinds][i], [*kinds, ")"][i + 1]
        depth += {"(": 1, ")": -1}.get(kind, 0)
        if kind in ("and", "or") and (before in ("(", "and", "or") or after in (")", "and", "or")):
            raise out_of_order(f'there is nothing beside "{kind}"')
        if kind == "(" and after == ")":
            raise out_of_order("there is nothing between ( and )")
        if depth > MOST_DEPTH:
            raise out_of_order(f"more than {MOST_DEPTH} brackets are inside each other")
    if depth > 0:
        raise out_of_order("a bracket is not closed; quote it if it is text")


def out_of_order(state: str) -> HoldfastError:
    return HoldfastError("Invalid", f"Cannot search: {state}", 'Quote text: "(draft".')


def all_of(
    terms: list[Term], test_of: Callable[[Term], Callable[[T], bool]]
) -> Callable[[T], bool]:
    """Returns a test of terms in order, in which `and`, written or not, binds them before `or`."""
    left = terms[::-1]

    def either() -> Callable[[T], bool]:
        tests = [every()]
        while left and is_sign(left[-1], "or"):
            left.pop()
            tests.append(every())
        return lambda found: any(test(found) for test in tests)

    def every() -> Callable[[T], bool]:
        tests: list[Callable[[T], bool]] = []
        while left and not is_sign(left[-1], ")") and not is_sign(left[-1], "or"):
            term = left.pop()
            if is_sign(term, "("):
                tests.append(either())
                left.pop()
            elif not term.joins:
                tests.append(test_of(term))
        return lambda found: all(test(found) for test in tests)

    return either()


def is_sign(term: Term, sign: str) -> bool:
    return term.joins and term.text.lower() == sign


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
    state = f'only "and" and "or" join conditions, not {join}'
    return HoldfastError("Invalid", f"Cannot search: {state}", hint)


def end_of(pattern: re.Pattern[str], text: str, at: int) -> int:
    match = pattern.match(text, at)
    return match.end() if match else at


def comparison_of(typed_field: str, sign: str, typed: str) -> Term:
    text = typed_field + sign + typed
    if not LIKE_FIELD.match(typed_field):
        return Term(text)
    is_quoted = len(typed) > 1 and typed[0] == typed[-1] == "'"
    value = typed[1:-1] if is_quoted else typed.replace('"', "")
    sign = sign.replace("==", "=").replace("=~", "~")
    return Term(text, QUOTED_KEY.sub(r"\2", typed_field), sign, value, typed)
