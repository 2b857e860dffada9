"""Results of many saves or loads."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Generic, TypeVar

from ..core.errors import HoldfastError

T = TypeVar("T")
AT_ONCE = 8


class BatchResult(Generic[T]):
    """The results of a batch, by the index of the input."""

    def __init__(self, results: list[T | None], errors: dict[int, Exception]) -> None:
        self.results = results
        """The values; None for an input that failed."""
        self.errors = errors
        """The errors, by the index of the input: `HoldfastError`, or one of your own code."""

    @property
    def succeeded(self) -> list[int]:
        """The indexes of inputs that succeeded."""
        return [at for at in range(len(self.results)) if at not in self.errors]

    @property
    def failed(self) -> list[int]:
        """The indexes of inputs that failed."""
        return sorted(self.errors)

    def raise_first(self) -> None:
        """Raises the error of the first input that failed, if there is one."""
        if self.errors:
            raise self.errors[min(self.errors)]

    def __repr__(self) -> str:
        return f"<BatchResult {len(self.succeeded)} succeeded, {len(self.failed)} failed>"


def run_many(jobs: Sequence[Callable[[], T]]) -> BatchResult[T]:
    """Runs jobs in threads. One that fails stops no other; an interrupt stops all to come."""
    results: list[T | None] = [None] * len(jobs)
    errors: dict[int, Exception] = {}

    def run(at: int) -> None:
        try:
            results[at] = jobs[at]()
        except Exception as error:  # also one of the caller's own code
            errors[at] = error

    with ThreadPoolExecutor(AT_ONCE) as pool:
        try:
            for each in [pool.submit(run, at) for at in range(len(jobs))]:
                each.result()
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise
    return BatchResult(results, dict(sorted(errors.items())))


def versions_for(
    action: str, names: Sequence[str], versions: str | Sequence[str | None] | None
) -> list[str | None]:
    """Returns a version for each name: the same for all, or one of a list."""
    if versions is None or isinstance(versions, str):
        return [versions] * len(names)
    return same_length(action, names, versions, "versions")


def same_length(action: str, names: Sequence[str], given: Sequence[T], what: str) -> list[T]:
    if len(given) != len(names):
        message = f"Cannot {action} {len(names)} names: got {len(given)} {what}"
        raise HoldfastError("Invalid", message, f"Pass as many {what} as names.")
    return list(given)
