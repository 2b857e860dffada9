"""Versions, their segments in keys, ranges and refs (FORMAT.md, sections 1.2 and 5.1)."""

from __future__ import annotations

import re
from typing import Any, NamedTuple

from .errors import HoldfastError, quoted
from .names import encode_segment

MAX_SAFE = 2**53 - 1


class Version(NamedTuple):
    """A version without build metadata. `str(version)` is its full text."""

    major: int
    minor: int
    patch: int
    prerelease: tuple[int | str, ...] = ()

    def __str__(self) -> str:
        text = f"{self.major}.{self.minor}.{self.patch}"
        return text + "-" + ".".join(map(str, self.prerelease)) if self.prerelease else text

    @property
    def precedence(self) -> tuple[Any, ...]:
        """A key that sorts by the precedence of semver."""
        identifiers = tuple(
            (0, part, "") if isinstance(part, int) else (1, 0, part) for part in self.prerelease
        )
        return (self.major, self.minor, self.patch, not identifiers, identifiers)


NUMBER = r"(?:0|[1-9][0-9]*)"
IDENTIFIERS = r"[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*"
VERSION = re.compile(
    rf"({NUMBER})(?:\.({NUMBER}))?(?:\.({NUMBER}))?(?:-({IDENTIFIERS}))?(?:\+{IDENTIFIERS})?\Z"
)
# A date would be a prerelease of its year.
DATE = re.compile(r"[0-9]{4}-[0-9]")


def parse_version(text: str) -> Version | None:
    """Returns the version that a text spells, or None. Omitted numbers are 0."""
    match = VERSION.match(text)
    if not match or DATE.match(text):
        return None
    prerelease = parse_prerelease(match[4])
    numbers = [int(number or 0) for number in match.groups()[:3]]
    if prerelease is None or max(numbers) > MAX_SAFE:
        return None
    version = Version(numbers[0], numbers[1], numbers[2], prerelease)
    return version if len(encode_order(version)) <= 200 else None


def parse_prerelease(text: str | None) -> tuple[int | str, ...] | None:
    identifiers: list[int | str] = []
    for part in text.split(".") if text else ():
        if not part.isdigit():
            identifiers.append(part)
        elif (len(part) > 1 and part[0] == "0") or int(part) > MAX_SAFE:
            return None
        else:
            identifiers.append(int(part))
    return tuple(identifiers)


ORDER_DIGITS = "-0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
ORDER_NUMBER = r"[a-p][0-9]+"
ORDER = re.compile(rf"({ORDER_NUMBER})({ORDER_NUMBER})({ORDER_NUMBER})(.*)\Z")


def encode_order(version: Version) -> str:
    """Returns the segment of a version (section 1.2)."""
    order = "".join(encode_number(number) for number in version[:3])
    for part in version.prerelease:
        if isinstance(part, int):
            order += "n" + encode_number(part)
        else:
            order += "a" + "".join(f"{62 - ORDER_DIGITS.index(c):02}" for c in part) + "z"
    return order + "z" if version.prerelease else order


def encode_number(number: int) -> str:
    digits = str(number)
    return chr(ord("q") - len(digits)) + "".join(str(9 - int(digit)) for digit in digits)


def decode_order(order: str) -> Version | None:
    """Returns the version of a segment, or None if no version has it."""
    numbers: list[int] = []
    rest = order
    for _ in range(3):
        number, rest = take_number(rest)
        if number is None:
            return None
        numbers.append(number)
    parts: list[int | str] = []
    while rest and rest != "z":
        if rest[0] == "n":
            number, rest = take_number(rest[1:])
            if number is None:
                return None
            parts.append(number)
            continue
        match = re.match(r"a((?:[0-9]{2})+)z", rest)
        digits = re.findall("..", match[1]) if match else []
        if not match or any(int(digit) > 62 for digit in digits):
            return None
        parts.append("".join(ORDER_DIGITS[62 - int(digit)] for digit in digits))
        rest = rest[match.end() :]
    version = Version(numbers[0], numbers[1], numbers[2], tuple(parts))
    is_version = parse_version(str(version)) == version
    return version if is_version and encode_order(version) == order else None


def take_number(text: str) -> tuple[int | None, str]:
    count = ord("q") - ord(text[0]) if text else 0
    digits = text[1 : 1 + count]
    if not 1 <= count <= 16 or len(digits) < count or not re.match(r"[0-9]+\Z", digits):
        return None, text
    return int("".join(str(9 - int(digit)) for digit in digits)), text[1 + count :]


Comparator = tuple[str, Version]
PARTIAL = re.compile(
    rf"[v=]*({NUMBER}|[xX*])(?:\.({NUMBER}|[xX*])(?:\.({NUMBER}|[xX*])"
    rf"(?:-({IDENTIFIERS}))?(?:\+{IDENTIFIERS})?)?)?\Z"
)


class Range:
    """A version range, as npm reads them: alternatives of comparators that must all hold."""

    def __init__(self, alternatives: list[list[Comparator]]) -> None:
        self.alternatives = alternatives

    def includes(self, version: Version) -> bool:
        """Returns whether the version is in the range.

        A prerelease is in it only if a comparator names a prerelease of the same three numbers.
        """
        return any(
            all(satisfies(version, *comparator) for comparator in comparators)
            and (
                not version.prerelease
                or any(bound.prerelease and bound[:3] == version[:3] for _, bound in comparators)
            )
            for comparators in self.alternatives
        )


