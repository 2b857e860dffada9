"""Tables of HTML, for notebooks. Everything is escaped."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from html import escape
from itertools import islice
from typing import Any

from ..core.printable import printable_text

MOST_ROWS = 50


def table(head: Sequence[str], rows: Iterable[Sequence[Any]], caption: str = "") -> str:
    shown = list(islice(rows, MOST_ROWS + 1))
    lines = ["<table>"]
    if caption:
        lines.append(f"<caption>{escape(printable_text(caption))}</caption>")
    titles = (f"<th>{escape(printable_text(each))}</th>" for each in head)
    lines.append(f"<tr>{''.join(titles)}</tr>")
    for row in shown[:MOST_ROWS]:
        cells = (f"<td>{escape(printable_text(text_of(each)))}</td>" for each in row)
        lines.append(f"<tr>{''.join(cells)}</tr>")
    if len(shown) > MOST_ROWS:
        lines.append(f'<tr><td colspan="{len(head)}">…</td></tr>')
    return "\n".join([*lines, "</table>"])


def text_of(value: Any) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)


def size_of(size: float) -> str:
    for unit in ("B", "KiB", "MiB", "GiB"):
        if size < 1024:
            return f"{size:.0f} {unit}" if unit == "B" else f"{size:.1f} {unit}"
        size /= 1024
    return f"{size:.1f} TiB"
