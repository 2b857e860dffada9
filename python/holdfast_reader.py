"""Reads Holdfast registries from Python. It never writes to one.

One file without dependencies: copy it next to your program. It reads a registry in a folder, one
behind `holdfast serve`, and, with boto3 installed, one in an S3 bucket::

    from holdfast_reader import open_registry

    registry = open_registry("./.holdfast")  # or "http://127.0.0.1:8600", "s3://bucket/prefix"
    config = registry.load("my:config@production")
    registry.download("my:dataset@^1.2", "./dataset")

Every byte that it returns was checked against the SHA-256 in its record. Arrays need NumPy, tables
PyArrow, files compressed by zstd Python 3.14 or the package `zstandard`; nothing else does. The
format is described in FORMAT.md and docs/format_on_disk.md.
"""

from __future__ import annotations

import argparse
import calendar
import hashlib
import http.client
import io
import json
import os
import re
import shutil
import stat
import sys
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request
import zlib
from datetime import datetime, timezone
from pathlib import Path
from typing import (
    Any,
    Callable,
    Dict,
    Iterable,
    Iterator,
    List,
    Mapping,
    NamedTuple,
    NoReturn,
    Optional,
    Sequence,
    Tuple,
    TypeVar,
    Union,
)

__all__ = ["Artifact", "File", "HoldfastError", "Registry", "open_registry"]

FORMAT = "holdfast/1"
MAX_SAFE = 2**53 - 1
TOMBSTONE_BYTES = 509
MAX_RECORD_BYTES = 16 * 2**20
MAX_LIST_BYTES = 256 * 2**20
MAX_NESTING = 128
MAX_SPARSE = 10_000_000
CHUNK = 1 << 20

Json = Dict[str, Any]
T = TypeVar("T")


class HoldfastError(Exception):
    """Anything that this reader cannot do.

    `code` is one of `NotFound`, `AlreadyExists`, `Invalid`, `Unsupported`, `Corrupt`, `Conflict`,
    `Denied` and `Unavailable`; `hint` says how to fix it.
    """

    def __init__(self, code: str, message: str, hint: str = "") -> None:
        super().__init__(f"{message}\nhint: {hint}" if hint else message)
        self.code = code
        self.hint = hint


class MissingObject(Exception):
    """An object of the store that is not there."""


def damaged(what: str, state: str) -> HoldfastError:
    """Returns the error for something that does not follow the format."""
    hint = "Run `holdfast verify`, and restore it from a mirror or a backup."
    return HoldfastError("Corrupt", f"Cannot read {what}: {state}", hint)


# ------------------------------------------------------------------ names, versions, ranges

PLAIN_BYTES = frozenset(b"abcdefghijklmnopqrstuvwxyz0123456789_-")
DEVICES = re.compile(r"(con|prn|aux|nul|com[0-9]|lpt[0-9])\Z")


def encode_segment(text: str) -> str:
    """Returns the segment of a name, an alias or a key (section 1.1).

    Raises `Invalid` for a text that cannot be one.
    """
    reason = why_not_name(text)
    if reason:
        raise HoldfastError("Invalid", f"Cannot use the name {quoted(text)}: {reason}")
    segment = escaped(text)
    if len(segment) > 200:
        raise HoldfastError("Invalid", f"Cannot use the name {quoted(text)}: it is too long")
    return segment


def decode_segment(segment: str) -> Optional[str]:
    """Returns the text of a segment, or None if no text has it."""
    try:
        raw = re.sub(r"=([0-9a-f]{2})", lambda m: chr(int(m[1], 16)), segment.rstrip("="))
        text = raw.encode("latin-1").decode("utf-8")
        return text if not why_not_name(text) and encode_segment(text) == segment else None
    except (UnicodeError, HoldfastError):
        return None


def escaped(text: str) -> str:
    segment = "".join(
        chr(byte) if byte in PLAIN_BYTES else f"={byte:02x}" for byte in text.encode("utf-8")
    )
    return segment + "=" if DEVICES.match(segment) else segment


def why_not_name(text: str) -> str:
    if not text:
        return "it is empty"
    if "@" in text or any(ord(c) < 0x20 or 0x7F <= ord(c) <= 0x9F for c in text):
        return "it contains `@` or a control character"
    if text != text.strip() or text[0] == "\ufeff" or text[-1] == "\ufeff":
        return "white space at one end"
    if any(0xD800 <= ord(c) <= 0xDFFF for c in text):
        return "it is not well-formed Unicode"
    return ""


def quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


class Version(NamedTuple):
    """A version without build metadata. `str(version)` is its full text."""

    major: int
    minor: int
    patch: int
    prerelease: Tuple[Union[int, str], ...] = ()

    def __str__(self) -> str:
        text = f"{self.major}.{self.minor}.{self.patch}"
        return text + "-" + ".".join(map(str, self.prerelease)) if self.prerelease else text

    @property
    def precedence(self) -> Tuple[Any, ...]:
        """A key that sorts by the precedence of semver."""
        identifiers = tuple(
            (0, part, "") if isinstance(part, int) else (1, 0, part) for part in self.prerelease
        )
        return (self.major, self.minor, self.patch, not identifiers, identifiers)


NUMBER = r"(?:0|[1-9][0-9]*)"
IDENTIFIERS = r"[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*"
VERSION = re.compile(
    rf"({NUMBER})(?:\.({NUMBER}))?(?:\.({NUMBER}))?(?:-({IDENTIFIERS}))?(?:\+{IDENTIFIERS})?\Z"
)


def parse_version(text: str) -> Optional[Version]:
    """Returns the version that a text spells, or None. Omitted numbers are 0."""
    match = VERSION.match(text)
    if not match:
        return None
    prerelease = parse_prerelease(match[4])
    numbers = [int(number or 0) for number in match.groups()[:3]]
    if prerelease is None or max(numbers) > MAX_SAFE:
        return None
    version = Version(numbers[0], numbers[1], numbers[2], prerelease)
    return version if len(encode_order(version)) <= 200 else None


def parse_prerelease(text: Optional[str]) -> Optional[Tuple[Union[int, str], ...]]:
    identifiers: List[Union[int, str]] = []
    for part in text.split(".") if text else ():
        if not part.isdigit():
            identifiers.append(part)
        elif (len(part) > 1 and part[0] == "0") or int(part) > MAX_SAFE:
            return None
        else:
            identifiers.append(int(part))
    return tuple(identifiers)


ORDER_DIGITS = "-0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
ORDER_NUMBER = r"[a-p][0-9]+"
ORDER = re.compile(rf"({ORDER_NUMBER})({ORDER_NUMBER})({ORDER_NUMBER})(.*)\Z")


def encode_order(version: Version) -> str:
    """Returns the segment of a version (section 1.2)."""
    order = "".join(encode_number(number) for number in version[:3])
    for part in version.prerelease:
        if isinstance(part, int):
            order += "n" + encode_number(part)
        else:
            order += "a" + "".join(f"{62 - ORDER_DIGITS.index(c):02}" for c in part) + "z"
    return order + "z" if version.prerelease else order


def encode_number(number: int) -> str:
    digits = str(number)
    return chr(ord("q") - len(digits)) + "".join(str(9 - int(digit)) for digit in digits)


def decode_order(order: str) -> Optional[Version]:
    """Returns the version of a segment, or None if no version has it."""
    numbers, rest = [], order
    for _ in range(3):
        number, rest = take_number(rest)
        if number is None:
            return None
        numbers.append(number)
    parts: List[Union[int, str]] = []
    while rest and rest != "z":
        if rest[0] == "n":
            number, rest = take_number(rest[1:])
            if number is None:
                return None
            parts.append(number)
            continue
        match = re.match(r"a((?:[0-9]{2})+)z", rest)
        digits = re.findall("..", match[1]) if match else []
        if not match or any(int(digit) > 62 for digit in digits):
            return None
        parts.append("".join(ORDER_DIGITS[62 - int(digit)] for digit in digits))
        rest = rest[match.end():]
    version = Version(numbers[0], numbers[1], numbers[2], tuple(parts))
    is_version = parse_version(str(version)) == version
    return version if is_version and encode_order(version) == order else None


def take_number(text: str) -> Tuple[Optional[int], str]:
    count = ord("q") - ord(text[0]) if text else 0
    digits = text[1:1 + count]
    if not 1 <= count <= 16 or len(digits) < count or not re.match(r"[0-9]+\Z", digits):
        return None, text
    return int("".join(str(9 - int(digit)) for digit in digits)), text[1 + count:]


Comparator = Tuple[str, Version]
PARTIAL = re.compile(
    rf"[v=]*({NUMBER}|[xX*])(?:\.({NUMBER}|[xX*])(?:\.({NUMBER}|[xX*])"
    rf"(?:-({IDENTIFIERS}))?(?:\+{IDENTIFIERS})?)?)?\Z"
)


