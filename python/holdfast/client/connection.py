"""Requests to a service, with retries and typed errors."""

from __future__ import annotations

import http.client
import json
import random
import re
import socket
import ssl
import time
import urllib.error
import urllib.parse
import urllib.request
import warnings
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from ..core.errors import HoldfastError, Json, quoted
from ..core.shapes import is_dict
from ..core.store import CHUNK
from .address import address, is_private, may_lead
from .answers import (
    HINTS_OF_PROXIES,
    OWN_HINTS,
    PASSING,
    REDIRECTED,
    STATUS_CODES,
    TLS_PORT,
    TOKEN_LOST,
    WRONG_PATH,
    hint_of,
    is_token_lost,
    moved_to,
    wait_of,
)
from .reasons import kind_of

BYTES_PER_LIMIT = 2**21
"""Bytes of a request that add one `timeout` to its time."""

BYTES_MOVED_PER_LIMIT = 2**30
"""Bytes that a service reads or copies in its store before it answers, which do the same."""

TRUST = "Set SSL_CERT_FILE to a file with the certificate of its authority."
RENEW = "Renew the certificate of the server, or set the clock of this machine if it is wrong."
TLS_HINTS = {
    **dict.fromkeys([2, 18, 19, 20, 21, 27], TRUST),
    **dict.fromkeys([9, 10], RENEW),
    **dict.fromkeys([62, 64], "Use a host name that the certificate contains."),
}
"""What to do about a certificate, by the code of OpenSSL."""


TOKEN = re.compile(r"[\x21-\x7e]+")


def quote(text: str) -> str:
    """Returns a name as a path segment. `/` becomes `@@`: proxies may decode `%2F`."""
    text = re.sub(r"^~*\.{1,2}\Z", r"~\g<0>", text)  # no folder
    return urllib.parse.quote(text, safe="").replace("%2F", "@@")


OWN_TOKENS: dict[str, str] = {}
"""The tokens of the services that this program has started and not ended, by their locations."""


class Reply(NamedTuple):
    headers: Any
    body: bytes


FOLLOWS = "Holdfast-accept"
"""The header of reads that the service may answer with a URL of its bucket."""

BUCKET_TIMEOUT = 5.0
"""Seconds for the start of an answer of the bucket: the service can answer, too."""

WITHOUT_BUCKET = 600.0
"""Seconds in which the service sends all bytes after its bucket has failed."""


class ToService(urllib.request.Request):
    is_led = False
    """Whether the service answered it with a URL of its bucket."""


class ToBucket(urllib.request.Request):
    """The request that follows such an answer. It is not redirected again."""


class OnlyReads(urllib.request.HTTPRedirectHandler):
    """Follows redirects of reads: others would become reads, or lose their body."""

    def redirect_request(
        self, req: urllib.request.Request, fp: Any, code: int, msg: str, headers: Any, newurl: str
    ) -> urllib.request.Request | None:
        if req.get_method() not in ("GET", "HEAD") or isinstance(req, ToBucket):
            return None
        is_ours = FOLLOWS in req.unredirected_hdrs and "holdfast-commit" in headers
        if is_ours and isinstance(req, ToService):
            req.is_led = True
        scheme = urllib.parse.urlsplit(newurl).scheme
        if scheme != "https" and not (scheme == "http" and req.full_url.startswith("http:")):
            return None
        if not may_lead(req.full_url, newurl):
            return None
        if not is_ours:
            request = super().redirect_request(req, fp, code, msg, headers, newurl)
            if request:
                request.remove_header("Proxy-authorization")  # this URL may need no proxy
            return request
        req.timeout = min(req.timeout or BUCKET_TIMEOUT, BUCKET_TIMEOUT)  # for the bucket
        wanted = req.get_header("Range")
        return ToBucket(newurl, headers={} if wanted is None else {"Range": wanted})


def fits(response: Any, wanted: str | None, size: int | None) -> bool:
    """Returns whether the bucket sends the range of a file that was asked for, or all of it."""
    if "content-encoding" in response.headers:
        return False
    if wanted is None:
        return bool(response.status == 200 and response.length in (None, size))
    sent: str = response.headers.get("content-range", "")
    return bool(response.status == 206) and sent.startswith(wanted.replace("=", " ") + "/")


def set_timeout(response: Any, seconds: float) -> None:
    """Sets the timeout for the rest of a response, where the interpreter shows its socket."""
    connected = getattr(getattr(response.fp, "raw", None), "_sock", None)
    if isinstance(connected, socket.socket):
        connected.settimeout(seconds)


def opener(is_own: bool) -> urllib.request.OpenerDirector:
    direct = [urllib.request.ProxyHandler({})] if is_own else []
    return urllib.request.build_opener(OnlyReads, *direct)


