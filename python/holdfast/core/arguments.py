"""Checks of the types of arguments, by the annotations of the functions that receive them."""

from __future__ import annotations

import enum
import functools
import inspect
import logging
import os
import re
import sys
import types
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar, Union, cast, get_args, get_origin, get_type_hints

from .errors import HoldfastError, quoted
from .metadata import number_of
from .shapes import is_mapping
from .words import hint_for_argument

LOG = logging.getLogger("holdfast")
UNSAID = inspect.Parameter.empty
F = TypeVar("F", bound=Callable[..., Any])
C = TypeVar("C", bound=type)


class Unset(enum.Enum):
    """The default of an argument for which None has a meaning."""

    UNSET = "unset"

    def __repr__(self) -> str:
        return "…"


UNSET = Unset.UNSET


def passed(**arguments: Any) -> dict[str, Any]:
    """Returns the arguments that were passed."""
    return {name: value for name, value in arguments.items() if value is not UNSET}


def checked_methods(owner: C) -> C:
    """Checks the arguments of the public methods of a class, unless they take any names.

    These, and the ends of its blocks, raise no `MemoryError`.
    """
    for name, method in list(vars(owner).items()):
        if inspect.isfunction(method) and (not name.startswith("_") or name == "__exit__"):
            takes_any = method.__code__.co_flags & inspect.CO_VARKEYWORDS
            setattr(owner, name, with_memory(method) if takes_any else checked(method))
    return owner


def with_memory(function: F) -> F:
    """Raises `Unavailable` instead of `MemoryError`, also while a generator is read."""

    def failed(error: MemoryError) -> HoldfastError:
        message = f"Cannot call {name_of(function)}: not enough memory ({error})"
        hint = "Free memory or use a larger machine, or read and write the files in parts."
        return HoldfastError("Unavailable", message.replace(" ()", ""), hint)

    def rest_of(generator: Iterator[Any]) -> Iterator[Any]:
        try:
            yield from generator
        except MemoryError as error:
            raise failed(error) from error

    @functools.wraps(function)
    def calling(*arguments: Any, **named: Any) -> Any:
        try:
            found = function(*arguments, **named)
        except MemoryError as error:
            raise failed(error) from error
        return rest_of(found) if inspect.isgenerator(found) else found

    return calling  # type: ignore[return-value]


def checked(function: F) -> F:
    """Raises `Invalid` for an argument that is not of the type that its annotation names."""
    signature, guarded = inspect.signature(function), with_memory(function)

    @functools.cache
    def hints() -> dict[str, Any]:
        given = {name: hint for name, hint in function.__annotations__.items() if name != "return"}
        return get_type_hints(
            types.SimpleNamespace(__annotations__=given), vars(sys.modules[function.__module__])
        )

    @functools.wraps(function)
    def calling(*arguments: Any, **named: Any) -> Any:
        try:
            bound = signature.bind(*arguments, **named).arguments
        except TypeError as error:
            raise wrong_call(function, signature, named, str(error)) from None
        for name, given in bound.items():
            many = signature.parameters[name].kind is inspect.Parameter.VAR_KEYWORD
            for each, value in given.items() if many else [(name, given)]:
                if name in hints() and not is_of(value, hints()[name]):
                    raise wrong(function, each, value, signature.parameters[name].annotation)
        if LOG.isEnabledFor(logging.DEBUG):
            subject = next((bound[each] for each in ("ref", "name") if each in bound), "")
            LOG.debug("%s %s", function.__qualname__, subject and quoted(subject))
        return guarded(*arguments, **named)

    return calling  # type: ignore[return-value]


def name_of(function: Any) -> str:
    return str(function.__qualname__).removesuffix(".__init__").rpartition(".")[2]


def wrong_call(
    function: Any, signature: inspect.Signature, named: Mapping[str, Any], state: str
) -> HoldfastError:
    """Returns the error for arguments that are missing, or that the function has not."""
    called = name_of(function)
    known = [each for each in signature.parameters if each != "self"]
    unknown = [each for each in named if each not in known]
    if unknown:
        message = f"Cannot call {called}: no argument {quoted(unknown[0])}"
        return HoldfastError("Invalid", message, hint_for_argument(unknown[0], known))
    parameters = [signature.parameters[each].replace(annotation=UNSAID) for each in known]
    hint = f"Call it as {called}{inspect.Signature(parameters)}."
    return HoldfastError("Invalid", f"Cannot call {called}: {state}", hint)


def wrong(function: Any, name: str, value: Any, kinds: str) -> HoldfastError:
    state = f"has the type {type(value).__qualname__}"
    is_broken = isinstance(value, str) and not is_well_formed(value)
    if is_broken or (is_path_like(value) and not is_path(value)):
        state = "has a NUL character or a lone surrogate"
    called = name_of(function)
    known = "Pass its `.ref`." if hasattr(value, "ref") else None
    if (called, name) in (("save", "name"), ("load", "ref")) and isinstance(value, (list, tuple)):
        known = f"Call {called}_many."
    hint = known or f"Pass `{name}` as {spelled(function, kinds)}."
    return HoldfastError("Invalid", f"Cannot call {called}: `{name}` {state}", hint)


def spelled(function: Any, kinds: str) -> str:
    """Returns an annotation without aliases, and with `list` and `dict` for abstract types."""

    def meant(word: re.Match[str]) -> str:
        kind = function.__globals__.get(word[0])
        is_alias = isinstance(kind, types.UnionType | types.GenericAlias)
        return re.sub(r"\w+\.", "", str(kind)) if is_alias else word[0]

    found = re.sub(r"\w+", meant, kinds)
    return found.replace("Sequence[", "list[").replace("Mapping[", "dict[")


def is_of(value: Any, kind: Any) -> bool:
    origin, inner = get_origin(kind), get_args(kind)
    if origin in (Union, types.UnionType):
        return any(is_of(value, each) for each in inner if each is not str or Path not in inner)
    if kind is Any:
        return True
    if origin is Sequence:  # nobody means each character of a str
        is_many = isinstance(value, Sequence) and not isinstance(value, (str, bytes, bytearray))
        return is_many and all(is_of(each, inner[0]) for each in cast("Sequence[Any]", value))
    if origin is Mapping and Any not in inner and is_mapping(value):
        return all(all(map(is_of, pair, inner)) for pair in value.items())
    if isinstance(value, str) and kind is str:
        return is_well_formed(value)
    if kind is Path:
        return is_path_like(value) and is_path(value)
    value = number_of(value)
    if isinstance(value, bool) or kind is not float:
        return isinstance(value, origin or kind) and (kind is bool or not isinstance(value, bool))
    return isinstance(value, (int, float))


def is_well_formed(text: str) -> bool:
    return not any("\ud800" <= each <= "\udfff" for each in text)


def is_path_like(value: object) -> bool:
    return isinstance(value, (str, os.PathLike))


def is_path(value: Any) -> bool:
    try:
        return b"\0" not in os.fsencode(value)
    except UnicodeEncodeError:
        return False