class Range:
    """A version range, as npm reads them: alternatives of comparators that must all hold."""

    def __init__(self, alternatives: List[List[Comparator]]) -> None:
        self.alternatives = alternatives

    def includes(self, version: Version) -> bool:
        """Returns whether the version is in the range.

        A prerelease is in it only if a comparator names a prerelease of the same three numbers.
        """
        return any(
            all(satisfies(version, *comparator) for comparator in comparators)
            and (
                not version.prerelease
                or any(bound.prerelease and bound[:3] == version[:3] for _, bound in comparators)
            )
            for comparators in self.alternatives
        )


def satisfies(version: Version, operator: str, bound: Version) -> bool:
    left, right = version.precedence, bound.precedence
    if operator == "=":
        return left == right
    if operator[0] == "<":
        return left < right or (operator == "<=" and left == right)
    return left > right or (operator == ">=" and left == right)


def parse_range(text: str) -> Optional[Range]:
    """Returns the range that a text spells, or None."""
    alternatives: List[List[Comparator]] = []
    for part in text.split("||"):
        comparators = parse_comparators(part.strip(" "))
        if comparators is None:
            return None
        alternatives.append(comparators)
    return Range(alternatives)


def parse_comparators(text: str) -> Optional[List[Comparator]]:
    hyphen = re.match(r"(\S+) +- +(\S+)\Z", text)
    if hyphen:
        low, high = parse_partial(hyphen[1]), parse_partial(hyphen[2])
        return None if low is None or high is None else at_least(low) + at_most(high)
    comparators: List[Comparator] = []
    for word in re.sub(r"([<>=~^]) +", r"\1", text).split():
        match = re.match(r"(<=|>=|<|>|=|~>|~|\^|)(.*)\Z", word)
        partial = parse_partial(match[2]) if match else None
        if match is None or partial is None or (match[1] == "<=" and not partial.numbers):
            return None
        comparators += expand(match[1], partial)
    return comparators


class Partial(NamedTuple):
    """A version whose last numbers may be missing or `x`."""

    numbers: Tuple[int, ...]
    prerelease: Tuple[Union[int, str], ...]

    @property
    def lowest(self) -> Version:
        major, minor, patch = (self.numbers + (0, 0, 0))[:3]
        return Version(major, minor, patch, self.prerelease)

    def above(self, position: int) -> Comparator:
        """Returns the bound below the next version that differs at a position."""
        numbers = [*self.numbers[:position], self.numbers[position] + 1, 0, 0]
        return ("<", Version(numbers[0], numbers[1], numbers[2]))


def parse_partial(text: str) -> Optional[Partial]:
    match = PARTIAL.match(text)
    prerelease = parse_prerelease(match[4]) if match else None
    if match is None or prerelease is None:
        return None
    numbers: List[int] = []
    for part in match.groups()[:3]:
        if part is None or part in "xX*":
            break
        numbers.append(int(part))
    if any(number > MAX_SAFE for number in numbers):
        return None
    return Partial(tuple(numbers), prerelease if len(numbers) == 3 else ())


def expand(operator: str, partial: Partial) -> List[Comparator]:
    """Returns the comparators of one word of a range."""
    count = len(partial.numbers)
    if operator in ("", "="):
        return [("=", partial.lowest)] if count == 3 else at_least(partial) + at_most(partial)
    if operator in ("~", "~>"):
        return at_least(partial) + ([partial.above(min(count - 1, 1))] if count else [])
    if operator == "^":
        first = next((i for i, number in enumerate(partial.numbers) if number), count - 1)
        return at_least(partial) + ([partial.above(first)] if count else [])
    if operator == ">=":
        return at_least(partial)
    if operator == "<=":
        return at_most(partial)
    if count == 0:
        return [("<", Version(0, 0, 0))]
    if operator == "<":
        return [("<", partial.lowest)]
    return [(">", partial.lowest) if count == 3 else (">=", partial.above(count - 1)[1])]


def at_least(partial: Partial) -> List[Comparator]:
    return [(">=", partial.lowest)] if partial.numbers else []


def at_most(partial: Partial) -> List[Comparator]:
    count = len(partial.numbers)
    if count == 3:
        return [("<=", partial.lowest)]
    return [partial.above(count - 1)] if count else []


RANGE_SIGNS = re.compile(r"[\^~<>=*|\s]|[0-9]\.[xX](\.|\Z)")


def parse_ref(ref: str) -> Tuple[str, Union[Version, Range, str]]:
    """Returns the name of a ref, and what follows: a version, a range, an alias or `latest`."""
    name, at, wanted = ref.partition("@")
    encode_segment(name)
    if not at:
        return name, "latest"
    version, is_range = parse_version(wanted), RANGE_SIGNS.search(wanted) is not None
    found = version or (parse_range(wanted) if is_range and wanted == wanted.strip() else None)
    if found is not None:
        return name, found
    if is_range or re.match(r"[vV+.-]?\d|\Z", wanted):
        state = "not a version, a range or an alias"
        raise HoldfastError("Invalid", f"Cannot read the ref {quoted(ref)}: {state}")
    encode_segment(wanted)
    return name, wanted


# ------------------------------------------------------------------ keys, and paths on a disk


def generation_of(segment: str) -> Optional[int]:
    """Returns the generation of the last segment of a record's key, or None."""
    match = re.match(r"([0-9]{16})\.rec\Z", segment)
    generation = MAX_SAFE - int(match[1]) if match else 0
    return generation if 1 <= generation <= MAX_SAFE else None


def cell_of(key: str) -> Optional[str]:
    """Returns the folder of a record's key with its `/`, or None for a foreign key."""
    parts = key.split("/")
    if generation_of(parts[-1]) is None:
        return None
    if len(parts) == 2 and parts[0] == "settings":
        return "settings/"
    if len(parts) < 5 or parts[0] != "names" or decode_segment(parts[1]) is None:
        return None
    if parts[2] == "versions" and len(parts) == 6:
        version = decode_order(parts[4])
        is_known = parts[3:5] == ["single", "_"] or version is not None and (
            parts[3] == ("prerelease" if version.prerelease else "final")
        )
    else:
        is_known = parts[2] in ("aliases", "keys") and len(parts) == 5
        is_known = is_known and decode_segment(parts[3]) is not None
    return key[: key.rindex("/") + 1] if is_known else None


def spread(digits: str) -> str:
    return "+/".join(digits)


def name_path(segment: str) -> str:
    """Returns `<name'>`, the folders of a name."""
    for run in re.finditer(r"(?:=[0-9a-f]{2})|([0-9]+)", segment):
        digits = run[1]
        if not digits or len(digits) < 3:
            continue
        before = re.search(r"(?:=[0-9a-f]{2})?([0-9a-z]*)\Z", segment[: run.start()])
        if before and before[1] and re.match(r"[0-9a-f]+\Z", before[1]):
            continue
        places = [place for place in (2, 4, 6) if place < len(digits)]
        pieces = [digits[a:b] for a, b in zip([0, *places], [*places, len(digits)])]
        return segment[: run.start()] + "+/".join(pieces) + segment[run.end():]
    return segment


def order_path(order: str) -> str:
    """Returns `<order'>`, the folders of a version."""

    def split_number(number: str) -> str:
        return number if number[0] == "p" else number[0] + "+/" + spread(number[1:])

    head = re.match(ORDER_NUMBER, order)
    if not head:
        return order
    path, rest = split_number(head[0]), order[head.end():]
    if "0" <= rest < "p9p9":
        path += "+/"
        for _ in range(2):
            number = re.match(ORDER_NUMBER, rest)
            if number:
                path += split_number(number[0])
                rest = rest[number.end():]
    return path + re.sub(rf"n({ORDER_NUMBER})", lambda m: "n" + split_number(m[1]), rest)


def generation_path(segment: str) -> str:
    """Returns `<gen'>`, the folders of a generation."""
    if segment < "900719925474098" and re.match(r"[0-9]{11}", segment):
        return segment[:10] + "+/" + spread(segment[10:16]) + segment[16:]
    return segment


def path_of(key: str) -> Optional[str]:
    """Returns the path of a key in a folded folder, or None for a key that has none."""
    top, _, below = key.partition("/")
    if top not in ("names", "objects"):
        return key
    parts = below.split("/")
    if "+" in below or "," in below or len(parts) < 3:
        return None
    name = f"{top}/{name_path(parts[0])}"
    if top == "objects":
        number = re.match(r"[0-9]{2,}", parts[2] if len(parts) < 4 else parts[3])
        last = parts[-1] if not number else spread(number[0]) + parts[-1][number.end():]
        return f"{name}/{','.join([order_path(parts[1]), *parts[2:-1], last])}"
    if parts[1] != "versions":
        return "/".join([name, *parts[1:-1], generation_path(parts[-1])])
    if len(parts) != 5:
        return None
    kind, order, generation = parts[2], parts[3], generation_path(parts[4])
    joint = "/" if kind == "prerelease" else ","
    return f"{name}/versions,{kind}{joint}{order_path(order)},{generation}"


# ------------------------------------------------------------------ stores


class Entry(NamedTuple):
    """An object in a listing. Its time is in milliseconds of the store's clock."""

    key: str
    size: int
    modified: float


