"""The sign-in of this user to a service, which `holdfast login` keeps and this package renews."""

from __future__ import annotations

import base64
import codecs
import contextlib
import http.client
import json
import os
import re
import stat
import threading
import time
import urllib.parse
import urllib.request
from collections.abc import Callable, Generator
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from ..core.errors import HoldfastError, Json, quoted
from ..core.shapes import is_dict, is_list
from .address import address, is_https, is_of_this_machine, is_private

MARGIN = 60
"""A token with fewer seconds left is renewed."""

STALE = 30
"""Seconds after which a lock was left behind by a process that ended."""

READING = threading.Lock()
"""Held while the token of a pipe is read."""

TIMEOUT = 15
LATEST = 253_402_300_799
"""The end of the year 9999, in seconds."""

MOMENT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3}Z")

MOST_BYTES = 2**20
"""The longest answer of an issuer."""


class SignIn:
    """The sign-in to one service. A call returns its token, and renews it before it expires."""

    def __init__(self, url: str) -> None:
        self._url = address(url)
        self._login: Json = read_logins().get(self._url, {})

    def __bool__(self) -> bool:
        return bool(self._login)

    def __call__(self) -> str:
        if left(self._login) <= MARGIN:
            self._login = self._renewed()
        return str(self._login["token"])

    def _renewed(self) -> Json:
        with locked():
            login = read_logins().get(self._url, {})
            if not login:
                raise self._ended("this user has signed out")
            if left(login) > MARGIN:  # another process has renewed it
                return login
            if "refreshToken" not in login:
                if left(login) > 0:
                    return login
                raise self._ended("the sign-in has expired")
            try:
                login = renew(login, self._ended)
            except HoldfastError as error:
                if error.code == "Unavailable" and left(login) > 0:
                    return login
                raise
            change_logins(self._url, login)
            return login

    def _ended(self, state: str) -> HoldfastError:
        message = f"Cannot use the service {self._url}: {state}"
        return HoldfastError("Denied", message, f"Sign in again: holdfast login {self._url}")


class TokenFile:
    """A token in a file that something else renews, such as Kubernetes."""

    def __init__(self, file: str) -> None:
        self._file = file
        self._piped = ""

    def __call__(self) -> str:
        path = Path(self._file)
        try:
            if path.is_file():
                token = decoded(path.read_bytes()).strip()
            else:
                with READING:  # a pipe, such as `<(command)` of a shell, can be read once
                    token = self._piped = self._piped or decoded(path.read_bytes()).strip()
        except (OSError, ValueError):
            token = ""
        if token:
            return token
        message = f"Cannot read the token from {self._file}: no such file, or no token in it"
        raise HoldfastError("Denied", message, "Set HOLDFAST_TOKEN_FILE to a file with a token.")


def decoded(data: bytes) -> str:
    """Decodes UTF-8, or UTF-16 with a byte order mark, as Windows PowerShell writes it."""
    marks = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
    return data.decode("utf-16" if data.startswith(marks) else "utf-8-sig")


def login_file() -> Path | None:
    folder = os.environ.get("XDG_CONFIG_HOME", "")
    if os.path.isabs(folder):
        return Path(folder, "holdfast", "logins.json")
    home = os.environ.get("HOME") or os.environ.get("USERPROFILE") or ""
    return Path(home, ".config", "holdfast", "logins.json") if os.path.isabs(home) else None


def read_logins() -> dict[str, Json]:
    """Returns the sign-ins by URL. Errors never show the content of the file."""
    file = login_file()
    if file is None:
        return {}
    try:
        if os.name == "posix" and stat.S_IMODE(file.stat().st_mode) & 0o077:
            message = f"Cannot use the sign-ins of this user: others can read or change {file}"
            hint = f"Run chmod 600 {file}. If others may have read it, sign in again."
            raise HoldfastError("Denied", message, hint)
        content = json.loads(file.read_bytes().decode())
        logins = content["logins"]
        if content["format"] != 1 or not all(map(is_login, logins.values())):
            raise ValueError
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except OSError as error:
        hint = "Check its owner, or pass token=…"
        raise HoldfastError("Denied", f"Cannot read {file}: {error.strerror}", hint) from None
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        message = f"Cannot use the sign-ins of this user: {file} is damaged"
        hint = "Remove it, and sign in again: holdfast login URL"
        raise HoldfastError("Invalid", message, hint) from None
    return dict(logins)


def is_login(value: object) -> bool:
    """Returns true for a sign-in as `holdfast login` writes it."""
    if not is_dict(value):
        return False
    needed = ("issuer", "clientId", "audience", "tokenEndpoint", "token", "expiresAt")
    given = [value[name] for name in ("refreshToken", "revocationEndpoint") if name in value]
    parameters = value.get("parameters")
    if not is_dict(parameters) or value.get("kind") not in ("access_token", "id_token"):
        return False
    texts = [value.get(name) for name in needed] + given + list(parameters.values())
    if not all(isinstance(text, str) for text in texts) or not MOMENT.fullmatch(value["expiresAt"]):
        return False
    left(value)  # raises a ValueError
    return True


def left(login: Json) -> float:
    """Returns the seconds until the token of a sign-in expires."""
    if not login:
        return 0
    end = datetime.fromisoformat(login["expiresAt"].replace("Z", "+00:00"))
    return end.timestamp() - time.time()


