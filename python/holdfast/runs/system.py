"""The console and the system metrics of a run, stored as those of W&B's clients."""

from __future__ import annotations

import base64
import contextlib
import json
import logging
import math
import os
import shutil
import sys
import threading
import time
import uuid
from collections.abc import Callable, Generator, Iterator
from datetime import datetime, timezone
from functools import partial
from importlib import import_module
from itertools import chain
from typing import Any

from ..core.errors import HoldfastError, Json

EVERY = 15.0
"""Seconds between two samples."""
MOST_CHARACTERS = 4 * 2**20
"""Characters of the console, each line with some more, and of samples that wait to be sent."""
PER_LINE = 100
MOST_LINE = 2**16
MOST_PART = 2**20
"""Characters of a part, unless a line is longer: each may take eight bytes."""
LEFT_OUT = "\n… left out: too much of the console waited for the service\n"
WRITER_LINES = 10**7
"""Line numbers that each writer of a run has for itself."""
CONSOLE, EVENTS = "output.log", "wandb-events.jsonl"
PROC = os.path.exists("/proc/meminfo")
Add = Callable[[str, list[Json]], Any]


def memory() -> tuple[int, int, int, int]:
    """Returns the bytes of the process, of the machine and those available, and the threads."""
    if not PROC:
        psutil = import_module("psutil")
        own, machine = psutil.Process(), psutil.virtual_memory()
        return own.memory_info().rss, machine.total, machine.available, own.num_threads()
    facts: dict[str, int] = {}
    for path in ("/proc/meminfo", "/proc/self/status"):
        with open(path) as lines:
            for name, *values in (line.replace(":", " ").split() for line in lines):
                if values and values[0].isdecimal():
                    facts[name] = int(values[0]) * (1024 if values[-1] == "kB" else 1)
    return facts["VmRSS"], facts["MemTotal"], facts["MemAvailable"], facts["Threads"]


class Sampler:
    """Samples the process and its machine. Metrics have the names of W&B."""

    def __init__(self) -> None:
        with contextlib.suppress(OSError, KeyError):  # containers may hide parts of /proc
            try:
                memory()
            except ImportError:
                message = "Cannot record system metrics: this machine has neither /proc nor psutil"
                raise HoldfastError("Unsupported", message, "Run `pip install psutil`.") from None
        self._nvml: Any = None
        with contextlib.suppress(Exception):  # no package, no driver or no GPU
            nvml = import_module("pynvml")
            nvml.nvmlInit()
            self._nvml = nvml
        self._last = (time.process_time(), time.monotonic())

    def values(self) -> Iterator[tuple[str, float]]:
        (used, now), (used_before, before) = (time.process_time(), time.monotonic()), self._last
        self._last = (used, now)
        seconds = max(now - before, 1e-3) * (os.cpu_count() or 1)
        yield "cpu", (used - used_before) / seconds * 100
        own, total, available, threads = memory()
        yield "memory_percent", (1 - available / total) * 100
        yield "proc.memory.availableMB", available / 2**20
        yield "proc.memory.rssMB", own / 2**20
        yield "proc.memory.percent", own / total * 100
        yield "proc.cpu.threads", threads
        disk = shutil.disk_usage("/")
        yield "disk./.usageGB", disk.used / 2**30
        yield "disk./.usagePercent", disk.used / (disk.used + disk.free) * 100
        for at in range(self._nvml.nvmlDeviceGetCount() if self._nvml else 0):
            with contextlib.suppress(Exception):  # a GPU may lack some of them
                for name, value in values_of_gpu(self._nvml, at):
                    yield f"gpu.{at}.{name}", value


def values_of_gpu(nvml: Any, at: int) -> Iterator[tuple[str, float]]:
    gpu = nvml.nvmlDeviceGetHandleByIndex(at)
    memory = nvml.nvmlDeviceGetMemoryInfo(gpu)
    yield "memoryAllocated", memory.used / memory.total * 100
    yield "temp", nvml.nvmlDeviceGetTemperature(gpu, 0)
    yield "gpu", nvml.nvmlDeviceGetUtilizationRates(gpu).gpu
    yield "powerWatts", nvml.nvmlDeviceGetPowerUsage(gpu) / 1000


class Copied:
    """A stream whose texts listeners also receive.

    Replaces `stream.write` and not the stream, which handlers of `logging` may have.
    """

    def __init__(self, stream: Any) -> None:
        self.listeners: list[Callable[[str], None]] = []
        self._stream, self._write = stream, stream.write
        self._before = stream.__dict__.get("write")  # of another program that does the same
        stream.write = self.write

    def write(self, text: str) -> Any:
        written = self._write(text)
        for each in tuple(self.listeners):
            each(text)
        return written

    def restore(self) -> None:
        if self._stream.__dict__.get("write") != self.write:
            return  # another program has replaced it since, and calls this one
        if self._before is None:
            del self._stream.write
        else:
            self._stream.write = self._before


COPIED: dict[Any, Copied] = {}
"""The copied streams. Of several runs, any may end first."""


@contextlib.contextmanager
def copied(stream: Any, listener: Callable[[str], None]) -> Generator[None]:
    """Calls `listener` with each text that is written to a stream."""
    copies = COPIED.setdefault(stream, COPIED.get(stream) or Copied(stream))
    copies.listeners.append(listener)
    yield
    copies.listeners.remove(listener)
    if not copies.listeners:
        del COPIED[stream]
        copies.restore()


