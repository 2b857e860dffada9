"""Blocks whose end saves a version: a program has one at a time for each draft."""

from __future__ import annotations

from threading import Lock
from weakref import WeakValueDictionary

from ..artifacts.registry import Registry
from ..core.errors import HoldfastError, quoted
from ..drafts.draft import Draft

OPEN: WeakValueDictionary[tuple[str, str, str], object] = WeakValueDictionary()
"""The owners of the open blocks, by the registry, the name and the id of their draft."""
LOCK = Lock()


def begin_block(owner: object, registry: Registry, draft: Draft) -> None:
    """Begins a block, or raises `Invalid` if the program has another one that writes the draft.

    The one that ends first would save what the other has written so far.
    """
    with LOCK:
        if OPEN.setdefault(key_of(registry, draft), owner) is owner:  # also from another thread
            return
    state = f"another block of this program writes the same draft, {quoted(draft.id)}"
    message = f"Cannot write a version of {quoted(draft.name)}: {state}"
    hint = "Use one block; write elsewhere without `with`: new = holdfast.version(name, id=…)."
    raise HoldfastError("Invalid", message, hint)


def end_block(owner: object, registry: Registry, draft: Draft) -> None:
    with LOCK:
        key = key_of(registry, draft)
        if OPEN.get(key) is owner:
            del OPEN[key]


def key_of(registry: Registry, draft: Draft) -> tuple[str, str, str]:
    return registry.location, draft.name, draft.id
