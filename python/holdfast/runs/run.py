"""Runs: a program logs values while it computes a version."""

from __future__ import annotations

import base64
import contextlib
import enum
import json
import logging
import math
import os
import threading
import time
import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Any

from ..artifacts.artifact import Artifact
from ..client.connection import Connection, quote
from ..client.paths import path_of
from ..client.saving import (
    Saved,
    files_to_save,
    request_of,
    saved_of,
    sent_members,
    with_files,
)
from ..core.arguments import checked_methods
from ..core.errors import Conflict, HoldfastError, Invalid, Json, quoted
from ..core.metadata import checked_json, is_exact, not_finite, number_of
from ..core.shapes import is_dict, is_mapping
from ..core.words import Worded
from .parts import count_of_part
from .system import Recorder, Sampler

LEAST_WAIT, MOST_WAIT, PARTS = 1.0, 30.0, 600
"""Seconds between two parts: a day has a few thousand parts."""
MOST_CHARACTERS = 256 * 2**20
MAX_LINE, MAX_DEPTH, MAX_STRING = 2**20, 5, 1000
TIME = "_time"
LOG = logging.getLogger("holdfast")


@checked_methods
class Run(Worded):
    """A run that logs values, and becomes a version when it is finished.

    Create it with `registry.run(name)`. A `with` block that ends without `finish` marks it as
    failed, and so does the end of the program.
    """

    def __init__(
        self, connection: Connection, name: str, run_id: str, begun: Json, sampler: Sampler | None
    ) -> None:
        self.name: str = name
        self.id: str = run_id
        self._connection = connection
        self._process = os.getpid()
        self._writer = str(begun["writer"])
        self._started = datetime.fromisoformat(begun["startedAt"].replace("Z", "+00:00"))
        self._start = self._started.timestamp()
        self._began = time.monotonic()
        self._step: float = begun.get("step", int(begun["points"]) - 1)
        self._lines: list[str] = []
        self._stored: int = 0
        self._characters = self._left_out = 0
        self._begun: int | None = None
        """The number of points of a part that may have been stored: it is sent again as it was."""
        self._failure: HoldfastError | None = None
        self._ended = self._closing = False
        """A run is closing once `finish` has sent the value: later points would be lost."""
        self._saved: Saved | None = None
        self._changed = threading.Condition()
        self._sending = threading.RLock()  # a handler of a signal may finish the run
        self._thread: threading.Thread | None = None
        self._recorder = Recorder(sampler, self._writer, self._start, self._add_files)
        OPEN_RUNS[self] = connection

    def __repr__(self) -> str:
        return f"Run({self.name!r}, id={self.id!r})"

    def log(self, values: Mapping[str, Any] | None = None, /, *more: Any, **named: Any) -> None:
        """Logs a point: numbers, strings, booleans and None by name, also in dicts.

        Returns at once: points are sent in the background, every 1 to 30 seconds. Without `step`,
        a point gets the step after that of the last one. While the service does not answer, up to
        256 MiB of points wait; later points are left out, with a warning.
        """
        self._check_process("log to")
        if more or not (values is None or is_mapping(values)):
            hint = "Pass one dict, or names: log({...}, step=1), log(step=1, loss=0.5)."
            raise self._error("log to", "its values have no names", hint)
        point = {**values, **named} if values else named
        members = {key: self._value(key, value, 1) for key, value in point.items()}
        for key in ("step", TIME):  # NaN and infinities are strings by now
            if key in members and type(members[key]) not in (int, float):
                state = f"{quoted(key)} is {quoted(point[key])}, not a number"
                raise self._error("log to", state, "Log it under another name.")
        if not any(has_value(members[key]) for key in members.keys() - {"step", TIME}):
            hint = "Log numbers by name: log(step=1, loss=0.5)."
            raise self._error("log to", "a point has no values", hint)
        with self._changed:
            self._check_open("log to")
            self._step = members.setdefault("step", self._step + 1)
            members.setdefault(TIME, round(time.time() - self._start, 3))
            line = json.dumps(members, separators=(",", ":")) + "\n"
            if len(line) > MAX_LINE:
                state = f"a point has more than {MAX_LINE} characters"
                raise self._error("log to", state, "Log fewer values at once.")
            if self._characters + len(line) > MOST_CHARACTERS:
                if self._left_out == 0:
                    LOG.warning("Points of %s are left out: too many wait for the service", self)
                self._left_out += 1
                return
            self._lines.append(line)
            self._characters += len(line)
            if len(self._lines) == 1:
                self._changed.notify_all()
            if self._thread is None:
                thread = threading.Thread(target=self._send_later, daemon=True)
                with contextlib.suppress(RuntimeError):  # the program ends, and `leave` sends them
                    thread.start()
                    self._thread = thread

    def _value(self, key: Any, value: Any, depth: int) -> Any:
        if type(key) is not str:
            raise self._error("log to", f"{key!r} is not a str", "Use strings as names.")
        kind: type[Any] = type(value)  # pyright: ignore[reportUnknownVariableType]
        if kind is float:
            return value if math.isfinite(value) else not_finite(value)
        if kind is bool or value is None:
            return value
        if kind is int:
            if is_exact(value):
                return value
            state = f"{quoted(key)} is an int of {value.bit_length()} bits, which would be rounded"
            raise self._error("log to", state, "Log float(value), or str(value).")
        if kind is str:
            if len(value) > MAX_STRING or not well_formed(value):
                state = f"{quoted(key)} is too long or not well-formed"
                hint = f"Log strings of at most {MAX_STRING} characters."
                raise self._error("log to", state, hint)
            return value
        if kind is dict:
            if depth >= MAX_DEPTH:
                state = f"{quoted(key)} is nested too deep ({MAX_DEPTH} levels)"
                raise self._error("log to", state, "Join the names.")
            return {own: self._value(own, each, depth + 1) for own, each in list(value.items())}
        number = number_of(value)
        if type(number) in (bool, int, float):
            return self._value(key, number, depth)
        if isinstance(value, float):
            return self._value(key, float(value), depth)
        if isinstance(value, str) and not isinstance(value, enum.Enum):  # as numpy.str_
            return self._value(key, str.__str__(value), depth)
        state = f"{quoted(key)} is of type {kind.__name__}"
        raise self._error("log to", state, "Log numbers, str, bool, None, and dicts of them.")

    def _send_later(self) -> None:
        failures = 0
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._lines or self._ended)
                length = time.monotonic() - self._began
                wait = min(max(length / PARTS, LEAST_WAIT) * 2**failures, MOST_WAIT)
                self._changed.wait_for(lambda: self._ended, wait)
                if self._ended or self._failure:
                    return
            try:
                self.flush()
                failures = 0
            except HoldfastError as error:
                final = self._failure is not None
                following = "No later point is stored" if final else "It is tried again"
                if failures == 0 or final:
                    LOG.warning("%s. %s.", error.message, following)
                failures = min(failures + 1, 10)

    def flush(self) -> None:
        """Waits until the points that are logged by now are stored."""
        self._check_process("flush")
        with self._sending:
            rest = len(self._lines)
            while rest > 0:
                if self._failure:
                    raise self._failure
                count = self._begun or count_of_part(self._lines, rest)
                self._send(count)
                rest = min(rest - count, len(self._lines))
        self._recorder.flush()

    def _send(self, count: int) -> None:
        text, first = "".join(self._lines[:count]), self._stored
        self._begun = count
        try:
            self._add(f"points-{self._writer}-{first:010d}-{count}", "history.jsonl", text)
        except (Conflict, Invalid) as error:
            self._failure = error
            raise
        with self._changed:
            if self._stored == first:  # else a handler of a signal has sent them
                self._begun = None
                del self._lines[:count]
                self._characters -= len(text)
                self._stored += count

    def _add(self, part: str, path: str, text: str) -> None:
        data = base64.b64encode(text.encode()).decode()
        self._add_files(part, [{"path": path, "data": data}])

    def _add_files(self, part: str, files: list[Json]) -> Json:
        path = f"{path_of(self.name)}/drafts/{quote(f'run:{self.id}')}/parts/{quote(part)}"
        return self._connection.json("PUT", path, {"files": files})

    def finish(
        self,
        value: Any = None,
        *,
        version: str | None = None,
        metadata: Mapping[str, Any] | None = None,
        inputs: str | Artifact | Sequence[str | Artifact] | None = None,
        alias: str | Sequence[str] | None = None,
        progress: bool | None = None,
        text: bool = False,
    ) -> Saved:
        """Saves a version: the files of the value, and the curve as `history.jsonl`.

        Its metadata has the last values as `metrics`, the parameters as `params`, the tags as
        `tags`, and the id, start, highest step and number of points as `run`. `value` and options
        are those of `save`. A repeat returns the same version. Once the value is sent, no program
        can log to the run any more, even if the save then fails: repeat it.
        """
        if self._saved is not None:
            return self._saved
        self._check_process("finish")
        self._check_open("finish")
        self.flush()
        request = request_of(self.name, version, metadata, inputs, alias)
        request["writer"] = self._writer
        if value is not None:
            with files_to_save(self.name, value, text) as (materializer, files):
                part = f"value-{uuid.uuid4()}-{materializer['formatVersion']}-{materializer['id']}"
                request["materializer"] = materializer
                request["parts"] = [part]
                add = partial(self._add_files, part)
                with_files(self._connection, self.name, files, add, progress, lambda: None)
        with self._changed:
            self._closing = True
        try:
            self._recorder.stop()
            self.flush()
            if self._left_out > 0:
                lost = {"pointsLeftOut": self._left_out}
                known: Json = request["metadata"] or {}
                request["metadata"] = {**known, "run": {**(known.get("run") or {}), **lost}}
            path = f"{self._path()}/finish"
            self._saved = saved_of(self._connection.json("POST", path, sent_members(request)))
        finally:
            self._closing = False
        self._end()
        return self._saved

    def update(
        self,
        params: Mapping[str, Any] | None = None,
        tags: Mapping[str, str | int | float | bool | None] | None = None,
        *,
        replace: bool = False,
    ) -> None:
        """Adds parameters and tags. With `replace`, other values replace the present ones.

        Without it, another value raises `Conflict`. A tag that is None is removed.
        """
        self._check_process("update")
        self._check_open("update")
        action = f"update a run of {quoted(self.name)}"
        facts = {"params": params, "tags": tags}
        change: Json = {key: checked_json(facts[key], action, key) or {} for key in facts}
        body = json.dumps({**change, "replace": replace}).encode()
        self._connection.write("PATCH", self._path(), body, {"content-type": "application/json"})

    def close(self) -> None:
        """Ends this writer, once its points are stored. The run goes on.

        Use it for a helper of the program that finishes the run.
        """
        if self._ended:
            return
        self._check_process("close")
        self._recorder.stop()
        self.flush()
        self._end()

    def fail(self, reason: str) -> None:
        """Ends the run without a version.

        The stored points stay for a week: read them, or finish the run later.
        """
        self._check_process("fail")
        self._check_open("fail")
        self._recorder.stop()
        self.flush()
        text = json.dumps({"reason": reason[:MAX_STRING]})
        self._add(f"failed-{self._writer}", "failed.json", text)
        self._end()

    def _path(self) -> str:
        return f"{path_of(self.name)}/runs/{quote(self.id)}"

    def _check_open(self, action: str) -> None:
        if self._ended or self._closing:
            state = "it has ended" if self._ended else "it is being finished"
            raise self._error(action, state, "Open it again, or another run.")

    def _end(self) -> None:
        self._recorder.stop()
        with self._changed:
            self._ended = True
            self._changed.notify_all()
        OPEN_RUNS.pop(self, None)

    def leave(self, reason: str) -> None:
        """Marks the run as failed if it has not ended. Never raises an error of the service."""
        if self._ended or self._is_copy():
            return
        try:
            self.fail(reason)
        except HoldfastError as error:
            lost = len(self._lines)
            points = f". Points that are not stored: {lost}" if lost > 0 else ""
            LOG.warning("%s%s", error.message, points)
            self._end()

    def __enter__(self) -> Run:
        return self

    def __exit__(self, kind: object, error: BaseException | None, *_: object) -> None:
        self.leave(reason_of(error))

    def __reduce__(self) -> Any:
        raise self._error("copy", "a run belongs to one process", self._open_hint("there"))

    def _is_copy(self) -> bool:
        """Whether this is a child that has copied the program: its points would replace others."""
        return os.getpid() != self._process

    def _check_process(self, action: str) -> None:
        if self._is_copy():
            raise self._error(action, "it was opened before a fork", self._open_hint("here"))

    def _open_hint(self, where: str) -> str:
        return f"Open it {where}: registry.run({quoted(self.name)}, id={quoted(self.id)})."

    def _error(self, action: str, state: str, hint: str) -> HoldfastError:
        run = f"run {quoted(self.id)} of {quoted(self.name)}"
        return HoldfastError("Invalid", f"Cannot {action} {run}: {state}", hint)


def reason_of(error: BaseException | None) -> str:
    """Returns why a block of runs left some open."""
    return (
        "its block ended without finish()" if error is None else f"{type(error).__name__}: {error}"
    )


OPEN_RUNS: dict[Run, Connection] = {}
"""The runs of this program that have not ended, and the connections of their registries."""


def leave_runs(connection: Connection, reason: str) -> None:
    """Marks the runs that were opened through a connection as failed."""
    for run, own in list(OPEN_RUNS.items()):
        if own is connection:
            run.leave(reason)


def leave_all_runs() -> None:
    """Marks all open runs as failed, at the end of the program."""
    for run in list(OPEN_RUNS):
        run.leave("the program ended without finish()")


def has_value(value: Any) -> bool:
    """False for a dict without a value, however deep."""
    return not is_dict(value) or any(map(has_value, value.values()))


def well_formed(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