class FolderStore:
    """The objects of a registry in a folder."""

    def __init__(self, root: Union[str, Path]) -> None:
        self.root = os.path.abspath(root)
        self.location = self.root
        self.folded = True

    def list(self, prefix: str) -> Iterator[Entry]:
        """Yields all objects whose key begins with the prefix, in byte order."""
        for entry in self._walk(*self._beginning(prefix), prefix, shallow=False):
            yield entry

    def folders(self, prefix: str) -> Iterator[str]:
        """Yields the segments below a prefix that have objects below them."""
        for entry in self._walk(*self._beginning(prefix), prefix, shallow=True):
            if entry.key.endswith("/"):
                yield entry.key[len(prefix):-1]

    def read(self, key: str, offset: int = 0, size: Optional[int] = None) -> Iterator[bytes]:
        """Yields the bytes of an object from an offset: all, or `size` of them if it has them."""
        with self._open(key) as file:
            file.seek(offset)
            left = size if size is not None else MAX_SAFE
            while left > 0:
                chunk = file.read(min(CHUNK, left))
                if not chunk:
                    return
                left -= len(chunk)
                yield chunk

    def has(self, key: str) -> bool:
        """Returns whether there is such an object."""
        try:
            self._open(key).close()
            return True
        except MissingObject:
            return False

    def _beginning(self, prefix: str) -> Tuple[str, str]:
        parts = prefix.split("/")
        if len(parts) < 3:
            return parts[0], parts[0] + "/"
        name = name_path(parts[1]) if self.folded else parts[1]
        return f"{parts[0]}/{name}", "/".join(parts[:2]) + "/"

    def _walk(self, path: str, text: str, prefix: str, shallow: bool) -> Iterator[Entry]:
        found: List[Tuple[str, str, str, os.DirEntry[str]]] = []
        try:
            self._refuse_links(path)
            with os.scandir(os.path.join(self.root, path)) as entries:
                for entry in entries:
                    sort_key, entry_text = self._texts(text, entry)
                    if entry_text.startswith(prefix) or prefix.startswith(entry_text):
                        found.append((sort_key, entry_text, entry.name, entry))
        except (FileNotFoundError, NotADirectoryError):
            return
        except OSError as error:
            raise self._failed(path, error) from error
        for _, entry_text, name, entry in sorted(found, key=lambda item: (item[0], item[2])):
            below = f"{path}/{name}"
            if entry.is_symlink():
                raise self._denied(below)
            if not entry.is_dir(follow_symlinks=False):
                if not shallow and self._is_object(entry_text, below):
                    status = entry.stat(follow_symlinks=False)
                    if not stat.S_ISREG(status.st_mode):
                        raise damaged(f'"{below}"', "it is not an ordinary file")
                    yield Entry(entry_text, status.st_size, status.st_ctime_ns / 1e6)
            elif shallow and entry_text.endswith("/") and entry_text != prefix:
                yield Entry(entry_text, 0, 0)
            else:
                yield from self._walk(below, entry_text, prefix, shallow)

    def _texts(self, text: str, entry: os.DirEntry[str]) -> Tuple[str, str]:
        """Returns what an entry of a folder is sorted by, and its text."""
        name = entry.name.replace(",", "/") if self.folded else entry.name
        if not entry.is_dir(follow_symlinks=False):
            return text + name, text + name
        if self.folded and name.endswith("+"):
            return text + name[:-1] + "0", text + name[:-1]
        return text + name + "/", text + name + "/"

    def _is_object(self, key: str, path: str) -> bool:
        return not self.folded or path_of(key) == path

    def _open(self, key: str) -> Any:
        path = path_of(key) if self.folded else key
        if path is None:
            raise MissingObject(key)
        try:
            self._refuse_links(path)
            flags = os.O_RDONLY | getattr(os, "O_BINARY", 0) | getattr(os, "O_NOFOLLOW", 0)
            handle = os.open(os.path.join(self.root, path), flags | getattr(os, "O_NONBLOCK", 0))
        except (FileNotFoundError, NotADirectoryError):
            raise MissingObject(key) from None
        except OSError as error:
            raise self._failed(path, error) from error
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            os.close(handle)
            raise damaged(f'"{path}"', "it is not an ordinary file")
        return os.fdopen(handle, "rb")

    def _refuse_links(self, path: str) -> None:
        place = self.root
        for part in path.split("/"):
            place = os.path.join(place, part)
            if stat.S_ISLNK(os.lstat(place).st_mode):
                raise self._denied(path)

    def _denied(self, path: str) -> HoldfastError:
        state = "a registry has no symbolic links"
        return HoldfastError("Denied", f'Cannot read "{path}": {state}', "Remove the link.")

    def _failed(self, path: str, error: OSError) -> HoldfastError:
        code = "Denied" if isinstance(error, PermissionError) else "Unavailable"
        return HoldfastError(code, f'Cannot read "{path}": {error.strerror}')


class S3Store:
    """The objects of a registry in a bucket, through a client of boto3."""

    def __init__(self, client: Any, bucket: str, prefix: str = "") -> None:
        self.client = client
        self.bucket = bucket
        self.prefix = prefix.strip("/") + "/" if prefix.strip("/") else ""
        self.location = f"s3://{bucket}/{self.prefix}".rstrip("/")

    def list(self, prefix: str) -> Iterator[Entry]:
        """Yields all objects whose key begins with the prefix, in byte order."""
        for page in self._pages(prefix):
            for item in page.get("Contents", ()):
                if "LastModified" not in item:
                    raise self._foreign(prefix, "has an object without a time")
                modified = item["LastModified"].timestamp() * 1000
                yield Entry(item["Key"][len(self.prefix):], item["Size"], modified)

    def folders(self, prefix: str) -> Iterator[str]:
        """Yields the segments below a prefix that have objects below them."""
        for page in self._pages(prefix, Delimiter="/"):
            for item in page.get("CommonPrefixes", ()):
                yield item["Prefix"][len(self.prefix) + len(prefix):-1]

    def _pages(self, prefix: str, **options: str) -> Iterator[Json]:
        most, tokens = 10, set()
        options["Prefix"] = self.prefix + prefix
        while True:
            page = self._call("list_objects_v2", MaxKeys=most, **options)
            if "IsTruncated" not in page:
                raise self._foreign(prefix, "does not tell whether it is complete")
            token = page.get("NextContinuationToken", "") if page["IsTruncated"] else None
            if token == "" or token in tokens:
                raise self._foreign(prefix, "continues without a new token")
            yield page
            if token is None:
                return
            tokens.add(token)
            most, options["ContinuationToken"] = 1000, token

    def _foreign(self, prefix: str, state: str) -> HoldfastError:
        message = f'Cannot list "{prefix}" of {self.location}: the listing {state}'
        return HoldfastError("Unsupported", message, "Check the endpoint and what is in front of it.")

    def read(self, key: str, offset: int = 0, size: Optional[int] = None) -> Iterator[bytes]:
        """Yields the bytes of an object from an offset: all, or `size` of them if it has them."""
        if size == 0:
            return
        options = {}
        if offset or size is not None:
            options["Range"] = f"bytes={offset}-{'' if size is None else offset + size - 1}"
        body = self._call("get_object", Key=self.prefix + key, **options)["Body"]
        try:
            yield from iter(lambda: body.read(CHUNK), b"")
        except Exception as error:  # noqa: BLE001: botocore and urllib3 have many
            raise self._failed(key, str(error)) from error
        finally:
            body.close()

    def has(self, key: str) -> bool:
        """Returns whether there is such an object."""
        try:
            self._call("head_object", Key=self.prefix + key)
            return True
        except MissingObject:
            return False

    def _call(self, method: str, **options: Any) -> Json:
        key = options.get("Key", options.get("Prefix", ""))
        try:
            answer: Json = getattr(self.client, method)(Bucket=self.bucket, **options)
            return answer
        except Exception as error:  # noqa: BLE001: the classes are those of a package
            response = getattr(error, "response", None) or {}
            code = str(response.get("Error", {}).get("Code", ""))
            if code in ("NoSuchKey", "404", "NotFound"):
                raise MissingObject(key) from None
            if code == "InvalidRange":
                raise damaged(f'"{key}"', "it is shorter than its record says") from None
            if code == "NoSuchBucket":
                state = "there is no such bucket"
                raise HoldfastError("NotFound", f'Cannot read "{self.location}": {state}') from None
            denied = ("AccessDenied", "403", "InvalidAccessKeyId", "SignatureDoesNotMatch")
            kind = "Denied" if code in denied else "Unavailable"
            raise self._failed(key, code or str(error), kind) from error

    def _failed(self, key: str, state: str, code: str = "Unavailable") -> HoldfastError:
        return HoldfastError(code, f'Cannot read "{key}" of {self.location}: {state}')


Store = Union[FolderStore, S3Store]


# ------------------------------------------------------------------ records