class Recorder:
    """Records system metrics and the console until it is stopped; nothing without a sampler.

    `add` stores a part of the run: its name and its files.
    """

    def __init__(self, sampler: Sampler | None, writer: str, start: float, add: Add) -> None:
        self._start, self._add = start, add
        self._process = os.getpid()
        self._texts: list[tuple[float, str, str]] = []
        self._rests = {"": "", "ERROR ": ""}
        self._lines: dict[str, list[str]] = {CONSOLE: [], EVENTS: []}
        self._sent = dict.fromkeys(self._lines, (int(writer[:5]) - 1) * WRITER_LINES)
        self._characters = 0
        self._is_cut = False
        self._lock = threading.RLock()  # a handler of a signal may print
        self._sending = threading.RLock()  # such a handler may also finish the run
        self._ended = threading.Event()
        self._copies = contextlib.ExitStack()
        if sampler is None:
            self._ended.set()
            return
        self._sampler = sampler
        for stream, kind in ((sys.stdout, ""), (sys.stderr, "ERROR ")):
            with contextlib.suppress(Exception):  # there may be none, or one of another kind
                self._copies.enter_context(copied(stream, partial(self._receive, kind)))
        with contextlib.suppress(RuntimeError):  # the program ends
            threading.Thread(target=self._work, daemon=True).start()

    def _receive(self, kind: str, text: Any) -> None:
        if os.getpid() != self._process:  # before the lock, which a fork may have copied
            return
        if not isinstance(text, str):  # of a stream of another kind
            return
        size = size_of(text)
        with self._lock:
            rest = MOST_CHARACTERS - self._characters
            self._characters += size
            if size > rest > 0:
                text = text[: rest // PER_LINE] + LEFT_OUT
            if rest > 0:
                self._texts.append((time.time(), kind, text))
            is_first = size > rest and not self._is_cut
            self._is_cut = self._is_cut or size > rest
        if is_first:  # without the lock: another thread may print while it holds that of a handler
            warning = "The console is left out: too much of it waits for the service"
            logging.getLogger("holdfast").warning(warning)

    def _work(self) -> None:
        began, sampled = time.monotonic(), -EVERY
        while not self._ended.is_set():
            if time.monotonic() - sampled >= EVERY:
                sampled = time.monotonic()
                self._sample()
            with contextlib.suppress(Exception):  # tried again; at the end, `finish` raises it
                self.flush()
            self._ended.wait(min(max((time.monotonic() - began) / 600, 1.0), EVERY))

    def _sample(self) -> None:
        now = time.time()
        values = {"_runtime": now - self._start, "_timestamp": now, "_wandb": True}
        with contextlib.suppress(Exception):
            for name, value in self._sampler.values():
                if type(value) in (int, float) and math.isfinite(value):  # what drivers return
                    values[f"system.{name}"] = value
        if sum(map(len, self._lines[EVENTS])) < MOST_CHARACTERS:
            self._lines[EVENTS].append(json.dumps(values))

    def _take_texts(self) -> None:
        with self._lock:
            texts, self._texts = self._texts, []
        waiting = {kind: [rest] for kind, rest in self._rests.items()}
        last = ((time.time(), kind, "\n") for kind in waiting if any(waiting[kind]))
        for at, kind, text in chain(texts, last if self._ended.is_set() else ()):
            waiting[kind].append(text)
            if "\n" not in text:
                continue
            *whole, rest = "".join(waiting[kind]).split("\n")
            waiting[kind] = [rest]
            when = datetime.fromtimestamp(at, timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%f")
            lines = (last_state(line.rstrip("\r")) for line in whole)
            self._lines[CONSOLE] += [f"{kind}{when} {line}" for line in lines]
        self._rests = {kind: last_state("".join(texts)) for kind, texts in waiting.items()}

    def flush(self) -> None:
        """Waits until what is recorded by now is stored."""
        with self._sending:
            self._take_texts()
            while any(self._lines.values()):
                self._send({path: first_of(lines) for path, lines in self._lines.items()})
            with self._lock:
                self._characters = sum(size_of(text) for _, _, text in self._texts)

    def _send(self, taken: dict[str, list[str]]) -> None:
        before = self._sent
        sent = {path: before[path] + len(lines) for path, lines in taken.items()}
        files: list[Json] = []
        for path, lines in taken.items():
            content = {"offset": before[path], "content": lines}
            text = json.dumps(content, ensure_ascii=False).encode(errors="replace")
            if lines:
                files.append({"path": path, "data": base64.b64encode(text).decode()})
        now, ends = time.time_ns() // 10**6, "-".join(map(str, sent.values()))
        self._add(f"stream-{now:015d}-{ends}-c-{uuid.uuid4()}", files)
        if self._sent is not before:  # a handler of a signal has sent them
            return
        self._sent = sent
        for path, lines in taken.items():
            del self._lines[path][: len(lines)]

    def stop(self) -> None:
        """Samples once more, and leaves the streams as they were."""
        if not self._ended.is_set():
            self._sample()
            self._copies.close()
            self._ended.set()


def size_of(text: str) -> int:
    """Returns the characters of a text with those that its lines get."""
    return len(text) + PER_LINE * (text.count("\n") + 1)


def first_of(lines: list[str]) -> list[str]:
    """Returns the first lines, as many as a part has."""
    size = 0
    for count, line in enumerate(lines):
        size += len(line)
        if size > MOST_PART and count > 0:
            return lines[:count]
    return lines[:]


def last_state(line: str) -> str:
    """Returns what a terminal shows of a line, which progress bars write over."""
    return line[line.rfind("\r", 0, -1) + 1 :][-MOST_LINE:]
