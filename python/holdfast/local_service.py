"""A service of this machine that starts and ends with a block of a program."""

from __future__ import annotations

import atexit
import contextlib
import hashlib
import json
import os
import secrets
import shlex
import shutil
import signal
import subprocess
import tempfile
import threading
from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from .client.connection import OWN_TOKENS
from .core.arguments import checked
from .core.errors import HoldfastError, NotFound
from .core.shapes import is_dict
from .files.temporary import temporary_error
from .program import PROGRAM, command_line
from .service_registry import ServiceRegistry


@checked
@contextmanager
def service(
    registry: str | Path = "./.holdfast", *, command: str | None = None, create: bool = True
) -> Generator[ServiceRegistry, None, None]:
    """Serves a registry on a free port of this machine while the block runs.

    The service has a random token, which only this program has: other users of the machine cannot
    use it. Another process of yours needs `registry.location` and `registry.token`.

    The service also ends when the program is killed (not on Windows). Signals to the group of the
    program, such as Ctrl-C, do not reach it: your program can save after them. `HOLDFAST_BY` names
    the author of changes.

    Runs the program that `pip install "holdfast-registry[cli]"` brings, or else `holdfast` of the
    `PATH`; `command`, or `HOLDFAST_COMMAND`, names another. A registry that does not exist is
    created, unless `create` is False.
    """
    program = program_of(command)
    serve = [*program, "serve", "-r", str(registry), "--port", "0", "--json", "--local-files"]
    token, tokens = new_token()
    try:
        process, url = start(serve, tokens)
    except NotFound:
        if not create:
            raise
        init = [*program, "init", str(registry), "--json"]
        try:
            made = subprocess.run(init, check=False, capture_output=True, text=True)
        except OSError as error:  # a shell starts what is no program
            raise error_in([str(error)], "create a registry", init) from error
        try:
            process, url = start(serve, tokens)
        except NotFound:
            raise error_in(made.stderr.splitlines(), "create a registry", init) from None
    OWN_TOKENS[url], RUNNING[url] = token, process
    started = ServiceRegistry(url, token)
    owner = os.getpid()
    try:
        with started:
            yield started
    finally:
        if os.getpid() == owner:  # and not in a child that has copied this program
            OWN_TOKENS.pop(url, None)  # its port may soon be of another program
            RUNNING.pop(url, None)
            stop(process)


RUNNING: dict[str, subprocess.Popen[str]] = {}  # by locations of services
OWN: dict[tuple[int, str], ServiceRegistry] = {}  # by processes and folders that they write to
STARTING: dict[int, threading.Lock] = {}  # by processes: a forked one has no thread to unlock it


def own_service(folder: str) -> ServiceRegistry:
    """Returns the service of this process for a folder that it writes to; starts it if need be."""
    key = os.getpid(), folder  # the service of the process that was forked may end
    with STARTING.setdefault(os.getpid(), threading.Lock()):
        registry = OWN.get(key)
        process = RUNNING.get(registry.location) if registry else None
        if registry is None or process is None or process.poll() is not None:  # or was killed
            started = service(folder, create=False)
            OWN[key] = registry = started.__enter__()
            atexit.register(started.__exit__, None, None, None)
        return registry


OF_PATH = [] if PROGRAM.is_file() else ["holdfast"]
"""A wheel has the program, and its own `holdfast` is in the `PATH`."""


def program_of(command: str | None) -> list[str]:
    """Returns the words of a command: as given, of `HOLDFAST_COMMAND`, or that of this package."""
    command = command or os.environ.get("HOLDFAST_COMMAND")
    program: list[str] = []
    with contextlib.suppress(ValueError):  # a quotation mark alone
        program = shlex.split(command) if command else command_line() or OF_PATH
    if not program or shutil.which(program[0]) is None:
        what = f"no command `{program[0]}`" if program else "no Deno 2.9 or Node 22.12"
        message = f"Cannot start a service: {what}"
        install = "Run pip install 'holdfast-registry[cli]', set HOLDFAST_COMMAND to the command"
        hint = f"{install}, or use holdfast.connect(URL) of a running service."
        raise HoldfastError("Unsupported", message, hint)
    return program