HASH = re.compile(r"[0-9a-f]{64}\Z")
UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\Z")
FROM = re.compile(r"[a-z0-9_]+/[0-9a-f-]{36}\Z")
TIME = re.compile(r"([+-]\d{6}|\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)\.(\d{3})Z\Z", re.ASCII)
LINE_END = re.compile(rb',"sum":"([0-9a-f]{64})"}\Z')
KINDS: Dict[str, Json] = {
    "settings": {"settings": dict},
    "version": {
        "name": str, "version": str, "materializer": dict, "metadata": dict, "files": list,
        "digest": HASH, "size": int,
    },
    "alias": {"name": str, "alias": str, "version": str},
    "key": {"name": str, "key": str, "target": dict},
    "deleted": {},
    "scrubbed": {},
}
EVERY: Json = {"commit": UUID, "startedAt": TIME, "createdAt": TIME, "generation": int}
CELL_KINDS = {"versions": ("version", "deleted", "scrubbed"), "aliases": ("alias", "deleted")}


def is_whole(value: Any) -> bool:
    """Returns whether a JSON value is a whole number from 0 to 2^53 - 1."""
    if isinstance(value, float):
        return value.is_integer() and 0 <= value <= MAX_SAFE
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= MAX_SAFE


def fits(value: Any, shape: Any) -> bool:
    if isinstance(shape, re.Pattern):
        return isinstance(value, str) and shape.match(value) is not None
    return is_whole(value) if shape is int else isinstance(value, shape)


def parse_json(data: bytes, what: str) -> Any:
    """Parses JSON strictly: UTF-8, no NaN, and at most 128 values inside each other."""

    def refuse(constant: str) -> NoReturn:
        raise ValueError(f"{constant} is not JSON")

    try:
        value = json.loads(data.decode("utf-8"), parse_constant=refuse)
    except (ValueError, RecursionError) as error:
        raise damaged(what, "it is not JSON") from error
    level: List[Any] = [value]
    for _ in range(MAX_NESTING + 1):
        level = [
            child
            for item in level
            if isinstance(item, (dict, list))
            for child in (item.values() if isinstance(item, dict) else item)
            if isinstance(child, (dict, list))
        ]
        if not level:
            return value
    raise damaged(what, f"it is nested more than {MAX_NESTING} deep")


class Record(NamedTuple):
    """A record that was checked: the object of its line, and its inline bytes."""

    members: Json
    inline: bytes
    entry: Entry

    @property
    def kind(self) -> str:
        return str(self.members["kind"])


def parse_record(data: bytes, entry: Entry) -> Record:
    """Returns the record of a key, or raises `Corrupt`, or `Unsupported` for another format."""
    what = f'"{entry.key}"'
    line, newline, inline = data.partition(b"\n")
    end = LINE_END.search(line)
    if len(data) > MAX_RECORD_BYTES or not newline or not end:
        raise damaged(what, "it is not a record")
    if hashlib.sha256(line[: end.start()]).hexdigest() != end[1].decode():
        raise damaged(what, "checksum mismatch")
    members = parse_json(line, what)
    if members.get("format") != FORMAT:
        hint = "Read it with a release of Holdfast that knows this format."
        state = f"it has the format {members.get('format')!r}"
        raise HoldfastError("Unsupported", f"Cannot read {what}: {state}", hint)
    kind = members.get("kind")
    if not isinstance(kind, str) or kind not in KINDS:
        raise damaged(what, "unknown kind")
    if (kind == "deleted") != (len(data) == TOMBSTONE_BYTES):
        raise damaged(what, "its size does not fit its kind")
    for member, shape in {**EVERY, **KINDS[kind]}.items():
        if member not in members or not fits(members[member], shape):
            raise damaged(what, f"invalid member {quoted(member)}")
    if members["generation"] != generation_of(entry.key.rsplit("/", 1)[-1]):
        raise damaged(what, "it is of another generation")
    if inline and kind != "version":
        raise damaged(what, "it has inline bytes")
    return Record(members, inline, entry)


def milliseconds(time: str) -> int:
    """Returns the milliseconds since 1970 of a time in a record."""
    match = TIME.match(time)
    if not match:
        raise damaged("a time", f"{quoted(time)} is not one")
    year, month, day, hour, minute, second, rest = map(int, match.groups())
    shift = (year - 2000) // 400  # the calendar repeats after 400 years
    days = (year - shift * 400, month, day, hour, minute, second)
    try:
        return (calendar.timegm(days) + shift * 12_622_780_800) * 1000 + rest
    except ValueError as error:
        raise damaged("a time", f"{quoted(time)} is not one") from error


FILE_MEMBERS = {"mediaType": str, "modifiedAt": TIME, "from": FROM}


def check_files(files: Any, what: str, size: int, inline: int) -> None:
    """Raises `Corrupt` if a list of files does not follow section 3."""
    total, paths = 0, set()
    if not isinstance(files, list):
        raise damaged(what, "its list of files is not a list")
    for file in files:
        state = why_not_file(file, inline)
        if state:
            raise damaged(what, state)
        path = file["path"]
        if path in paths:
            raise damaged(what, f"the path {quoted(path)} is there twice")
        paths.add(path)
        total += file["size"]
    if total != size:
        raise damaged(what, "the sizes of its files do not add up")


def why_not_file(file: Any, inline: int) -> str:
    if not isinstance(file, dict) or not isinstance(file.get("path"), str):
        return "a file has no path"
    path, shown = file["path"], f"file {quoted(file['path'])}"
    if not is_path(path):
        return f"{shown}: invalid path"
    if not is_whole(file.get("size")) or not fits(file.get("sha256"), HASH):
        return f"{shown}: invalid size or SHA-256"
    if file.get("mode") not in (None, "executable", "link", "folder"):
        return f"{shown}: unknown mode"
    if file.get("encoding") not in (None, "gzip", "zstd"):
        return f"{shown}: unknown encoding"
    for member, shape in FILE_MEMBERS.items():
        if member in file and not fits(file[member], shape):
            return f"{shown}: invalid member {quoted(member)}"
    stored = stored_size(file, inline)
    if stored is None or stored > MAX_SAFE:
        return f"{shown}: invalid `inline` or `parts`"
    if stored != file["size"] if "encoding" not in file else stored > 2 * file["size"] + 65536:
        return f"{shown}: its size does not fit its stored bytes"
    return ""


def is_path(path: str) -> bool:
    """Returns whether a text is a relative path that stays where it is put, on every system."""
    is_unicode = not any(0xD800 <= ord(c) <= 0xDFFF for c in path)
    is_plain = not re.match(r"[A-Za-z]:", path) and not re.search(r"[\\\0]", path)
    return is_unicode and is_plain and not any(p in ("", ".", "..") for p in path.split("/"))


def stored_size(file: Json, inline: int) -> Optional[int]:
    """Returns how many bytes of a file are stored, or None if its place is invalid."""
    if "inline" in file:
        place = file["inline"]
        if not isinstance(place, list) or len(place) != 2 or not all(map(is_whole, place)):
            return None
        return int(place[1]) if "parts" not in file and sum(place) <= inline else None
    total, parts = 0, file.get("parts", [])
    if not isinstance(parts, list):
        return None
    for part in parts:
        if not isinstance(part, dict) or not is_whole(part.get("object")):
            return None
        offset, size = part.get("offset", 0), part.get("size")
        if not is_whole(offset) or not is_whole(size) or offset + size > MAX_SAFE:
            return None
        if ("from" in part and not fits(part["from"], FROM)) or (
            not fits(part["sha256"], HASH) if "sha256" in part else "encoding" in file
        ):
            return None
        total += int(part["size"])
    return total


def digest_of(materializer: Mapping[str, Any], files: Iterable[Mapping[str, Any]]) -> str:
    """Returns the digest of an artifact (section 3.3)."""
    digest = hashlib.sha256(f"{materializer['id']} {materializer['formatVersion']}\n".encode())
    for file in sorted(files, key=lambda file: str(file["path"])):
        mode, time = file.get("mode", "-"), file.get("modifiedAt")
        line = f"{file['sha256']} {file['size']} {mode} {quoted(file['path'])}"
        digest.update((line + (f" {time}" if time else "") + "\n").encode())
    return digest.hexdigest()


# ------------------------------------------------------------------ artifacts and their files


class File:
    """A file of a version. Nothing is read until you ask for it."""

    def __init__(self, facts: Json, owner: str, stored: Callable[[Json], Iterator[bytes]]) -> None:
        self.path: str = facts["path"]
        self.size: int = int(facts["size"])
        self.sha256: str = facts["sha256"]
        self.media_type: Optional[str] = facts.get("mediaType")
        self.mode: Optional[str] = facts.get("mode")
        """`executable`, `link` (the content is its target), `folder`, or None."""
        self.modified_at: Optional[str] = facts.get("modifiedAt")
        self._facts = facts
        self._owner = owner
        self._stored = stored

    def chunks(self) -> Iterator[bytes]:
        """Yields the content in pieces, and raises `Corrupt` at the end if it is damaged."""
        digest, size = hashlib.sha256(), 0
        what = f"{quoted(self.path)} of {self._owner}"
        for chunk in decompressed(self._stored(self._facts), self._facts.get("encoding"), what):
            size += len(chunk)
            if size > self.size:
                raise damaged(what, f"it has more than {self.size} bytes")
            digest.update(chunk)
            yield chunk
        if size != self.size:
            raise damaged(what, f"it has {size} bytes instead of {self.size}")
        if digest.hexdigest() != self.sha256:
            raise damaged(what, "SHA-256 mismatch")

    def read(self) -> bytes:
        """Returns the content, checked."""
        return b"".join(self.chunks())

    def text(self) -> str:
        """Returns the content as UTF-8."""
        try:
            return self.read().decode("utf-8")
        except UnicodeDecodeError as error:
            raise unreadable(self, "it is not UTF-8") from error

    def json(self) -> Any:
        """Returns the content as plain JSON; `Artifact.load` also restores dates, maps and such."""
        return json.loads(self.text())


