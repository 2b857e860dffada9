"""Regular expressions in a time linear in the text, as other programs have them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import NamedTuple

from ..core.errors import HoldfastError, quoted

CharacterTest = Callable[[str], bool]
Part = Callable[[], object]
"""Adds the steps of a part to a program."""

KINDS = {"d": "[0-9]", "w": "[A-Za-z0-9_]", "s": "[ \t\n\r\f\v]"}
CONTROLS = {"n": "\n", "r": "\r", "t": "\t", "f": "\f", "v": "\v"}
COUNT = re.compile(r"[*+?]|\{([0-9]{1,3})(?:(,)([0-9]{1,3})?)?\}")
MOST_CHARACTERS, MOST_STEPS = 200, 500
MANY = 1000


class Step(NamedTuple):
    """A step of a program: a character, other steps to go on with, or a place."""

    test: CharacterTest | None = None
    ways: list[int] | None = None
    place: str = ""


def linear_pattern(source: str) -> Callable[[str], bool]:
    """Returns a test of whether a text contains what a regular expression describes.

    It has `.`, `[a-z]`, `\\d \\w \\s \\b` and their opposites (of ASCII), `^ $`, groups, `|`,
    `* + ?`, `{2,3}`, and `(?i)` at its beginning, which ignores case.
    """
    program = Program(source)
    program.read()
    return lambda text: found_in(program.steps, text)


def found_in(program: list[Step], text: str) -> bool:
    waiting: set[int] = set()
    before = ""
    for character in [*text, ""]:
        after = kind_of(character) if character else ""
        ready = reached(program, {0, *waiting}, (before, after))
        if len(program) in ready:
            return True
        waiting = {at + 1 for at in ready if passes(program[at], character)}
        before = after
    return False


def kind_of(character: str) -> str:
    return "w" if re.match(KINDS["w"], character) else "n"


def cases_of(character: str) -> list[str]:
    """Returns a character in each case. The second is the same for all of them."""

    def one(text: str) -> str:
        return text if len(text) == 1 else character

    upper, lower = one(character.upper()), one(character.lower())
    return [character, one(upper.lower()), upper, lower]


def passes(step: Step, character: str) -> bool:
    return character != "" and step.test is not None and step.test(character)


def reached(program: list[Step], steps: set[int], place: tuple[str, str]) -> set[int]:
    """Returns the steps that are reached without a character."""
    left, seen = list(steps), set(steps)
    while left:
        at = left.pop()
        if at == len(program):
            continue
        step = program[at]
        ways = step.ways or ([at + 1] if step.place and is_at(step.place, *place) else [])
        for way in ways:
            if way not in seen:
                seen.add(way)
                left.append(way)
    return seen


def is_at(place: str, before: str, after: str) -> bool:
    if place in "^$":
        return (before if place == "^" else after) == ""
    return ((before == "w") != (after == "w")) == (place == "b")


class Program:
    """The steps of a regular expression."""

    def __init__(self, source: str) -> None:
        self.ignores_case = source.startswith("(?i)")
        self.source = source[4:] if self.ignores_case else source
        self.steps: list[Step] = []
        self.at = 0

    def read(self) -> None:
        if len(self.source) > MOST_CHARACTERS:
            raise self.problem(f"it is longer than {MOST_CHARACTERS} characters")
        emit = self.either()
        if self.at < len(self.source):
            raise self.problem(") closes no group")
        emit()

    def problem(self, state: str) -> HoldfastError:
        hint = r"Use . [a-z] \d \w \s \b ^ $ ( ) | * + ? {2,3}, and a \ before other signs."
        what = f"Cannot parse pattern {quoted(self.source)}: {state}"
        return HoldfastError("Invalid", what, hint)

    def take(self, wanted: str) -> bool:
        found = self.source.startswith(wanted, self.at)
        self.at += len(wanted) if found else 0
        return found

    def next(self) -> str:
        character = self.source[self.at : self.at + 1]
        self.at += 1
        return character

    def add(self, step: Step) -> None:
        if len(self.steps) >= MOST_STEPS:
            raise self.problem("it repeats too much")
        self.steps.append(step)

    def fork(self, *ways: int) -> list[int]:
        """Adds a step that goes on with others, and returns these."""
        to = list(ways)
        self.add(Step(ways=to))
        return to

    def either(self) -> Part:
        parts = [self.sequence()]
        while self.take("|"):
            parts.append(self.sequence())

        def emit() -> None:
            begins = self.fork()
            ends: list[list[int]] = []
            for part in parts:
                begins.append(len(self.steps))
                part()
                ends.append(self.fork())
            for end in ends:
                end.append(len(self.steps))

        return emit if len(parts) > 1 else parts[0]

    def sequence(self) -> Part:
        parts: list[Part] = []
        while self.at < len(self.source) and self.source[self.at] not in "|)":
            parts.append(self.repeated(self.part()))

        def emit() -> None:
            for part in parts:
                part()
            if not parts:
                self.nothing()

        return emit

    def nothing(self) -> None:
        """Adds a step without an effect: each repetition of it counts."""
        self.fork().append(len(self.steps))

    def part(self) -> Part:
        character = self.next()
        if character == "(":
            return self.group()
        if character == "[":
            return self.one(self.character_set())
        if character == ".":
            return self.one(lambda each: each != "\n")
        if character in "^$":
            return lambda: self.add(Step(place=character))
        if character in "*+?{":
            raise self.problem(f"{character} repeats nothing")
        if character != "\\":
            return self.one(self.between(character, character))
        for place in "bB":
            if self.take(place):
                return lambda: self.add(Step(place=place))
        escaped = self.escaped()
        if isinstance(escaped, str):
            escaped = self.between(escaped, escaped)
        return self.one(escaped)

    def one(self, test: CharacterTest) -> Part:
        return lambda: self.add(Step(test))

    def group(self) -> Part:
        if not self.take("?:") and self.take("?"):
            raise self.problem("(? is not supported")
        emit = self.either()
        if not self.take(")"):
            raise self.problem("a group has no )")
        return emit

    def between(self, low: str, high: str) -> CharacterTest:
        """Returns a test for a character between two, in any case if that is ignored."""
        if not self.ignores_case:
            return lambda each: low <= each <= high
        if low == high:
            low = high = cases_of(low)[1]
        return lambda each: any(low <= form <= high for form in cases_of(each))

    def escaped(self) -> CharacterTest | str:
        """Returns a test for what follows a backslash: a kind of characters; or one character."""
        name = self.next()
        kind = KINDS.get(name.lower())
        if kind:
            return lambda each: bool(re.match(kind, each)) == name.islower()
        character = CONTROLS.get(name, name)
        if re.fullmatch("[A-Za-z0-9]?", character):
            raise self.problem(f"\\{name} is not supported")
        return character

    def character_set(self) -> CharacterTest:
        is_other = self.take("^")
        tests = list(self.members())
        return lambda each: any(test(each) for test in tests) != is_other

    def members(self) -> Iterator[CharacterTest]:
        is_first = True
        while is_first or not self.take("]"):
            is_first = False
            start, low = self.at, self.member()
            dash, after = self.source[self.at : self.at + 1], self.source[self.at + 1 : self.at + 2]
            is_range = isinstance(low, str) and dash == "-" and after not in ("", "]")
            self.at += is_range
            high = self.member() if is_range else low
            if not isinstance(low, str):
                yield low
            elif isinstance(high, str) and low <= high:
                yield self.between(low, high)
            else:
                raise self.problem(f"{self.source[start : self.at]} is not a range")

    def member(self) -> CharacterTest | str:
        member = self.next()
        if member in ("", "]"):
            raise self.problem("[ has no end, or is empty")
        return self.escaped() if member == "\\" else member

    def repeated(self, emit: Part) -> Part:
        match = COUNT.match(self.source, self.at)
        if not match:
            return emit
        self.at = match.end()
        self.take("?")  # the shortest match is a match, too
        if self.source[self.at : self.at + 1] in ("*", "+", "?", "{"):
            raise self.problem("it repeats twice")
        least = int(match[1] or match[0] == "+")
        is_open = match[0] in ("*", "+") or (match[2] and not match[3])
        most = MANY if is_open else int(match[3] or match[1] or 1)
        if least > most:
            raise self.problem(f"{match[0]} is not in order")
        return lambda: self.repeat(emit, least, most)

    def repeat(self, emit: Part, least: int, most: int) -> None:
        if most == 0:
            self.nothing()
        for _ in range(least):
            emit()
        ends: list[list[int]] = []
        for _ in range(1 if most == MANY else most - least):
            begin = len(self.steps)
            ends.append(self.fork(begin + 1))
            emit()
            if most == MANY:
                self.fork(begin)
        for end in ends:
            end.append(len(self.steps))