def satisfies(version: Version, operator: str, bound: Version) -> bool:
    left, right = version.precedence, bound.precedence
    if operator == "=":
        return left == right
    if operator[0] == "<":
        return left < right or (operator == "<=" and left == right)
    return left > right or (operator == ">=" and left == right)


def parse_range(text: str) -> Range | None:
    """Returns the range that a text spells, or None."""
    alternatives: list[list[Comparator]] = []
    for part in text.split("||"):
        comparators = parse_comparators(part.strip(" "))
        if comparators is None:
            return None
        alternatives.append(comparators)
    return Range(alternatives)


def parse_comparators(text: str) -> list[Comparator] | None:
    hyphen = re.match(r"(\S+) +- +(\S+)\Z", text)
    if hyphen:
        low, high = parse_partial(hyphen[1]), parse_partial(hyphen[2])
        return None if low is None or high is None else at_least(low) + at_most(high)
    comparators: list[Comparator] = []
    for word in re.sub(r"([<>=~^]) +", r"\1", text).split():
        match = re.match(r"(<=|>=|<|>|=|~>|~|\^|)(.*)\Z", word)
        partial = parse_partial(match[2]) if match else None
        if match is None or partial is None or (match[1] == "<=" and not partial.numbers):
            return None
        comparators += expand(match[1], partial)
    return comparators


class Partial(NamedTuple):
    """A version whose last numbers may be missing or `x`."""

    numbers: tuple[int, ...]
    prerelease: tuple[int | str, ...]

    @property
    def lowest(self) -> Version:
        major, minor, patch = (self.numbers + (0, 0, 0))[:3]
        return Version(major, minor, patch, self.prerelease)

    def above(self, position: int) -> Comparator:
        """Returns the bound below the next version that differs at a position."""
        numbers = [*self.numbers[:position], self.numbers[position] + 1, 0, 0]
        return ("<", Version(numbers[0], numbers[1], numbers[2]))


def parse_partial(text: str) -> Partial | None:
    match = PARTIAL.match(text)
    prerelease = parse_prerelease(match[4]) if match else None
    if match is None or prerelease is None:
        return None
    numbers: list[int] = []
    for part in match.groups()[:3]:
        if part is None or part in "xX*":
            break
        numbers.append(int(part))
    if any(number > MAX_SAFE for number in numbers):
        return None
    return Partial(tuple(numbers), prerelease if len(numbers) == 3 else ())


def expand(operator: str, partial: Partial) -> list[Comparator]:
    """Returns the comparators of one word of a range."""
    count = len(partial.numbers)
    if operator in ("", "="):
        return [("=", partial.lowest)] if count == 3 else at_least(partial) + at_most(partial)
    if operator in ("~", "~>"):
        return at_least(partial) + ([partial.above(min(count - 1, 1))] if count else [])
    if operator == "^":
        first = next((i for i, number in enumerate(partial.numbers) if number), count - 1)
        return at_least(partial) + ([partial.above(first)] if count else [])
    if operator == ">=":
        return at_least(partial)
    if operator == "<=":
        return at_most(partial)
    if count == 0:
        return [("<", Version(0, 0, 0))]
    if operator == "<":
        return [("<", partial.lowest)]
    return [(">", partial.lowest) if count == 3 else (">=", partial.above(count - 1)[1])]


def at_least(partial: Partial) -> list[Comparator]:
    return [(">=", partial.lowest)] if partial.numbers else []


def at_most(partial: Partial) -> list[Comparator]:
    count = len(partial.numbers)
    if count == 3:
        return [("<=", partial.lowest)]
    return [partial.above(count - 1)] if count else []


RANGE_SIGNS = re.compile(r"[\^~<>=*|\s]|[0-9]\.[xX](\.|\Z)")


def parse_ref(ref: str) -> tuple[str, Version | Range | str]:
    """Returns the name of a ref, and what follows: a version, a range, an alias or `latest`."""
    name, at, wanted = ref.partition("@")
    encode_segment(name)
    if not at:
        return name, "latest"
    version, is_range = parse_version(wanted), RANGE_SIGNS.search(wanted) is not None
    found = version or (parse_range(wanted) if is_range and wanted == wanted.strip() else None)
    if found is not None:
        return name, found
    if is_range or re.match(r"[vV+.-]?\d|\Z", wanted):
        message = f"Cannot read the ref {quoted(ref)}: not a version, a range or an alias"
        hint = "Write it as name@1.2.0, name@^1 or name@alias."
        if DATE.match(wanted):
            hint = f"Call open({quoted(name)}, as_of=datetime.fromisoformat({quoted(wanted)}))."
        raise HoldfastError("Invalid", message, hint)
    encode_segment(wanted)
    return name, wanted


def check_alias(alias: str) -> None:
    """Raises `Invalid` for what cannot be an alias: `latest`, or like a version or a range."""
    encode_segment(alias, "alias")
    hint = 'Use a word such as "production".'
    if "/" in alias:
        state, hint = "it contains /", "Use one word. Aliases of a release are only read."
    elif alias == "latest":
        state = "it is the newest version"
    elif not is_alias(alias):
        has_space = re.search(r"\s", alias) is not None
        state = f"it {'contains white space' if has_space else 'looks like a version or a range'}"
    else:
        return
    raise HoldfastError("Invalid", f"Cannot use the alias {quoted(alias)}: {state}", hint)


def is_alias(text: str) -> bool:
    try:
        return isinstance(parse_ref(f"a@{text}")[1], str)
    except HoldfastError:
        return False