def decompressed(chunks: Iterator[bytes], encoding: Optional[str], what: str) -> Iterator[bytes]:
    """Decompresses a stream in pieces of bounded size."""
    if encoding is None:
        yield from chunks
        return
    try:
        yield from (gunzip if encoding == "gzip" else unzstd)(chunks)
    except HoldfastError:
        raise
    except (zlib.error, EOFError, ValueError) as error:
        raise damaged(what, f"invalid {encoding} stream") from error
    except Exception as error:  # the errors of both zstd modules have classes of their own
        if type(error).__name__ != "ZstdError":
            raise
        raise damaged(what, f"invalid {encoding} stream") from error


def gunzip(chunks: Iterator[bytes]) -> Iterator[bytes]:
    stream = zlib.decompressobj(31)
    for chunk in chunks:
        while True:
            plain = stream.decompress(chunk, CHUNK)
            chunk = stream.unconsumed_tail
            if plain:
                yield plain
            if not chunk and len(plain) < CHUNK:
                break
    if not stream.eof or stream.unused_data:
        raise EOFError("not one whole stream")


def unzstd(chunks: Iterator[bytes]) -> Iterator[bytes]:
    raw = io.BufferedReader(ChunkReader(chunks))
    try:
        from compression import zstd  # type: ignore[import-not-found,unused-ignore] # Python 3.14
    except ImportError:
        try:
            import zstandard
        except ImportError:
            hint = "Run `pip install zstandard`, or use Python 3.14."
            message = "Cannot decompress zstd: neither compression.zstd nor zstandard is installed"
            raise HoldfastError("Unsupported", message, hint) from None
        reader: Any = zstandard.ZstdDecompressor().stream_reader(raw, read_across_frames=True)
    else:
        reader = zstd.ZstdFile(raw)
    yield from iter(lambda: reader.read(CHUNK), b"")


