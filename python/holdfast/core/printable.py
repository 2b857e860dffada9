"""Texts for terminals and pages, which obey some characters instead of showing them."""

from __future__ import annotations

import json
import re
from typing import Any

HIDDEN = re.compile(
    "[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069"
    "\xad\u115f\u1160\u180e\u200b\u2060-\u2064\u3164\ufeff\uffa0]"
    "|(?<![^\x00-\x7f])[\u200c\u200d]|[\u200c\u200d](?![^\x00-\x7f])"
)
"""Controls, characters that change the direction of the text around them, and those without a
shape. Joiners shape letters outside of ASCII, and emoji."""


def printable(text: str) -> str:
    """Escapes hidden characters: `\\x1b`, `\\u202e`."""

    def escaped(match: re.Match[str]) -> str:
        code = ord(match[0])
        return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"

    return HIDDEN.sub(escaped, text)


def printable_text(text: str) -> str:
    """Escapes hidden characters but tabs and ends of lines."""
    return "".join(
        part if part in "\t\n" else printable(part) for part in re.split("([\t\n])", text)
    )


def printable_json(value: Any) -> str:
    """Returns JSON whose hidden characters are escaped, and whose letters are not."""
    text = json.dumps(value, ensure_ascii=False)
    return HIDDEN.sub(lambda match: f"\\u{ord(match[0]):04x}", text)
