"""What an answer means that is not a success, of a service or of a proxy before it."""

from __future__ import annotations

import email.utils
import re
import time
import urllib.error
import urllib.parse
from typing import Any

from ..core.errors import Json, quoted
from .reasons import hint_for, in_python

STATUS_CODES = {
    404: "NotFound",
    422: "Unsupported",
    **dict.fromkeys([401, 403, 407], "Denied"),
    **dict.fromkeys([409, 410, 412], "Conflict"),
    **dict.fromkeys([408, 425, 429, 503, 507, 511], "Unavailable"),
}

OWN_HINTS = {
    "Denied": "Check the token, and what is in front of the service.",
    "NotFound": "Check the URL of the service.",
    "Unavailable": "Check the URL, whether the service runs, and NO_PROXY if HTTP_PROXY or "
    "HTTPS_PROXY is set, and try again.",
    "Unknown": "Check whether it was done before you repeat it.",
}
"""What to do if something other than a service answers."""

HINTS_OF_PROXIES = {
    407: "Add user name and password to the URL of the proxy: http://USER:PASSWORD@HOST:PORT.",
    413: "Raise the body limit of the proxy in between: `client_max_body_size 0;` in nginx.",
    429: "The service or a proxy limits requests: send fewer at once, or try later.",
    511: "Sign in to the network in a browser, then try again.",
}
"""What to do about the answers of something in front of the service, by status."""

PASSING = (429, 502, 503, 504)
"""Statuses of a proxy that may pass: reads are repeated."""

WRONG_PATH = (
    "Check that the URL is that of a Holdfast service. Behind a proxy it may have a path, "
    "such as https://HOST/models."
)

REDIRECTED = (
    "If the service moved, connect to it there. If a proxy asks for a sign-in of its own, let it "
    "pass requests with a token."
)

TLS_PORT = "Check the URL: a port with TLS needs https://."

TOKEN_LOST = (
    "The token did not reach the service. Let the proxy in between pass the header "
    "Authorization, and turn off its own sign-in for the service."
)


def is_token_lost(error: urllib.error.HTTPError) -> bool:
    """Returns true if something between program and service took the token away (RFC 6750)."""
    challenge = error.headers.get("www-authenticate", "").lower()
    is_missing = challenge.startswith("bearer ") and "invalid_token" not in challenge
    is_foreign = "json" not in error.headers.get("content-type", "")
    return error.code == 401 and (is_foreign or is_missing)


def hint_of(problem: Json, code: str, usual: str = "") -> str:
    """Returns the hint of an answer: by its reason, else that of the service."""
    own = hint_for(problem.get("reason"))
    suggestion = problem.get("suggestion")
    if own and suggestion:
        return f"Did you mean {quoted(str(suggestion))}? {own}"
    found = own or in_python(str(problem.get("hint", usual)), code)
    return found or OWN_HINTS.get(code, "Check the arguments, and the URL of the service.")


def wait_of(headers: Any) -> float | None:
    """Returns the seconds of `Retry-After`, which may be a date; None without one."""
    text: str = headers.get("retry-after", "")
    if re.match(r"[0-9]+\Z", text):
        return float(text)
    try:
        return max(email.utils.parsedate_to_datetime(text).timestamp() - time.time(), 0)
    except (TypeError, ValueError, OverflowError):
        return None


def moved_to(error: urllib.error.HTTPError) -> str:
    """Returns where an answer redirects, without a query, which may have secrets."""
    target = error.headers.get("location")
    if not 300 <= error.code < 400 or not target:
        return ""
    return "it redirects to " + re.split("[?#]", urllib.parse.urljoin(error.url, target))[0]