class ChunkReader(io.RawIOBase):
    """A stream over pieces of bytes."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks = chunks
        self._rest = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while not self._rest:
            chunk = next(self._chunks, None)
            if chunk is None:
                return 0
            self._rest = chunk
        count = min(len(buffer), len(self._rest))
        buffer[:count], self._rest = self._rest[:count], self._rest[count:]
        return count


class Artifact:
    """A version of a name: its facts, and its files."""

    def __init__(self, facts: Json, stored: Callable[[Json], Iterator[bytes]]) -> None:
        self.name: str = facts["name"]
        self.version: str = facts["version"]
        """In full, with build metadata."""
        self.commit: str = facts["commit"]
        self.digest: str = facts["digest"]
        self.size: int = int(facts["size"])
        self.created_at: str = facts["createdAt"]
        self.materializer: str = facts["materializer"]["id"]
        self.metadata: Json = facts["metadata"]
        self.inputs: List[Any] = facts.get("inputs", [])
        self.ref = f"{self.name}@{self.version}"
        """The exact ref of this version."""
        self.files = [File(file, quoted(self.ref), stored) for file in facts["files"]]
        if digest_of(facts["materializer"], facts["files"]) != self.digest:
            raise damaged(quoted(self.ref), "its files do not have its digest")

    def file(self, path: str) -> File:
        """Returns a file by its path."""
        for file in self.files:
            if file.path == path:
                return file
        paths = ", ".join(file.path for file in self.files[:10])
        message = f"Cannot read {quoted(path)} of {quoted(self.ref)}: no such file"
        raise HoldfastError("NotFound", message, f"Use one of: {paths}.")

    def load(self) -> Any:
        """Returns the value: see `Registry.load`."""
        return load_value(self)

    def download(self, to: Union[str, Path], links: str = "safe") -> List[str]:
        """Writes the files: see `Registry.download`."""
        return download_files(self, Path(to), links)


# ------------------------------------------------------------------ values


def load_value(artifact: Artifact) -> Any:
    """Returns the value of a version, by its materializer or else by the extension of its file."""
    kind, files = artifact.materializer, artifact.files
    if kind == "json":
        value = parse_value(artifact.file("data.json"))
        try:
            return restored(artifact, value)
        except (AttributeError, LookupError, RecursionError, TypeError, ValueError) as error:
            message = f"Cannot load {quoted(artifact.ref)}: Python cannot hold its value ({error})"
            raise HoldfastError("Unsupported", message, READ_BYTES) from error
    if kind == "text":
        return artifact.file("text.txt").text()
    if kind in ("bytes", "array-buffer"):
        return artifact.file("data.bin").read()
    if kind == "blob":
        return artifact.file("content").read()
    known = kind in ("ndarray", "typed-array", "file") or kind.startswith("format/")
    if kind.startswith("format/"):
        files = [file for file in files if file.path != "format.json"]
    if not known or len(files) != 1 or files[0].mode not in (None, "executable"):
        hint = "Call `download(ref, to)`, or `open(ref).file(path).read()`."
        state = f"it has {len(files)} files of the materializer {quoted(kind)}"
        raise HoldfastError("Unsupported", f"Cannot load {quoted(artifact.ref)}: {state}", hint)
    return load_file(files[0])


def load_file(file: File) -> Any:
    extension = os.path.splitext(file.path)[1].lower()
    if extension == ".npy":
        return load_array(file)
    if extension == ".json":
        return parse_value(file)
    if extension in (".txt", ".md"):
        return file.text()
    if extension in (".parquet", ".arrow", ".feather"):
        return load_table(file, extension)
    return file.read()


def parse_value(file: File) -> Any:
    try:
        return file.json()
    except RecursionError as error:
        raise unreadable(file, "it is nested too deep for Python") from error
    except ValueError as error:
        raise unreadable(file, f"it is not JSON ({error})") from error


def load_array(file: File) -> Any:
    try:
        import numpy
    except ImportError:
        raise needs(file, "NumPy", "numpy") from None
    try:
        return numpy.load(io.BytesIO(file.read()), allow_pickle=False)
    except (ValueError, EOFError) as error:
        raise unreadable(file, f"it is not an array ({error})") from error


def load_table(file: File, extension: str) -> Any:
    try:
        import pyarrow
        from pyarrow import feather, parquet
    except ImportError:
        raise needs(file, "PyArrow", "pyarrow") from None
    read = parquet.read_table if extension == ".parquet" else feather.read_table
    data = file.read()
    try:
        if data[:4] == b"\xff\xff\xff\xff":  # the stream format, as `datasets` writes it
            return pyarrow.ipc.open_stream(data).read_all()
        return read(pyarrow.BufferReader(data))
    except (pyarrow.ArrowException, OSError) as error:
        raise unreadable(file, f"it is not a table ({error})") from error


READ_BYTES = "Read its bytes, as they were saved: `open(ref).file(path).read()`."


def unreadable(file: File, state: str) -> HoldfastError:
    """Returns the error for an undamaged file that is not what its name or materializer says."""
    return HoldfastError("Corrupt", f"Cannot load {quoted(file.path)}: {state}", READ_BYTES)


def needs(file: File, title: str, package: str) -> HoldfastError:
    hint = f"Run `pip install {package}`, or read the file as bytes: `open(ref).file(path).read()`."
    message = f"Cannot load {quoted(file.path)}: {title} is not installed"
    return HoldfastError("Unsupported", message, hint)


def restored(artifact: Artifact, value: Any) -> Any:
    """Returns the Python value of JSON in which `$holdfast` marks what JSON lacks (section 9)."""
    if isinstance(value, list):
        return [restored(artifact, item) for item in value]
    if not isinstance(value, dict):
        return value
    mark = value.get("$holdfast")
    if "$holdfast" not in value:
        return {key: restored(artifact, item) for key, item in value.items()}
    inner = value.get("value")
    if mark == "undefined" or (mark == "date" and inner is None):
        return None
    if mark == "number":
        return float(str(inner).replace("Infinity", "inf"))
    if mark == "bigint":
        return int(str(inner))
    if mark == "date":
        return date_of(str(inner))
    if mark in ("bare", "object"):
        return {key: restored(artifact, item) for key, item in (inner or {}).items()}
    if mark in ("map", "set", "sparse"):
        return collection_of(mark, value, [restored(artifact, item) for item in inner or []])
    if mark in ("bytes", "blob"):
        return artifact.file(value["file"]).read()
    if mark in ("typed-array", "ndarray"):
        return load_array(artifact.file(value["file"]))
    message = f"Cannot load {quoted(artifact.ref)}: unknown mark {mark!r} in its JSON"
    raise HoldfastError("Unsupported", message, "Read it with a newer release of this reader.")


def collection_of(mark: str, value: Json, items: List[Any]) -> Any:
    """Returns a dict or a set if Python can tell all keys apart, else a list."""
    if mark == "sparse":
        if value["length"] > MAX_SPARSE:
            raise ValueError(f"a sparse array of the length {value['length']}")
        values: List[Any] = [None] * value["length"]
        for index, item in items:
            values[index] = item
        return values
    try:
        made: Any = dict(map(tuple, items)) if mark == "map" else set(items)
    except TypeError:
        return items
    return made if len(made) == len(items) else items


def date_of(text: str) -> datetime:
    try:
        return datetime.strptime(text, "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=timezone.utc)
    except ValueError:
        message = f"Cannot load the date {quoted(text)}: Python has the years 1 to 9999"
        raise HoldfastError("Unsupported", message, "Read `data.json` as it is.") from None


# ------------------------------------------------------------------ downloads


def download_files(artifact: Artifact, to: Path, links: str) -> List[str]:
    """Writes the files of a version as the new folder `to`: all of them, or nothing."""
    if links not in ("safe", "unsafe", "skip"):
        raise HoldfastError("Invalid", "Cannot download: `links` is safe, unsafe or skip")
    if os.path.lexists(to) and not (to.is_dir() and not to.is_symlink() and not any(to.iterdir())):
        message = f'Cannot download to "{to}": it exists'
        raise HoldfastError("AlreadyExists", message, "Choose a new or an empty folder.")
    if to.is_dir() and to.samefile("."):
        message = f'Cannot download to "{to}": it is the current folder'
        raise HoldfastError("Invalid", message, "Choose a new folder below it.")
    check_tree(artifact)
    to.parent.mkdir(parents=True, exist_ok=True)
    stage = tempfile.mkdtemp(prefix=".holdfast-reader-", dir=to.parent)
    try:
        tree = Path(stage, "tree")
        tree.mkdir()
        left_out = write_tree(artifact, tree, links)
        if to.is_dir():
            to.rmdir()
        os.rename(tree, to)
        return left_out
    except FileExistsError as error:
        message = f'Cannot download {quoted(artifact.ref)}: "{error.filename}" is there twice'
        hint = "This file system does not tell apart some of its paths."
        raise HoldfastError("Conflict", message, hint) from error
    finally:
        shutil.rmtree(stage, ignore_errors=True)


def check_tree(artifact: Artifact) -> None:
    leaves = {file.path for file in artifact.files if file.mode != "folder"}
    for file in artifact.files:
        parts = file.path.split("/")
        for count in range(1, len(parts)):
            if "/".join(parts[:count]) in leaves:
                raise damaged(quoted(artifact.ref), f"{quoted(file.path)} lies below a file")
        if os.name == "nt" and not all(is_windows_name(part) for part in parts):
            message = f"Cannot download {quoted(file.path)}: Windows has no such file name"
            raise HoldfastError("Unsupported", message, "Read it with `file(path).read()`.")


def is_windows_name(part: str) -> bool:
    device = DEVICES.match(part.split(".")[0].rstrip(" ").lower())
    return not device and part[-1] not in ". " and not re.search(r'[\x00-\x1f<>:"\\|?*]', part)


def write_tree(artifact: Artifact, tree: Path, links: str) -> List[str]:
    """Writes folders and files, then links, then times. No file is written through a link."""
    left_out: List[str] = []
    made_links: List[File] = []
    for file in artifact.files:
        place = tree / file.path
        if file.mode == "folder":
            place.mkdir(parents=True, exist_ok=True)
            continue
        place.parent.mkdir(parents=True, exist_ok=True)
        if file.mode == "link":
            made_links.append(file)
            continue
        with open(place, "xb") as out:
            for chunk in file.chunks():
                out.write(chunk)
        if file.mode == "executable":
            mode = place.stat().st_mode
            place.chmod(mode | (mode & 0o444) >> 2)
    for file in made_links:
        target = file.text()
        if links == "skip" or (links == "safe" and not stays_inside(file.path, target)):
            left_out.append(file.path)
        else:
            os.symlink(target, tree / file.path)
    for file in sorted(artifact.files, key=lambda file: file.path, reverse=True):
        if file.modified_at and file.path not in left_out:
            time = milliseconds(file.modified_at) * 1_000_000
            if file.mode != "link":
                os.utime(tree / file.path, ns=(time, time))
            elif os.utime in os.supports_follow_symlinks:
                os.utime(tree / file.path, ns=(time, time), follow_symlinks=False)
    return left_out


def stays_inside(path: str, target: str) -> bool:
    """Returns whether a link stays in its tree: relative, with `..` only at the beginning."""
    steps = [step for step in target.split("/") if step not in ("", ".")]
    ups = next((i for i, step in enumerate(steps) if step != ".."), len(steps))
    is_relative = target != "" and not target.startswith("/") and ups <= path.count("/")
    return is_relative and (ups == len(steps) or is_path("/".join(steps[ups:])))


# ------------------------------------------------------------------ registries


class Registry:
    """A registry to read. Create it with `open_registry`."""

    location: str

    def names(self, prefix: str = "") -> Iterator[str]:
        """Yields the names that have a version and begin with a prefix."""
        raise NotImplementedError

    def versions(self, name: str, range: Optional[str] = None) -> Iterator[str]:
        """Yields the versions of a name, or those in a range, in full, the highest first.

        As a range, `1.2` means `1.2.x`.
        """
        raise NotImplementedError

    def aliases(self, name: str) -> Dict[str, str]:
        """Returns the aliases of a name, and the version that each of them names."""
        raise NotImplementedError

    def open(self, ref: str) -> Artifact:
        """Returns a version by its ref, without reading its files.

        A ref is `name`, `name@1.2.0` (or `1.2`, `1`), `name@^1.2`, `name@latest` or `name@alias`.
        """
        raise NotImplementedError

    def load(self, ref: str) -> Any:
        """Returns the value of a version.

        JSON becomes Python values (`undefined` is None, `Map` a dict, `Date` a datetime in UTC),
        text a str, bytes and blobs bytes, arrays NumPy arrays, Parquet and Arrow PyArrow tables.
        A version of one file is loaded by its extension; other files are bytes. Raises
        `Unsupported` for folders: download them.
        """
        return self._following(ref, Artifact.load)

    def download(self, ref: str, to: Union[str, Path], links: str = "safe") -> List[str]:
        """Writes the files of a version as a new folder, with modes, links and kept times.

        `to` must not exist or be empty; it appears whole or not at all. Links that leave it are
        left out, unless `links` is `unsafe`; `skip` leaves out all. Returns what was left out.
        """
        return self._following(ref, lambda artifact: artifact.download(to, links))

    def _following(self, ref: str, use: Callable[[Artifact], T]) -> T:
        """Uses a version, again if it was replaced meanwhile."""
        for attempt in range(3):
            try:
                return use(self.open(ref))
            except HoldfastError as error:
                if error.code != "Conflict" or attempt == 2:
                    raise
        raise AssertionError


class StoreRegistry(Registry):
    """A registry read from its store, without a service."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.location = store.location
        entry = next(iter(self._heads("settings/")), None)
        if entry is None:
            message = f"Cannot open {quoted(self.location)}: no registry found"
            raise HoldfastError("NotFound", message, "Check the location.")
        settings = self._record(entry).members["settings"]
        first = list(self._generations("settings/"))[-1]
        self._settings_time = first.modified
        self._versioned: bool = settings.get("versioned")
        self._grace: int = settings.get("leastGraceMs")
        if not isinstance(self._versioned, bool) or not is_whole(self._grace):
            raise damaged(f'"{entry.key}"', "invalid settings")
        if isinstance(store, FolderStore):
            store.folded = "locking" in settings  # else it is a plain copy of a bucket
        elif "locking" in settings:
            message = f"Cannot open {quoted(self.location)}: its files were copied from a folder"
            raise HoldfastError("Unsupported", message, "Copy it with `holdfast mirror`.")

    def names(self, prefix: str = "") -> Iterator[str]:
        for segment in self._store.folders("names/"):
            name = decode_segment(segment)
            if name is not None and name.startswith(prefix):
                if next(self._live(name), None) is not None:
                    yield name

    def versions(self, name: str, range: Optional[str] = None) -> Iterator[str]:
        wanted = parse_range(range) if range is not None else None
        if range is not None and wanted is None:
            raise HoldfastError("Invalid", f"Cannot list {quoted(name)}: {range!r} is not a range")
        found = [version_of(entry.key) for entry in self._live(name)]
        for version in sorted(found, key=lambda version: version.precedence, reverse=True):
            if wanted is None or wanted.includes(version):
                yield str(version)

    def aliases(self, name: str) -> Dict[str, str]:
        found = {}
        for entry in self._heads(f"names/{encode_segment(name)}/aliases/"):
            record = self._read_cell(entry.key[: entry.key.rindex("/") + 1])
            if record is not None:
                found[str(record.members["alias"])] = str(record.members["version"])
        return found

    def open(self, ref: str) -> Artifact:
        name, wanted = parse_ref(ref)
        if isinstance(wanted, Range) or wanted == "latest":
            return self._newest(ref, name, wanted if isinstance(wanted, Range) else None)
        version = wanted if isinstance(wanted, Version) else self._alias(ref, name, str(wanted))
        cell = f"names/{encode_segment(name)}/versions/"
        if self._versioned:
            kind = "prerelease" if version.prerelease else "final"
            record = self._read_cell(f"{cell}{kind}/{encode_order(version)}/")
        else:
            is_there = version == Version(1, 0, 0)
            record = self._read_cell(cell + "single/_/") if is_there else None
        if record is None:
            raise self._not_found(ref, f"there is no version {version}")
        return self._artifact(record)

    def _alias(self, ref: str, name: str, alias: str) -> Version:
        record = self._read_cell(f"names/{encode_segment(name)}/aliases/{encode_segment(alias)}/")
        if record is None:
            raise self._not_found(ref, "there is no such version or alias")
        version = parse_version(record.members["version"])
        if version is None:
            raise damaged(f'"{record.entry.key}"', 'invalid member "version"')
        return version

    def _newest(self, ref: str, name: str, wanted: Optional[Range]) -> Artifact:
        entries: Iterable[Entry] = self._live(name)
        if wanted is not None:
            matching = [entry for entry in entries if wanted.includes(version_of(entry.key))]
            entries = sorted(matching, key=lambda e: version_of(e.key).precedence, reverse=True)
        for entry in entries:
            record = self._read_cell(entry.key[: entry.key.rindex("/") + 1])
            if record is not None:
                return self._artifact(record)
        raise self._not_found(ref, "there is no such version" if wanted else "it has no versions")

    def _not_found(self, ref: str, state: str) -> HoldfastError:
        hint = "List what exists: `names()` and `versions(name)`, or the commands `ls` and `versions`."
        return HoldfastError("NotFound", f"Cannot find {quoted(ref)}: {state}", hint)

    def _generations(self, cell: str) -> Iterator[Entry]:
        """Yields the records of a cell, the newest first."""
        return (entry for entry in self._store.list(cell) if cell_of(entry.key) == cell)

    def _heads(self, prefix: str) -> Iterator[Entry]:
        """Yields the head of each cell below a prefix that is not deleted."""
        last = ""
        for entry in self._store.list(prefix):
            cell = cell_of(entry.key)
            if cell is not None and cell != last:
                last = cell
                if entry.size != TOMBSTONE_BYTES:
                    yield entry

    def _live(self, name: str) -> Iterator[Entry]:
        """Yields the heads of all versions: releases, then prereleases, the highest first."""
        return self._heads(f"names/{encode_segment(name)}/versions/")

    def _record(self, entry: Entry) -> Record:
        data = b"".join(self._store.read(entry.key, 0, MAX_RECORD_BYTES + 1))
        record = parse_record(data, entry)
        what, members, parts = f'"{entry.key}"', record.members, entry.key.split("/")
        if parts[0] != "names":
            if record.kind != "settings":
                raise damaged(what, "it is not a record of settings")
            return record
        if record.kind not in CELL_KINDS[parts[2]]:
            raise damaged(what, f"it is a record of the kind {record.kind}")
        if record.kind in ("version", "alias"):
            version = parse_version(members["version"])
            is_own = members["name"] == decode_segment(parts[1]) and version is not None
            if record.kind == "alias":
                is_own = is_own and members["alias"] == decode_segment(parts[3])
            elif not is_own or version != version_of(entry.key):
                is_own = False
            if not is_own:
                raise damaged(what, "it is the record of something else")
        return record

    def _read_cell(self, cell: str) -> Optional[Record]:
        """Returns the record of a cell that counts, or None if it holds nothing (section 4)."""
        missing = ""
        while True:
            is_head, again = True, False
            for entry in self._generations(cell):
                if entry.size == TOMBSTONE_BYTES:
                    return None
                try:
                    record: Optional[Record] = self._record(entry)
                except MissingObject:
                    record = None
                if record is None or record.kind == "scrubbed":
                    if not is_head:
                        return None
                    if missing == entry.key:
                        raise damaged(f'"{entry.key}"', "it is listed, but not there")
                    missing, again = entry.key, True
                    break
                if record.kind != "version" or not self._has_expired(record):
                    return record
                is_head = False
            if not again:
                return None

    def _has_expired(self, record: Record) -> bool:
        """Returns whether a record came late, and its payload was collected (section 4)."""
        started = milliseconds(record.members["startedAt"])
        if record.entry.modified - started <= self._grace / 2 or self._settings_time > started:
            return False
        try:
            keys = [
                payload_key(record, file, part)
                for file in self._files(record)
                for part in file.get("parts", ())
            ]
        except MissingObject:
            return True
        return not all(self._store.has(key) for key in dict.fromkeys(keys))

    def _files(self, record: Record) -> List[Json]:
        """Returns the files of a version, also from a long list (section 3.1)."""
        members, what = record.members, f'"{record.entry.key}"'
        materializer, files = members["materializer"], members["files"]
        if not isinstance(materializer.get("id"), str) or not is_whole(
            materializer.get("formatVersion")
        ):
            raise damaged(what, 'invalid member "materializer"')
        if "fileList" in members:
            place = members["fileList"]
            if not isinstance(place, dict) or not fits(place.get("sha256"), HASH):
                raise damaged(what, 'invalid member "fileList"')
            whole = stored_size({"parts": [place]}, 0)
            if files or whole is None or whole > MAX_LIST_BYTES:
                raise damaged(what, 'invalid member "fileList"')
            data = b"".join(self._store.read(payload_key(record, {}, place), 0, whole))
            if hashlib.sha256(data).hexdigest() != place["sha256"]:
                raise damaged(what, "its list of files does not have its SHA-256")
            files = parse_json(data, f"the list of files of {what}")
        check_files(files, what, int(members["size"]), len(record.inline))
        return list(files)

    def _artifact(self, record: Record) -> Artifact:
        try:
            files = self._files(record)
        except MissingObject as error:
            raise self._gone(record, str(error)) from None
        return Artifact({**record.members, "files": files}, lambda file: self._stored(record, file))

    def _stored(self, record: Record, file: Json) -> Iterator[bytes]:
        """Yields the stored bytes of a file."""
        if "inline" in file:
            offset, length = map(int, file["inline"])
            yield record.inline[offset : offset + length]
        for part in file.get("parts", ()):
            key, left = payload_key(record, file, part), int(part["size"])
            try:
                for chunk in self._store.read(key, int(part.get("offset", 0)), left):
                    left -= len(chunk)
                    yield chunk
            except MissingObject:
                raise self._gone(record, key) from None
            if left:
                raise damaged(f'"{key}"', "it is shorter than its record says")

    def _gone(self, record: Record, key: str) -> HoldfastError:
        """Returns the error for payload that is missing: replaced meanwhile, or damaged."""
        cell = record.entry.key[: record.entry.key.rindex("/") + 1]
        head = next(self._generations(cell), None)
        if head is not None and head.key == record.entry.key:
            return damaged(f'"{key}"', "it is missing")
        message = f"Cannot read {quoted(record.members['name'])}: it was replaced meanwhile"
        return HoldfastError("Conflict", message, "Open it again.")