class Connection:
    def __init__(
        self, url: str, token: str | Callable[[], str] | None = None, timeout: float = 60
    ) -> None:
        self.location: str = address(url)
        if not 0 < timeout < 1e9:
            message = f"Cannot connect to {quoted(url)}: timeout is {timeout}"
            raise HoldfastError("Invalid", message, "Pass a number of seconds above 0.")
        if token and not is_private(self.location):
            message = f"The token is sent to {self.location} unencrypted. Use https."
            warnings.warn(message, stacklevel=2)
        self._token = token
        self.timeout = timeout
        self._features: list[str] | None = None
        self._follows_from = 0.0  # when to ask the bucket, by the monotonic clock
        self.is_own = self.location in OWN_TOKENS  # a proxy would get its token
        self._opener = opener(self.is_own)

    def __getstate__(self) -> Json:  # since Python 3.12, openers cannot be pickled
        return {key: value for key, value in vars(self).items() if key != "_opener"}

    def __setstate__(self, state: Json) -> None:
        vars(self).update(state)
        self._opener = opener(self.is_own)

    @property
    def sends_to_bucket(self) -> bool:
        """Whether large files may go to the bucket of the service, which has not failed lately."""
        if self._features is None:
            try:
                self._features = list(self.json("GET", "registry").get("features", []))
            except (HoldfastError, TypeError):
                self._features = []
        may = "direct-uploads" in self._features
        return may and time.monotonic() >= self._follows_from

    def leave_bucket(self) -> None:
        self._follows_from = time.monotonic() + WITHOUT_BUCKET

    @property
    def token(self) -> str | None:
        """The token as it is now: that of a sign-in is renewed."""
        token = self._token() if callable(self._token) else self._token
        if token is not None:
            token = token.strip()  # of a file that ends with a newline
        if token is None or TOKEN.fullmatch(token):
            return token
        message = f"Cannot send the token to {self.location}: not one line of ASCII without spaces"
        hint = "Pass only the token."
        raise HoldfastError("Invalid", message, hint)

    def read(self, path: str, size: int | None = None) -> Iterator[bytes]:
        """Yields the body of a successful answer in pieces: of a file, if it has a size."""
        yield from self._chunks("GET", path, None, {}, [], size=size)

    def read_range(self, path: str, offset: int, size: int) -> Iterator[bytes]:
        """Yields a range of a file, also if the service sends all of a compressed file."""
        seen: list[Any] = []
        headers = {"range": f"bytes={offset}-{offset + size - 1}"}
        skip = -1  # bytes before the range
        for chunk in self._chunks("GET", path, None, headers, seen):
            if skip < 0:
                skip = 0 if "content-range" in seen[0] else offset
            yield chunk[skip : skip + size]
            size -= max(0, min(len(chunk) - skip, size))
            skip = max(0, skip - len(chunk))

    def json(self, method: str, path: str, value: Any = None, *, again: bool = True) -> Json:
        """Returns the JSON object of an answer. Sends a write once more only if `again` is set."""
        body, headers = None, {}
        if value is not None:
            body, headers = json.dumps(value).encode(), {"content-type": "application/json"}
        if method == "GET":
            data = b"".join(self.read(path))
        else:
            files = value.get("files", ()) if is_dict(value) else ()
            moving = sum(file.get("size") or 0 for file in files)
            data = self.write(method, path, body, headers, again=again, moving=moving).body
        try:
            answer = json.loads(data)
        except ValueError as error:
            raise self.foreign(path) from error
        if not is_dict(answer):
            raise self.foreign(path)
        return answer

    def write(
        self,
        method: str,
        path: str,
        body: bytes | None,
        headers: Json,
        *,
        again: bool = True,
        moving: int = 0,
    ) -> Reply:
        """Sends a write, and repeats it while the service does not answer if `again` is set."""
        end, wait = time.monotonic() + self.timeout, 0.1
        while True:
            seen: list[Any] = []
            try:
                chunks = self._chunks(method, path, body, headers, seen, end, moving=moving)
                data = b"".join(chunks)
                return Reply(seen[0], data)
            except HoldfastError as error:
                passing = error.code == "Unavailable" or (again and error.code == "Unknown")
                if not passing or error.retry == "never" or time.monotonic() + wait > end:
                    raise
            time.sleep(wait * (0.5 + random.random()))
            wait = min(wait * 2, 5)

    def foreign(self, path: str) -> HoldfastError:
        message = f"Cannot read {self.location}/{path}: the response is not one of `holdfast serve`"
        return HoldfastError("Unsupported", message, "Check the URL of the service.")

    def _chunks(
        self,
        method: str,
        path: str,
        body: bytes | None,
        headers: Json,
        seen: list[Any],
        end: float | None = None,
        size: int | None = None,
        moving: int = 0,
    ) -> Iterator[bytes]:
        url = f"{self.location}/{path}"
        token = self.token
        action = "read" if method in ("GET", "HEAD") else "write to"
        failed = f"Cannot {action} {url}"
        saves = action == "write to" and not path.startswith(("contents", "uploads"))
        lost = "Unknown" if saves else "Unavailable"

        def ask() -> ToService:  # a new one each time: urllib changes what it sends to a proxy
            request = ToService(url, body, dict(headers), method=method)
            if token:  # not sent to where a redirect leads
                request.add_unredirected_header("authorization", f"Bearer {token}")
            if method == "GET" and "/files/" in path and time.monotonic() >= self._follows_from:
                request.add_unredirected_header(FOLLOWS, "redirect")
            return request

        try:
            with self._answer(ask, end, size, moving) as response:
                seen.append(response.headers)
                try:
                    yield from iter(lambda: response.read(CHUNK), b"")
                    needs_length = response.version == 11 and not response.chunked
                    if response.length or (response.length is None and needs_length):  # cut
                        raise OSError("the connection was closed before the end of the response")
                except (OSError, http.client.HTTPException):
                    if response.url != url:
                        self.leave_bucket()
                    raise
        except urllib.error.HTTPError as error:
            hint = TOKEN_LOST if token and is_token_lost(error) else ""
            raise self._problem(failed, error, lost, hint) from None
        except (OSError, http.client.HTTPException) as error:
            reason = getattr(error, "reason", None) or error
            message = f"{failed}: {reason}"
            if isinstance(reason, ssl.SSLCertVerificationError):
                hint = TLS_HINTS.get(reason.verify_code, "Renew the certificate of the server.")
                raise HoldfastError("Denied", message, hint) from error
            if isinstance(reason, (ConnectionRefusedError, socket.gaierror)):
                lost = "Unavailable"
            raise HoldfastError(lost, message, OWN_HINTS[lost]) from error
        except ValueError:  # its text has the header, and so the token
            message = f"{failed}: the URL is not valid"
            raise HoldfastError("Invalid", message, "Check the URL of the service.") from None

    def _answer(
        self, ask: Callable[[], ToService], end: float | None, size: int | None, moving: int
    ) -> Any:
        """Sends a request. Repeats it within the timeout if `_wait` does not raise."""
        end = end or time.monotonic() + self.timeout
        tries = 0
        while True:
            request = ask()
            sent: Any = request.data or b""
            steps = len(sent) // BYTES_PER_LIMIT + moving // BYTES_MOVED_PER_LIMIT
            limit = self.timeout * (1 + steps)  # Python's is for a body
            try:
                response = self._opener.open(request, timeout=limit)
                if not request.is_led:
                    return response
                if fits(response, request.get_header("Range"), size):
                    set_timeout(response, limit)
                    return response
                response.close()
            except (OSError, ValueError, http.client.HTTPException) as error:
                if not request.is_led:
                    self._wait(error, end, tries if request.get_method() == "GET" else None)
                    tries += 1
                elif isinstance(error, urllib.error.HTTPError):
                    error.close()
            if request.is_led:  # the service has the bytes, too
                self.leave_bucket()

    def _wait(self, error: Exception, end: float, reads: int | None) -> None:
        """Waits until a request may be repeated: as long as the service asks, or after so many
        `reads` that a proxy refused (None for a write). Raises any other error.
        """
        if not isinstance(error, urllib.error.HTTPError):
            raise error
        wait = wait_of(error.headers) if error.code in (429, 503) else None
        # A service answers with a problem, after it has retried by itself.
        is_of_proxy = "problem+json" not in error.headers.get("content-type", "")
        if reads is not None and is_of_proxy and error.code in PASSING:
            least = min(0.1 * 2.0 ** min(reads, 9), 5) * (0.5 + random.random())
            wait = max(wait or 0, least)
        if wait is None or time.monotonic() + wait > end:
            raise error
        error.close()
        time.sleep(max(wait, 0.1))

    def _problem(
        self, failed: str, error: urllib.error.HTTPError, lost: str, hint: str
    ) -> HoldfastError:
        text = b""
        moved = moved_to(error)
        try:
            text = error.read(65536)
            problem: Json = json.loads(text)
            detail, code = str(problem["detail"]), str(problem["code"])
        except (ValueError, KeyError, TypeError, OSError):
            detail, code, problem = f"{failed}: {moved or error.reason}", "", {}
        is_lost = error.code >= 500 or error.code == 499  # the connection behind a proxy broke
        default = lost if is_lost else "Invalid"
        is_foreign = text or "json" not in error.headers.get("content-type", "")
        if error.code == 404 and not problem and is_foreign:  # no name is missing
            code = "Unsupported"
        code = code or STATUS_CODES.get(error.code, default)
        if code == "Unsupported" and not problem:
            usual = WRONG_PATH
        elif moved:
            usual = REDIRECTED
        elif error.code == 400 and self.location.startswith("http:"):
            usual = TLS_PORT
        else:
            usual = HINTS_OF_PROXIES.get(error.code, "")
        failure = HoldfastError(code, detail, hint or hint_of(problem, code, usual))
        failure.reason = kind_of(problem.get("reason"))
        is_final = error.code in (507, 511)  # no time frees space, or signs in
        failure.retry = str(problem.get("retry", "never" if is_final else ""))
        return failure
