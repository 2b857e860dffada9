"""Errors, with the codes and hints of Holdfast."""

from __future__ import annotations

from typing import Any

from .printable import printable_json, printable_text

Json = dict[str, Any]


class HoldfastError(Exception):
    """Anything that Holdfast cannot do.

    `code` is one of `NotFound`, `AlreadyExists`, `Invalid`, `Unsupported`, `Corrupt`, `Conflict`,
    `Denied`, `Unavailable`, `Unknown` and `TaskFailed`, and each code has a subclass of that name;
    `hint` says how to fix it. `reason` is a stable word for why a service failed, such as
    `version_missing`; empty if it sent none.
    """

    def __new__(cls, code: str, message: str, hint: str = "") -> HoldfastError:
        made: type[HoldfastError] = _CLASSES.get(code, cls)
        return Exception.__new__(made)

    def __init__(self, code: str, message: str, hint: str = "") -> None:
        message = printable_text(message.encode("utf-8", "backslashreplace").decode())
        hint = printable_text(hint)
        super().__init__(f"{message}\nhint: {hint}" if hint else message)
        self.code: str = code
        self.message: str = message
        self.hint: str = hint
        self.reason: str = ""
        self.retry: str = ""  # "never" if the service says that a repeat fails too

    def __reduce__(self) -> Any:
        return HoldfastError, (self.code, self.message, self.hint)


class NotFound(HoldfastError, KeyError):
    """There is no such name, version, alias, file or registry. Also a `KeyError`, as in a dict."""

    __str__ = Exception.__str__


class AlreadyExists(HoldfastError):
    """The version or the folder exists."""


class Invalid(HoldfastError):
    """An argument is not valid."""


class Unsupported(HoldfastError):
    """The registry, or an installed package, cannot do this."""


class Corrupt(HoldfastError):
    """The data is damaged, or does not match its name."""


class Conflict(HoldfastError):
    """Something was changed meanwhile."""


class Denied(HoldfastError):
    """The token, the credentials or the permissions do not allow this."""


class Unavailable(HoldfastError):
    """The store or the service does not answer. Nothing was written; try again later."""


class Unknown(HoldfastError):
    """The service did not answer a write, which may have been done."""


class TaskFailed(HoldfastError):
    """A program or a serializer failed."""


_CLASSES = {each.__name__: each for each in HoldfastError.__subclasses__()}


def damaged(what: str, state: str) -> HoldfastError:
    """Returns the error for something that does not follow the format."""
    hint = "Repair the registry from a mirror, or save the value again."
    return HoldfastError("Corrupt", f"Cannot read {what}: {state}", hint)


def disk_error(
    action: str, error: OSError, folder: object = "", variable: str = ""
) -> HoldfastError:
    """Returns the error for a local file that cannot be read or written.

    It names `folder` if `error` names no file, as for a full disk, and the environment variable
    that chooses another folder.
    """
    code = "Denied" if isinstance(error, PermissionError) else "Unavailable"
    at = error.filename or folder
    place = f' ("{at}")' if at else ""
    message = f"Cannot {action}: {error.strerror or error}{place}"
    hint = "Check the permissions and the free space of the disk."
    if variable and str(at).startswith(str(folder)):
        hint = f"Set {variable} to a writable folder of a disk with free space."
    return HoldfastError(code, message, hint)


def changed(what: str) -> HoldfastError:
    message = f"Cannot save {what}: it changed during the save"
    return HoldfastError("Conflict", message, "Try again when nothing writes to it.")


def quoted(text: str) -> str:
    """Returns a text for a message: as JSON, with hidden characters escaped."""
    return printable_json(text)


HINTS = {
    "dask": "Save value.compute().",
    "datasets": "Save a Dataset as a version of its own, of an IterableDataset a list of rows.",
    "datetime": "Save str(value).",
    "decimal": "Save str(value).",
    "fractions": "Save str(value).",
    "jax": "Save numpy.asarray(value).",
    "jaxlib": "Save numpy.asarray(value).",
    "numpy": "Save numpy.asarray(value); of a masked array value.data and value.mask.",
    "pandas": "Save a table as a version of its own, a column as a list, a time as str(value).",
    "polars": "Save a table as a version of its own, a column as a list; collect a LazyFrame.",
    "pyarrow": "Save a table as a version of its own, or what value.to_pylist() returns.",
    "scipy": "Write it with scipy.sparse.save_npz('value.npz', value), and save Path('value.npz').",
    "torch": "Save tensors, a module, or a dict of tensors and plain values.",
    "uuid": "Save str(value).",
    "xarray": "Write it with value.to_zarr('value.zarr'), and save Path('value.zarr').",
}
"""What to do with values that JSON, .npy and Parquet do not keep, by their package."""


def unsupported(value: Any, state: str, hint: str = "") -> HoldfastError:
    package, name = type(value).__module__, type(value).__qualname__
    message = f"Cannot save a value of the type {package}.{name}: {state}"
    other = "Write it to a file and save the path, Path('model.bin'), or add a holdfast.serializer."
    known = HINTS.get(package.split(".")[0], other)
    if hasattr(value, "state_dict"):
        known = "Save its state_dict()."
    return HoldfastError("Unsupported", message, hint or known)