def version_of(key: str) -> Version:
    """Returns the version of a record's key below `versions/`."""
    return decode_order(key.split("/")[4]) or Version(1, 0, 0)


def payload_key(record: Record, file: Json, part: Json) -> str:
    """Returns the key of the object of a part."""
    _, name, _, _, order, _ = record.entry.key.split("/")
    place = part.get("from") or file.get("from") or f"{order}/{record.members['commit']}"
    return f"objects/{name}/{place}/{int(part['object'])}"


class ServiceRegistry(Registry):
    """A registry behind `holdfast serve`."""

    def __init__(self, url: str, token: Optional[str] = None, timeout: float = 60) -> None:
        self.location = url.rstrip("/")
        self._token = token and token.strip()
        self._timeout = timeout

    def names(self, prefix: str = "") -> Iterator[str]:
        return iter(self._items("names", prefix=prefix))

    def versions(self, name: str, range: Optional[str] = None) -> Iterator[str]:
        query = {"range": range} if range is not None else {}
        for item in self._items(f"{self._path(name)}/versions", **query):
            yield item["version"]

    def aliases(self, name: str) -> Dict[str, str]:
        items = self._items(f"{self._path(name)}/aliases")
        return {item["alias"]: item["version"] for item in items}

    def open(self, ref: str) -> Artifact:
        name, _ = parse_ref(ref)
        wanted = ref.partition("@")[2] or "latest"
        what = f"the description of {quoted(ref)}"
        facts = self._json(f"{self._path(name)}/versions/{urllib.parse.quote(wanted, safe='')}")
        shapes = {**KINDS["version"], "commit": UUID, "createdAt": TIME}
        if not all(fits(facts.get(member), shape) for member, shape in shapes.items()):
            raise damaged(what, "it is not one of a version")
        files = facts["files"]
        for file in files if isinstance(files, list) else ():
            if isinstance(file, dict):  # the service decompresses, and joins the parts
                file.pop("encoding", None)
                file["parts"] = [{"object": 0, "size": file.get("size")}]
        check_files(files, what, int(facts["size"]), 0)
        exact = urllib.parse.quote(facts["version"].partition("+")[0], safe="")
        return Artifact(
            facts,
            lambda file: self._bytes(
                f"{self._path(name)}/versions/{exact}/files/"
                f"{urllib.parse.quote(file['path'])}?commit={facts['commit']}"
            ),
        )

    def _path(self, name: str) -> str:
        encode_segment(name)  # refuses what cannot be a name
        return f"artifacts/{urllib.parse.quote(name, safe='')}"

    def _items(self, path: str, **query: str) -> Iterator[Any]:
        seen = set()
        while True:
            page = self._json(f"{path}?{urllib.parse.urlencode(query)}")
            if not isinstance(page.get("items"), list) or str(page.get("next")) in seen:
                raise self._foreign(path)
            yield from page["items"]
            if not page.get("next"):
                return
            query["after"] = str(page["next"])
            seen.add(query["after"])

    def _json(self, path: str) -> Any:
        data = b"".join(self._bytes(path))
        try:
            answer = json.loads(data)
        except ValueError as error:
            raise self._foreign(path) from error
        if not isinstance(answer, dict):
            raise self._foreign(path)
        return answer

    def _foreign(self, path: str) -> HoldfastError:
        message = f"Cannot read {self.location}/{path}: the response is not one of `holdfast serve`"
        return HoldfastError("Unsupported", message, "Check the URL of the service.")

    def _bytes(self, path: str) -> Iterator[bytes]:
        request = urllib.request.Request(f"{self.location}/{path}")
        if self._token:  # not sent to where a redirect leads
            request.add_unredirected_header("authorization", f"Bearer {self._token}")
        try:
            with self._answer(request) as response:
                yield from iter(lambda: response.read(CHUNK), b"")
                if response.length:
                    raise OSError("the connection was closed before the end of the response")
        except urllib.error.HTTPError as error:
            raise self._problem(path, error) from None
        except (OSError, http.client.HTTPException) as error:
            state = getattr(error, "reason", None) or error
            message = f"Cannot read {self.location}/{path}: {state}"
            raise HoldfastError("Unavailable", message, "Try again later.") from error
        except ValueError:  # its text has the header, and so the token
            message = f"Cannot read {self.location}/{path}: the URL or the token is not ASCII"
            raise HoldfastError("Invalid", message, "Percent-encode the URL; check the token.") from None

    def _answer(self, request: urllib.request.Request) -> Any:
        """Sends a request, again while the service asks to wait, for as long as the timeout."""
        end = time.monotonic() + self._timeout
        while True:
            try:
                return urllib.request.urlopen(request, timeout=self._timeout)
            except urllib.error.HTTPError as error:
                wait = error.headers.get("retry-after", "")
                is_busy = error.code in (429, 503) and re.match(r"[0-9]{1,4}\Z", wait)
                if not is_busy or time.monotonic() + int(wait) > end:
                    raise
                error.close()
                time.sleep(max(int(wait), 0.1))

    def _problem(self, path: str, error: urllib.error.HTTPError) -> HoldfastError:
        codes = {401: "Denied", 403: "Denied", 404: "NotFound", 409: "Conflict", 410: "Conflict"}
        try:
            problem = json.loads(error.read(65536))
            detail, code = str(problem["detail"]), str(problem.get("code", ""))
        except (ValueError, KeyError, TypeError, OSError):
            detail, code, problem = f"Cannot read {self.location}/{path}: {error.reason}", "", {}
        default = codes.get(error.code, "Unavailable" if error.code >= 429 else "Invalid")
        return HoldfastError(code or default, detail, str(problem.get("hint", "")))


