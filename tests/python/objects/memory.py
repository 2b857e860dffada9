"""Small files that unpack to much more, and memory that is full. Prints what is refused."""

import contextlib
import io
import json
import pathlib
import resource
import sys
from unittest import mock

import bounds
import datasets
import numpy
import pyarrow
from bounds import in_arrow, with_pages_of, with_repeated_dictionary
from pyarrow import ipc, parquet

import holdfast
from holdfast.client.connection import Connection
from holdfast.values import arrow, parquet as own_parquet

registry = holdfast.connect(sys.argv[1], token=sys.argv[2])
FACTS = "holdfast-object.json"


def shown(title, call):
    try:
        print(title, "returned", call())
    except holdfast.HoldfastError as error:
        print(title, error.code)
    except BaseException as error:
        print(title, "raised", type(error).__name__)


def stored(serializer, facts, files):
    """Saves what a program without this package could have written."""
    folder = pathlib.Path(f"folder-{len(list(pathlib.Path().iterdir()))}")
    folder.mkdir()
    known = {"format": "holdfast-object/1", "serializer": serializer, "facts": facts}
    (folder / FACTS).write_text(json.dumps(known))
    for path, data in files.items():
        (folder / path).write_bytes(data)
    return registry.save("stored", folder).ref


def written(table, times=1, **options):
    """Returns a file with a table, several times. The type of a dictionary is not stored."""
    options = {"compression": "zstd", "store_schema": False, **options}
    with parquet.ParquetWriter("data.parquet", table.schema, **options) as writer:
        for _ in range(times):
            writer.write_table(table, row_group_size=len(table))
    return pathlib.Path("data.parquet").read_bytes()


def peak():
    return int(pathlib.Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0]) * 1024


zeros = pyarrow.array(numpy.zeros(2 * 10**5, "int32"))
letters = pyarrow.DictionaryArray.from_arrays(zeros, ["x" * 1000])
few = pyarrow.array(["x" * 10**5] * 100)
constant = written(pyarrow.table({"a": numpy.zeros(2 * 10**6, "int64")}), 20)
HOSTILE = {
    "numbers": constant,
    "strings": written(pyarrow.table({"a": letters})),
    "lists": written(pyarrow.table({"a": pyarrow.ListArray.from_arrays(pyarrow.array([0, 2 * 10**5], pyarrow.int32()), letters)})),
    "prefixes": written(pyarrow.table({"a": few}), 20, use_dictionary=False, column_encoding={"a": "DELTA_BYTE_ARRAY"}),
    "pages": written(pyarrow.table({"a": few}), 20, use_dictionary=False),
}
numbers, noise = pyarrow.table({"a": numpy.zeros(2 * 10**6, "int64")}), numpy.random.default_rng(1)
random = pyarrow.array([noise.bytes(500).hex() for _ in range(1000)])
FALSE = {
    "page": with_pages_of(pyarrow.table({"a": noise.integers(0, 2**62, 20_000)}), pyarrow.table({"a": numpy.zeros(2**26, "int64")}), use_dictionary=False, row_group_size=2**26),
    "encoding": with_pages_of(pyarrow.table({"a": random}), pyarrow.table({"a": ["x" * 10**6] * 1000})),
}
ARROW = {
    "file": in_arrow(ipc.new_file, [numbers] * 40, compression="zstd"),
    "stream": in_arrow(ipc.new_stream, [numbers] * 40, compression="lz4"),
    "dictionary": with_repeated_dictionary(600),
}
lists = written(pyarrow.table({"a": [["x"], None]}))
few = letters = zeros = numbers = random = None


def of_files():
    pathlib.Path("/proc/self/clear_refs").write_text("5")  # the peak before
    before = peak()
    for title, data in HOSTILE.items():
        for facts in ({}, {"bytes": 10**6}, {"bytes": "many"}):
            shown(title, lambda: registry.load(stored("datasets", facts, {"data.parquet": data})))
    small = written(pyarrow.table({"a": numpy.zeros(2 * 10**6, "int64")}))
    splits = [f"s{at}" for at in range(10)]
    shown("splits", lambda: registry.load(stored("datasets.dict", {"splits": splits}, {f"{each}.parquet": small for each in splits})))
    for title, data in FALSE.items():
        shown(title, lambda: registry.load(stored("datasets", {}, {"data.parquet": data})).num_rows)
    with mock.patch.object(own_parquet, "free_memory", return_value=2**26), mock.patch.object(arrow, "free_memory", return_value=2**26):
        for title, data in {**FALSE, **ARROW}.items():
            path = pathlib.Path(f"table.{'parquet' if title in FALSE else 'arrow'}")
            path.write_bytes(data)
            ref = registry.save("table", path).ref
            shown(title, lambda: registry.load(ref).num_rows)
    print("little memory", peak() - before < 2**28)
    shown("enough memory", lambda: registry.load(ref).num_rows)
    ref = stored("datasets", {}, {"data.parquet": constant})
    shown("trusted", lambda: registry.load(ref, trust=True).num_rows)
    for title, column in {
        "numbers": numpy.zeros(10**7, "int64"),
        "bytes": numpy.zeros(10**7, "uint8"),
        "strings": ["x" * 100_000] * 2000,
        "nothing": [None] * 10**6,
    }.items():
        registry.save("equal", datasets.Dataset.from_dict({"a": column}))
        shown(title, lambda: registry.load("equal").num_rows)


def of_damage():
    """Parquet with each bit of some changed: PyArrow's own accessors of columns end the process."""
    read, refused = 0, 0
    for at in range(len(lists)):
        for bit in (1, 2, 16, 128):
            data = bytearray(lists)
            data[at] ^= bit
            try:
                own_parquet.read_parquet(pyarrow.BufferReader(data), use_threads=False)
                read += 1
            except (OSError, ValueError, MemoryError):  # each is an error of Holdfast
                refused += 1
    print(read + refused == 4 * len(lists), read > 100, refused > 100)


def of_bounds():
    lines = io.StringIO()
    with contextlib.redirect_stdout(lines):
        bounds.of_parquet()
        bounds.of_metadata()
        bounds.of_arrow()
    print(*(line for line in lines.getvalue().splitlines() if not line.endswith(" ok")), "done", sep="\n")


def of_machine():
    pathlib.Path("data.parquet").write_bytes(constant)
    registry.save("table", pathlib.Path("data.parquet"))
    array, value = numpy.zeros(4 * 10**7), bytearray(3 * 10**8)
    registry.save("array", array)
    taken = int(pathlib.Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    limits = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (taken + 2**28, limits[1]))
    shown("table", lambda: registry.load("table"))
    shown("array", lambda: registry.load("array"))
    shown("bytes", lambda: registry.open("array").file().read())
    shown("value", lambda: registry.save("copy", value))
    resource.setrlimit(resource.RLIMIT_AS, limits)
    shown("table", lambda: registry.load("table").num_rows)
    shown("array", lambda: registry.load("array").shape)
    print("copy" in registry)
    with mock.patch.object(Connection, "read", side_effect=MemoryError), mock.patch.object(Connection, "write", side_effect=MemoryError):
        for call in (
            lambda: registry.load("table"),
            lambda: list(registry.names()),
            lambda: list(registry),
            lambda: list(registry.versions("table")),
            lambda: registry.search("a"),
            lambda: "table" in registry,
            lambda: registry["table"],
            lambda: registry.save("copy", 1),
            lambda: registry.run("copy").finish(1),
            lambda: registry.load_many(["table"]).raise_first(),
        ):
            shown("any", call)


globals()[f"of_{sys.argv[3]}"]()
