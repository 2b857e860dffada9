"""Comparison of stored values with typed ones, the same as `core/text/comparing.ts` has."""

from __future__ import annotations

import json
import math
import re
from datetime import date
from typing import Any, NamedTuple

from ..core.metadata import NOT_FINITE, not_finite

DECIMAL = re.compile(r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d{1,4})?", re.ASCII)
TIME = re.compile(
    r"(?P<year>\d{4})-(?P<month>\d\d)-(?P<day>\d\d)"
    r"(?:[Tt ](?P<hour>\d\d):(?P<minute>\d\d)(?::(?P<second>\d\d)(?:[.,](?P<fraction>\d+))?)?"
    r"(?: ?(?:[Zz]|(?P<sign>[+-])(?P<hours_away>\d\d)(?::?(?P<minutes_away>\d\d))?))?)?",
    re.ASCII,
)


class Instant(NamedTuple):
    seconds: int
    fraction: str
    """Digits, without zeros at the end."""


def instant_of(text: str) -> Instant | str | None:
    """Parses a date or a time of ISO 8601, in UTC if it has no zone; "invalid" if none exists."""
    match = TIME.fullmatch(text)
    if not match:
        return None
    names = ("hour", "minute", "second", "hours_away", "minutes_away")
    hour, minute, second, hours_away, minutes_away = (int(match[name] or 0) for name in names)
    try:
        days = date(int(match["year"]), int(match["month"]), int(match["day"])).toordinal()
    except ValueError:
        return "invalid"
    if max(hour, hours_away) > 23 or max(minute, second, minutes_away) > 59:
        return "invalid"
    away = (hours_away * 60 + minutes_away) * (-1 if match["sign"] == "-" else 1)
    seconds = ((days * 24 + hour) * 60 + minute - away) * 60 + second
    return Instant(seconds, (match["fraction"] or "").rstrip("0"))


def begins_date(text: str) -> bool:
    """Whether a date and time that exists begins so."""
    examples = ("2000-01-01T00:00:00.000Z", "2000-10-10T00:00:00.000Z")
    whole = [text, *(text + each[len(text) :] for each in examples)]
    return any(isinstance(instant_of(each), Instant) for each in whole)


def compares(value: Any, comparison: str, wanted: str) -> bool:
    """Compares numbers and times by value, also in text, and other text by UTF-16 code units."""
    if value is None or isinstance(value, bool):
        return comparison in ("=", "!=") and (json.dumps(value) == wanted) == (comparison == "=")
    return meets(order_of(value, wanted), comparison)


def compares_text(text: str, comparison: str, wanted: str) -> bool:
    """Compares names and other text, in which digits are no number."""
    return meets(order_of_texts(text, wanted), comparison)


def meets(order: int | None, comparison: str) -> bool:
    """Whether an order meets a comparison; `!=` is always the opposite of `=`."""
    if comparison == "!=":
        return order != 0
    return order is not None and "=><"[(order > 0) - (order < 0)] in comparison


def order_of(value: Any, wanted: str) -> int | None:
    """Returns the order of a value to a typed one; None if they cannot be compared."""
    if isinstance(value, str):
        number = value if DECIMAL.fullmatch(value) else None
    elif isinstance(value, (int, float)):
        number = repr(value) if math.isfinite(value) else not_finite(value)
    else:
        return None
    is_number = wanted in NOT_FINITE or DECIMAL.fullmatch(wanted)
    if number == "NaN":
        return 0 if wanted == "NaN" else None
    if number is not None and is_number:
        return None if wanted == "NaN" else order_of_decimals(number, wanted)
    if not isinstance(value, str):
        return None
    left, right = instant_of(value), instant_of(wanted)
    if isinstance(left, Instant) and isinstance(right, Instant):
        return (left > right) - (left < right)
    return order_of_texts(value, wanted)


def order_of_texts(left: str, right: str) -> int:
    one, other = (text.encode("utf-16-be", "surrogatepass") for text in (left, right))
    return (one > other) - (one < other)


def order_of_decimals(left: str, right: str) -> int:
    """Compares all digits of two decimal numbers."""
    (sign, *one), (other_sign, *other) = parts_of(left), parts_of(right)
    if sign != other_sign:
        return sign - other_sign
    return sign * ((one > other) - (one < other))


def parts_of(text: str) -> tuple[int, float, str]:
    """Returns sign, exponent and digits: the number is sign × 0.digits × 10^exponent."""
    sign = -1 if text.startswith("-") else 1
    if text.endswith("Infinity"):
        return sign, math.inf, ""
    mantissa, _, power = text.lstrip("+-").lower().partition("e")
    whole, _, fraction = mantissa.partition(".")
    digits = (whole + fraction).lstrip("0")
    zeros = len(whole + fraction) - len(digits)
    if not digits:
        return 0, 0, ""
    return sign, len(whole) - zeros + int(power or 0), digits.rstrip("0")