def open_registry(
    location: Union[str, Path],
    *,
    token: Optional[str] = None,
    s3: Any = None,
    timeout: float = 60,
) -> Registry:
    """Opens a registry to read.

    `location` is a folder, `http://` or `https://` of a `holdfast serve`, or `s3://bucket/prefix`
    (with `?endpoint=` and `?region=` as in Holdfast). `token` is for a service, by default
    `HOLDFAST_TOKEN`; `s3` is a client of boto3, by default one with your usual credentials.
    Raises `NotFound` if there is no registry.
    """
    text = str(location)
    url = urllib.parse.urlsplit(text)
    if url.scheme in ("http", "https"):
        return ServiceRegistry(text, token or os.environ.get("HOLDFAST_TOKEN"), timeout)
    if url.scheme in ("s3", "minio"):
        query = dict(urllib.parse.parse_qsl(url.query))
        client = s3 or s3_client(query.get("endpoint"), query.get("region"))
        return StoreRegistry(S3Store(client, url.netloc, urllib.parse.unquote(url.path)))
    if url.scheme == "file":
        text = urllib.request.url2pathname(url.path)
    elif "://" in text:
        message = f"Cannot open {quoted(text)}: unknown kind of location"
        hint = "Use a folder, s3://bucket/prefix, or the http:// URL of a `holdfast serve`."
        raise HoldfastError("Unsupported", message, hint)
    return StoreRegistry(FolderStore(text))


def s3_client(endpoint: Optional[str], region: Optional[str]) -> Any:
    try:
        import boto3
    except ImportError:
        message = "Cannot open a bucket: boto3 is missing"
        raise HoldfastError("Unsupported", message, "Run `pip install boto3`.") from None
    return boto3.client("s3", endpoint_url=endpoint, region_name=region)


# ------------------------------------------------------------------ command line


def main(arguments: Optional[Sequence[str]] = None) -> int:
    """Runs the command line, and returns its exit code."""
    parser = argparse.ArgumentParser(
        prog="holdfast_reader", description="Reads a Holdfast registry. It never writes to one."
    )
    registry_help = "folder, URL of a service, or s3://bucket/prefix (default: $HOLDFAST_REGISTRY)"
    parser.add_argument("-r", "--registry", metavar="LOCATION", help=registry_help)
    commands = parser.add_subparsers(dest="command", required=True)
    listing = commands.add_parser("ls", help="list names")
    listing.add_argument("prefix", nargs="?", default="")
    versions = commands.add_parser("versions", help="list versions, the highest first")
    versions.add_argument("name")
    versions.add_argument("range", nargs="?")
    commands.add_parser("aliases", help="list aliases").add_argument("name")
    commands.add_parser("info", help="show a version and its files").add_argument("ref")
    load = commands.add_parser("load", help="print a file of a version")
    load.add_argument("ref")
    load.add_argument("path", nargs="?", help="not needed if there is one file")
    download = commands.add_parser("download", help="write the files of a version")
    download.add_argument("ref")
    download.add_argument("to", help="a new folder")
    download.add_argument("--links", choices=("safe", "unsafe", "skip"), default="safe")
    options = parser.parse_args(arguments)
    if isinstance(sys.stdout, io.TextIOWrapper):  # whose encoding may lack letters of a name
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        location = options.registry or os.environ.get("HOLDFAST_REGISTRY") or ".holdfast"
        for line in run(open_registry(location), options):
            print(line)
        sys.stdout.flush()
        return 0
    except HoldfastError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except OSError as error:  # of standard output, or of the disk of a download
        if not isinstance(error, BrokenPipeError):  # `head` has ended, which is no error
            place = f' "{error.filename}"' if error.filename else ""
            print(f"error: Cannot {options.command}{place}: {error.strerror}", file=sys.stderr)
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except KeyboardInterrupt:
        print("error: Interrupted", file=sys.stderr)
        return 130


def run(registry: Registry, options: argparse.Namespace) -> Iterator[str]:
    """Runs a command, and yields the lines that it prints."""
    if options.command == "ls":
        yield from registry.names(options.prefix)
    elif options.command == "versions":
        yield from registry.versions(options.name, options.range)
    elif options.command == "aliases":
        for alias, version in registry.aliases(options.name).items():
            yield f"{alias}\t{version}"
    elif options.command == "info":
        artifact = registry.open(options.ref)
        yield f"{artifact.ref}  {artifact.size} bytes  {artifact.created_at}  {artifact.digest}"
        yield json.dumps(artifact.metadata, ensure_ascii=False)
        for file in artifact.files:
            yield f"{file.sha256}  {file.size}  {file.mode or '-'}  {file.path}"
    elif options.command == "load":
        artifact = registry.open(options.ref)
        if options.path is None and len(artifact.files) != 1:
            message = f"Cannot print {quoted(artifact.ref)}: it has {len(artifact.files)} files"
            hint = f"Run `download {artifact.ref} FOLDER`, or add the path of one file."
            raise HoldfastError("Invalid", message, hint)
        path = options.path or artifact.files[0].path
        for chunk in artifact.file(path).chunks():
            sys.stdout.buffer.write(chunk)
        sys.stdout.buffer.flush()
    else:
        for path in registry.download(options.ref, options.to, options.links):
            yield f"left out: {path} is a link that leaves the folder, or links are skipped"


if __name__ == "__main__":
    sys.exit(main())
