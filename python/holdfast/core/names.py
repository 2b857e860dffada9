"""Names, and their segments in keys (FORMAT.md, section 1.1)."""

from __future__ import annotations

import re
from typing import Any

from .errors import HoldfastError, quoted

PLAIN_BYTES = frozenset(b"abcdefghijklmnopqrstuvwxyz0123456789_-")
DEVICES = re.compile(r"(con|prn|aux|nul|com[0-9]|lpt[0-9])\Z")


def encode_segment(text: str, kind: str = "name") -> str:
    """Returns the segment of a name, an alias or a key (section 1.1).

    Raises `Invalid` for a text that cannot be one. `kind` is what it is called then.
    """
    reason = why_not_name(text)
    segment = "" if reason else escaped(text)
    if reason or len(segment) > 200:
        message = f"Cannot use the {kind} {quoted(str(text))}: {reason or 'it is too long'}"
        example = ", such as `team:model`" if kind == "name" else ""
        raise HoldfastError("Invalid", message, f"Choose another one{example}.")
    return segment


def decode_segment(segment: str) -> str | None:
    """Returns the text of a segment, or None if no text has it."""
    try:
        raw = re.sub(r"=([0-9a-f]{2})", lambda m: chr(int(m[1], 16)), segment.rstrip("="))
        text = raw.encode("latin-1").decode("utf-8")
        return text if not why_not_name(text) and encode_segment(text) == segment else None
    except (UnicodeError, HoldfastError):
        return None


def escaped(text: str) -> str:
    segment = "".join(
        chr(byte) if byte in PLAIN_BYTES else f"={byte:02x}" for byte in text.encode("utf-8")
    )
    return segment + "=" if DEVICES.match(segment) else segment


def why_not_name(text: Any) -> str:
    if not isinstance(text, str):
        return "it is not a str"
    if not text:
        return "it is empty"
    if "@" in text or any(ord(c) < 0x20 or 0x7F <= ord(c) <= 0x9F for c in text):
        return "it contains `@` or a control character"
    if text != text.strip() or text[0] == "\ufeff" or text[-1] == "\ufeff":
        return "white space at one end"
    if any(0xD800 <= ord(c) <= 0xDFFF for c in text):
        return "it is not well-formed Unicode"
    return ""
