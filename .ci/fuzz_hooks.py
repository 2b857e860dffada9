"""Bodies that schemathesis cannot make by itself."""

import json
from typing import Any

import schemathesis


@schemathesis.serializer("application/x-ndjson")
def lines(_context: Any, line: Any) -> bytes:
    """Returns a body of one line."""
    return json.dumps(line).encode() + b"\n"


MOST_QUERY = 8_000
"""The HTTP servers of runtimes answer longer heads of requests by themselves, with 431 or a reset."""


@schemathesis.hook
def filter_case(_context: Any, case: Any) -> bool:
    """Leaves out requests that would not reach the service."""
    return sum(len(str(value)) for value in (case.query or {}).values()) < MOST_QUERY


@schemathesis.hook
def before_call(_context: Any, case: Any, _kwargs: Any) -> None:
    """Shortens values of the longest length, which are made without the filter."""
    for name, value in (case.query or {}).items():
        if len(str(value)) > MOST_QUERY:
            case.query[name] = str(value)[:MOST_QUERY]
