"""Aliases of versions that met the conditions of a rule (FORMAT.md, section 5)."""

from __future__ import annotations

import re
from typing import cast

from ..core.errors import Json

MEMBERS = {
    *("pattern", "keepLast", "keepDaily", "keepWeekly", "keepMonthly", "keepWhere"),
    *("olderThanMs", "protect", "protectAliases", "promote", "adds"),
}
"""Members of a rule. One with others is of a later release."""


def is_as_checked(alias: Json, version: Json) -> bool:
    """Returns whether a version has the content that was checked when the alias was set."""
    origin: Json = version.get("origin") or {}
    restored: list[Json] = version.get("restored") or []
    commits = [version["commit"], origin.get("commit"), *(each["commit"] for each in restored)]
    return alias.get("checked") is None or alias["checked"] in commits


def is_protected(rules: list[Json], name: str, alias: str) -> bool:
    """Returns whether one of the rules protects an alias, or may."""
    return any(_matches(rule.get("pattern"), name) and _protects(rule, alias) for rule in rules)


def _protects(rule: Json, alias: str) -> bool:
    """Returns whether a rule protects an alias. One of a later release protects all of them."""
    given: object = rule.get("protectAliases", [])
    if not rule.keys() <= MEMBERS or not isinstance(given, list):
        return True
    patterns = cast("list[object]", given)
    return any(_matches(pattern, alias) for pattern in patterns)


def _matches(pattern: object, text: str) -> bool:
    """Returns whether a pattern matches. One of a later release may match everything."""
    if not isinstance(pattern, str):
        return True
    return re.fullmatch(".*".join(map(re.escape, pattern.split("*"))), text, re.DOTALL) is not None
