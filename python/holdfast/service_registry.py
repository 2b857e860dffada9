"""A registry behind `holdfast serve`."""

from __future__ import annotations

import http.client
import json
import re
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from typing import (
    Any,
)

from .artifact import Artifact
from .errors import HoldfastError, damaged, quoted
from .names import encode_segment
from .records import KINDS, TIME, UUID, check_files, fits
from .registry import Registry
from .store import CHUNK
from .versions import parse_ref


class ServiceRegistry(Registry):
    """A registry behind `holdfast serve`."""

    def __init__(self, url: str, token: str | None = None, timeout: float = 60) -> None:
        self.location = url.rstrip("/")
        self._token = token and token.strip()
        self._timeout = timeout

    def names(self, prefix: str = "") -> Iterator[str]:
        return iter(self._items("names", prefix=prefix))

    def versions(self, name: str, range: str | None = None) -> Iterator[str]:
        query = {"range": range} if range is not None else {}
        for item in self._items(f"{self._path(name)}/versions", **query):
            yield item["version"]

    def aliases(self, name: str) -> dict[str, str]:
        items = self._items(f"{self._path(name)}/aliases")
        return {item["alias"]: item["version"] for item in items}

    def open(self, ref: str) -> Artifact:
        name, _ = parse_ref(ref)
        wanted = ref.partition("@")[2] or "latest"
        what = f"the description of {quoted(ref)}"
        facts = self._json(f"{self._path(name)}/versions/{urllib.parse.quote(wanted, safe='')}")
        shapes = {**KINDS["version"], "commit": UUID, "createdAt": TIME}
        if not all(fits(facts.get(member), shape) for member, shape in shapes.items()):
            raise damaged(what, "it is not one of a version")
        files = facts["files"]
        for file in files if isinstance(files, list) else ():
            if isinstance(file, dict):  # the service decompresses, and joins the parts
                file.pop("encoding", None)
                file["parts"] = [{"object": 0, "size": file.get("size")}]
        check_files(files, what, int(facts["size"]), 0)
        exact = urllib.parse.quote(facts["version"].partition("+")[0], safe="")
        return Artifact(
            facts,
            lambda file: self._bytes(
                f"{self._path(name)}/versions/{exact}/files/"
                f"{urllib.parse.quote(file['path'])}?commit={facts['commit']}"
            ),
        )

    def _path(self, name: str) -> str:
        encode_segment(name)  # refuses what cannot be a name
        return f"artifacts/{urllib.parse.quote(name, safe='')}"

    def _items(self, path: str, **query: str) -> Iterator[Any]:
        seen: set[str] = set()
        while True:
            page = self._json(f"{path}?{urllib.parse.urlencode(query)}")
            if not isinstance(page.get("items"), list) or str(page.get("next")) in seen:
                raise self._foreign(path)
            yield from page["items"]
            if not page.get("next"):
                return
            query["after"] = str(page["next"])
            seen.add(query["after"])

    def _json(self, path: str) -> Any:
        data = b"".join(self._bytes(path))
        try:
            answer = json.loads(data)
        except ValueError as error:
            raise self._foreign(path) from error
        if not isinstance(answer, dict):
            raise self._foreign(path)
        return answer

    def _foreign(self, path: str) -> HoldfastError:
        message = f"Cannot read {self.location}/{path}: the response is not one of `holdfast serve`"
        return HoldfastError("Unsupported", message, "Check the URL of the service.")

    def _bytes(self, path: str) -> Iterator[bytes]:
        request = urllib.request.Request(f"{self.location}/{path}")
        if self._token:  # not sent to where a redirect leads
            request.add_unredirected_header("authorization", f"Bearer {self._token}")
        try:
            with self._answer(request) as response:
                yield from iter(lambda: response.read(CHUNK), b"")
                if response.length:
                    raise OSError("the connection was closed before the end of the response")
        except urllib.error.HTTPError as error:
            raise self._problem(path, error) from None
        except (OSError, http.client.HTTPException) as error:
            state = getattr(error, "reason", None) or error
            message = f"Cannot read {self.location}/{path}: {state}"
            raise HoldfastError("Unavailable", message, "Try again later.") from error
        except ValueError:  # its text has the header, and so the token
            message = f"Cannot read {self.location}/{path}: the URL or the token is not ASCII"
            hint = "Percent-encode the URL; check the token."
            raise HoldfastError("Invalid", message, hint) from None

    def _answer(self, request: urllib.request.Request) -> Any:
        """Sends a request, again while the service asks to wait, for as long as the timeout."""
        end = time.monotonic() + self._timeout
        while True:
            try:
                return urllib.request.urlopen(request, timeout=self._timeout)
            except urllib.error.HTTPError as error:
                wait = error.headers.get("retry-after", "")
                is_busy = error.code in (429, 503) and re.match(r"[0-9]{1,4}\Z", wait)
                if not is_busy or time.monotonic() + int(wait) > end:
                    raise
                error.close()
                time.sleep(max(int(wait), 0.1))

    def _problem(self, path: str, error: urllib.error.HTTPError) -> HoldfastError:
        codes = {401: "Denied", 403: "Denied", 404: "NotFound", 409: "Conflict", 410: "Conflict"}
        try:
            problem = json.loads(error.read(65536))
            detail, code = str(problem["detail"]), str(problem.get("code", ""))
        except (ValueError, KeyError, TypeError, OSError):
            detail, code, problem = f"Cannot read {self.location}/{path}: {error.reason}", "", {}
        default = codes.get(error.code, "Unavailable" if error.code >= 429 else "Invalid")
        return HoldfastError(code or default, detail, str(problem.get("hint", "")))
