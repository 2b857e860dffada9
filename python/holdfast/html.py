"""HTML of artifacts and listings, for notebooks. Everything is escaped."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from html import escape
from itertools import islice
from typing import Any

from .artifact import Artifact
from .printable import printable_text
from .registry import Registry

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


def artifact_html(artifact: Artifact) -> str:
    facts = [
        ("materializer", artifact.materializer),
        ("size", size_of(artifact.size)),
        ("created", artifact.created_at),
        ("digest", artifact.digest),
        *((f"metadata.{key}", value) for key, value in artifact.metadata.items()),
        *(("input", each) for each in artifact.inputs),
    ]
    files = ((file.path, size_of(file.size), file.sha256[:12]) for file in artifact.files)
    return table((artifact.ref, ""), facts) + "\n" + table(("file", "size", "SHA-256"), files)


def listing_html(items: Sequence[Any]) -> str:
    if not items:
        return "<p>none</p>"
    if isinstance(items[0], Artifact):
        head = ("version", "size", "created", "metadata")
        rows = ((each.ref, size_of(each.size), each.created_at, each.metadata) for each in items)
        return table(head, rows)
    return table(items[0]._fields, items)


def registry_html(registry: Registry) -> str:
    return table(("name",), ((name,) for name in registry.names()), registry.location)
