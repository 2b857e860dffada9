"""Jobs in threads, also while a program ends."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from threading import Lock, Thread
from typing import TypeVar

T = TypeVar("T")


def results_of(jobs: Sequence[Callable[[], T]], at_once: int) -> list[T]:
    """Returns the results of jobs, or raises the error of the first that failed.

    The calling thread does jobs too: a program that ends may start no threads, and pools accept
    nothing after its last line (in `atexit`, and in threads that still run).
    """
    waiting = list(enumerate(jobs))[::-1]
    results: dict[int, T] = {}
    failures: dict[int, BaseException] = {}
    lock = Lock()

    def work() -> None:
        while True:
            with lock:
                if not waiting or failures:
                    return
                at, job = waiting.pop()
            try:
                results[at] = job()
            except BaseException as error:
                failures[at] = error

    threads = [Thread(target=work, daemon=True) for _ in jobs[1:at_once]]
    started: list[Thread] = []
    try:
        for thread in threads:
            thread.start()
            started.append(thread)
    except RuntimeError:  # the program ends, or has too many threads
        pass
    try:
        work()
    finally:
        waiting.clear()  # also after Ctrl-C
        for thread in started:
            thread.join()
    if failures:
        raise failures[min(failures)]
    return [results[at] for at in range(len(jobs))]
