"""The sign-in of this user to a service, which `holdfast login` keeps and this package renews."""

from __future__ import annotations

import base64
import codecs
import contextlib
import json
import os
import stat
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Generator
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from ..core.errors import HoldfastError, Json, quoted
from ..core.shapes import is_list

MARGIN = 60
"""A token with fewer seconds left is renewed."""

STALE = 30
"""Seconds after which a lock was left behind by a process that ended."""

READING = threading.Lock()
"""Held while the token of a pipe is read."""

TIMEOUT = 15
PORTS = {"http": 80, "https": 443}


class SignIn:
    """The sign-in to one service. A call returns its token, and renews it before it expires."""

    def __init__(self, url: str) -> None:
        self._url = normalized(url)
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


def normalized(url: str) -> str:
    """Returns the URL of a service as `holdfast login` writes it."""
    try:
        parts = urllib.parse.urlsplit(url)
        port = parts.port
    except ValueError:
        return url
    host = parts.hostname or ""
    if not host.isascii():
        with contextlib.suppress(UnicodeError):
            host = host.encode("idna").decode()
    host = f"[{host}]" if ":" in host else host
    end = "" if port is None or port == PORTS.get(parts.scheme) else f":{port}"
    root = f"{parts.scheme}://{host}{end}"
    path = urllib.parse.urlsplit(urllib.parse.urljoin(f"{root}/", parts.path)).path
    return root + urllib.parse.quote(path, safe="/%:@!$&'()*+,;=~[]|^").rstrip("/")


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
        content = json.loads(file.read_bytes())
        if content["format"] != 1:
            raise ValueError
        logins = content["logins"]
        for login in logins.values():
            left(login)
            for member in ("token", "tokenEndpoint", "audience"):
                str(login[member])
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except OSError as error:
        hint = "Check its owner, or pass token=…"
        raise HoldfastError("Denied", f"Cannot read {file}: {error.strerror}", hint) from None
    except (ValueError, KeyError, TypeError, AttributeError):
        message = f"Cannot use the sign-ins of this user: {file} is damaged"
        hint = "Remove it, and sign in again: holdfast login URL"
        raise HoldfastError("Invalid", message, hint) from None
    return dict(logins)


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


class NoRedirects(urllib.request.HTTPRedirectHandler):
    def redirect_request(
        self, req: urllib.request.Request, fp: Any, code: int, msg: str, headers: Any, newurl: str
    ) -> None:
        return None


def renew(login: Json, ended: Callable[[str], HoldfastError]) -> Json:
    """Asks the issuer for new tokens. Errors contain none."""
    fields = {
        **login["parameters"],
        "grant_type": "refresh_token",
        "refresh_token": login["refreshToken"],
        "client_id": login["clientId"],
    }
    body = urllib.parse.urlencode(fields).encode()
    request = urllib.request.Request(login["tokenEndpoint"], body)
    issuer = quoted(str(login["issuer"]))
    try:
        with urllib.request.build_opener(NoRedirects).open(request, timeout=TIMEOUT) as response:
            answer = json.loads(response.read(2**20))
        token = str(answer[login["kind"]])
        claims = claims_of(token)
        audience = claims["aud"]
        expires = datetime.fromtimestamp(claims["exp"], timezone.utc)
    except urllib.error.HTTPError as error:
        error.close()
        if error.code in (400, 401, 403):
            raise ended("the issuer does not renew the sign-in") from None
        raise unavailable(f"{issuer} answers with status {error.code}") from None
    except OSError:
        raise unavailable(f"{issuer} does not answer") from None
    except (ValueError, KeyError, TypeError, OverflowError):
        raise ended(f"the answer of {issuer} has no token that a service can check") from None
    if login["audience"] not in (audience if is_list(audience) else [audience]):
        raise ended(f"the token of {issuer} is for another service")
    return {
        **login,
        "token": token,
        "expiresAt": expires.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "refreshToken": answer.get("refresh_token", login["refreshToken"]),
    }


def unavailable(state: str) -> HoldfastError:
    message = f"Cannot renew the sign-in: {state}"
    return HoldfastError("Unavailable", message, "Check the network, and try again later.")


def claims_of(token: str) -> Json:
    payload = token.split(".")[1]
    decoded = base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4))
    return dict(json.loads(decoded))