@contextlib.contextmanager
def locked() -> Generator[None, None, None]:
    """Excludes other processes: an issuer accepts a refresh token once."""
    lock = f"{login_file()}.lock"
    while True:
        try:
            os.close(os.open(lock, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
            break
        except FileExistsError:
            with contextlib.suppress(FileNotFoundError):
                if abs(time.time() - os.stat(lock).st_mtime) > STALE:
                    os.remove(lock)
            time.sleep(0.1)
        except OSError as error:
            raise unwritable(error) from None
    try:
        yield
    finally:
        with contextlib.suppress(FileNotFoundError):
            os.remove(lock)


def change_logins(url: str, login: Json) -> None:
    """Replaces one sign-in. Readers see the old or the new file, which keeps its owner."""
    file = Path(os.path.realpath(str(login_file())))
    logins = {**read_logins(), url: login}
    text = json.dumps({"format": 1, "logins": logins}, indent=2, ensure_ascii=False) + "\n"
    new = f"{file}.new"
    try:
        descriptor = os.open(new, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
        try:
            with open(descriptor, "wb") as opened:
                opened.write(text.encode())
                opened.flush()
                os.fsync(descriptor)
                if os.name == "posix":
                    owner = file.stat()
                    if (owner.st_uid, owner.st_gid) != (os.geteuid(), os.getegid()):
                        os.fchown(descriptor, owner.st_uid, owner.st_gid)
            os.replace(new, file)
        except BaseException:
            os.remove(new)
            raise
    except OSError as error:
        raise unwritable(error) from None


def unwritable(error: OSError) -> HoldfastError:
    message = f"Cannot renew the sign-in in {login_file()}: {error.strerror}"
    hint = "Set XDG_CONFIG_HOME to a folder that you can write to, or use HOLDFAST_TOKEN."
    return HoldfastError("Denied", message, hint)


def renew(login: Json, ended: Callable[[str], HoldfastError]) -> Json:
    """Asks the issuer for new tokens. Errors contain none."""
    fields = {
        **login["parameters"],
        "grant_type": "refresh_token",
        "refresh_token": login["refreshToken"],
        "client_id": login["clientId"],
    }
    issuer, kind = login["issuer"], login["kind"]
    answer = ask(login["tokenEndpoint"], urllib.parse.urlencode(fields).encode(), issuer)
    if "error" in answer:
        raise ended("the issuer does not renew the sign-in")
    texts = [answer.get("access_token"), answer.get("refresh_token", login["refreshToken"])]
    is_whole = all(isinstance(text, str) and text for text in texts)
    is_known = str(answer.get("token_type")).lower() in ("bearer", "dpop")
    claims = claims_of(answer.get(kind)) if is_whole and is_known else None
    if claims is None:
        raise ended(f"the answer of {quoted(issuer)} has no token that a service can check")
    if login["audience"] not in claims["aud"]:
        raise ended(f"the token of {quoted(issuer)} is for another service")
    if kind == "id_token" and claims["iss"] != issuer:
        raise ended(f"the token of {quoted(issuer)} is of another issuer")
    expires = datetime.fromtimestamp(claims["exp"], timezone.utc)
    return {
        **login,
        "token": answer[kind],
        "expiresAt": expires.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "refreshToken": texts[1],
    }


def ask(endpoint: str, body: bytes, issuer: str) -> Json:
    """Returns the answer of an issuer: tokens, or an error of OAuth.

    Raises `Unavailable` for another answer, of a proxy in between or of an issuer that fails.
    """
    if not (is_private(endpoint) if is_of_this_machine(issuer) else is_https(endpoint)):
        message = "Cannot renew the sign-in: the token endpoint is not an https URL"
        raise HoldfastError("Denied", message, "Sign in again: holdfast login URL")
    request = urllib.request.Request(endpoint, body, {"accept": "application/json"})
    try:
        with urllib.request.build_opener(Answers).open(request, timeout=TIMEOUT) as response:
            status, content = response.status, response.read(MOST_BYTES + 1)
            is_json = response.headers.get_content_type() == "application/json"
    except (OSError, http.client.HTTPException):
        raise unavailable(f"{quoted(issuer)} does not answer") from None
    try:
        answer = json.loads(content.decode())
    except (ValueError, RecursionError):
        answer = None
    error = answer.get("error") if is_dict(answer) else None
    if len(content) > MOST_BYTES:
        raise unavailable(f"{quoted(issuer)} answers with more than 1 MiB")
    if status == 200 and (is_json or is_dict(answer)):
        return answer if is_dict(answer) and error is None else {}
    is_of_issuer = is_json and 400 <= status < 500 and status not in (408, 429)
    if is_of_issuer and isinstance(error, str) and error:
        return {"error": error}
    raise unavailable(f"{quoted(issuer)} answers with status {status}")


class Answers(urllib.request.HTTPErrorProcessor):
    """Returns answers of every status, and follows no redirects."""

    def http_response(self, request: urllib.request.Request, response: Any) -> Any:
        return response

    https_response = http_response


def unavailable(state: str) -> HoldfastError:
    message = f"Cannot renew the sign-in: {state}"
    return HoldfastError("Unavailable", message, "Check the network, and try again later.")


def claims_of(token: object) -> Json | None:
    """Returns issuer, audiences and end of a JSON Web Token, None for anything else."""
    if not isinstance(token, str):
        return None
    match = re.fullmatch(r"[A-Za-z0-9_-]+\.([A-Za-z0-9_-]+)\.[A-Za-z0-9_-]+", token)
    if match is None:
        return None
    payload = match[1]
    try:
        decoded = base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4))
        claims = json.loads(decoded.decode())
        issuer, end = claims["iss"], claims["exp"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
    is_number = isinstance(end, (int, float)) and not isinstance(end, bool)
    if not isinstance(issuer, str) or not is_number or not 0 <= end <= LATEST:
        return None
    audience = claims.get("aud")
    return {"iss": issuer, "aud": audience if is_list(audience) else [audience], "exp": end}