def new_token() -> tuple[str, str]:
    """Returns a token, and the content of a token file that grants everything to it."""
    identity = secrets.token_hex(6)
    token = f"holdfast_{identity}_{secrets.token_urlsafe(32)}"
    digest = hashlib.sha256(token.encode()).hexdigest()
    created = datetime.now(timezone.utc).isoformat()
    stored = {"id": identity, "sha256": digest, "scopes": ["admin"], "createdAt": created}
    stored["note"] = os.environ.get("HOLDFAST_BY", "")  # the author of what it changes
    return token, json.dumps({"format": 1, "tokens": [stored]})


WATCHED = """
read -r tokens
exec 3<&0
trap : TERM
"$@" 3<&- <<END &
$tokens
END
served=$!
{ cat <&3; kill $served; } >/dev/null 2>&1 &
watcher=$!
wait $served
wait $served
kill $watcher
"""
"""Gives a command the first line of the standard input, and ends it when that ends, and so with
this program, however that ends."""


OWN_GROUP: dict[str, Any] = (
    {"start_new_session": True}
    if os.name == "posix"
    else {"creationflags": getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0)}
)
"""Keeps signals to the group of this program from a child: Ctrl-C, or the end of a batch job."""


def stop(process: subprocess.Popen[str]) -> None:
    """Ends a service. Its pipe does not suffice: children of this program may hold it too."""
    if os.name == "posix" and process.poll() is None:
        with contextlib.suppress(OSError):  # it has ended
            os.killpg(process.pid, signal.SIGTERM)
    else:
        process.terminate()
    if process.stdin:
        process.stdin.close()
    process.wait()


def send(process: subprocess.Popen[str], line: str) -> None:
    """Sends a line to a process. The pipe stays open if a shell watches it."""
    assert process.stdin
    with contextlib.suppress(BrokenPipeError):  # it has ended, and prints why
        process.stdin.write(f"{line}\n")
        process.stdin.flush()
    if os.name != "posix":
        process.stdin.close()


def start(command: list[str], tokens: str | None = None) -> tuple[subprocess.Popen[str], str]:
    """Starts a service, and returns its process and its URL, or raises the error that it prints.

    It receives its tokens from the standard input: other users see the arguments of a process.
    """
    pipe, shown = subprocess.PIPE, command
    command = command if tokens is None else [*command, "--tokens", "-"]
    if os.name == "posix":
        command = ["/bin/sh", "-c", WATCHED, "sh", *command]
    with ExitStack() as stack:
        try:
            log = stack.enter_context(tempfile.TemporaryFile("w+"))
            process = subprocess.Popen(
                command, stdin=pipe, stdout=pipe, stderr=log, text=True, **OWN_GROUP
            )
        except OSError as error:
            raise temporary_error("start a service", error) from error
        try:
            send(process, tokens or "")
            for line in process.stdout or ():
                with contextlib.suppress(ValueError):
                    answer = json.loads(line)
                    if is_dict(answer) and "url" in answer:
                        return process, str(answer["url"])
            process.wait()
        except BaseException:  # Ctrl-C ends this program, but not a process of another group
            stop(process)
            raise
        log.seek(0)
        raise error_in(log.readlines(), "start a service", shown)


def error_in(lines: list[str], action: str, command: list[str]) -> HoldfastError:
    """Returns the error that a command printed before it ended."""
    errors = [line for line in lines if line.startswith('{"error"')]
    state = lines[-1].strip() if lines else "it ended"
    unknown = {"code": "TaskFailed", "message": f"Cannot {action}: {state}"}
    unknown["hint"] = f"Run `{shlex.join(command)}` to see why it exits."
    error = json.loads(errors[-1])["error"] if errors else unknown
    return HoldfastError(error["code"], error["message"], error.get("hint", ""))
