"""Bounds of what Parquet and Arrow unpack to. Prints lines that end with `ok`, or say what is wrong."""

import io
import struct
import warnings
from unittest import mock

import numpy
import pyarrow
from pyarrow import feather, ipc, parquet

from holdfast.values import arrow, parquet as own
from holdfast.values.parquet_pages import FOOTER, HEADER, Compact, columns_of, pages_of

warnings.filterwarnings("ignore")
REFUSALS = (OSError, ValueError, MemoryError)
"""Errors that a load reports as those of Holdfast."""
noise = numpy.random.default_rng(1)


def report(title, ok):
    print(title, "ok" if ok is True else f"WRONG {ok}")


def refused(call, kinds=REFUSALS):
    try:
        return call()
    except kinds:
        return True


def in_parquet(table, **options):
    sink = io.BytesIO()
    parquet.write_table(table, sink, **{"compression": "zstd", "store_schema": False, **options})
    return sink.getvalue()


def read(data, most):
    return own.read_parquet(pyarrow.BufferReader(data), most, use_threads=False)


def with_pages_of(metadata, pages, **options):
    """Returns a file whose metadata is that of one column, and whose pages are those of another."""
    one_page = {"data_page_size": 2**31 - 1, "max_rows_per_page": 2**31 - 1}
    honest, other = in_parquet(metadata, use_dictionary=False), in_parquet(pages, **one_page, **options)
    known = [parquet.ParquetFile(pyarrow.BufferReader(each)).metadata.row_group(0).column(0).total_compressed_size for each in (honest, other)]
    assert known[0] > known[1]
    return other[: 4 + known[1]] + honest[4 + known[1] :]


def in_arrow(make, tables, **options):
    sink = pyarrow.BufferOutputStream()
    with make(sink, tables[0].schema, options=ipc.IpcWriteOptions(**options)) as out:
        for each in tables:
            out.write_table(each)
    return sink.getvalue().to_pybytes()


def with_repeated_dictionary(times, size=10**6):
    """Returns a file whose footer names each time the second of its dictionaries, to be added to those before."""
    words, index = ["a", "x" * size, *map(str, range(times))], pyarrow.array([0], pyarrow.int32())
    tables = [pyarrow.table({"a": pyarrow.DictionaryArray.from_arrays(index, words[: at + 1])}) for at in range(len(words))]
    data = in_arrow(ipc.new_file, tables, emit_dictionary_deltas=True)
    footer = len(data) - 10 - int.from_bytes(data[-10:-6], "little")
    start = next(arrow.blocks_of(data)).metadata - 8
    at = data.index(struct.pack("<q", start), footer)
    return data[: at + 24] + data[at + 24 : at + 48] * (times + 1) + data[at + 24 * (times + 2) :]


numbers = pyarrow.table({"a": numpy.zeros(20_000, "int64")})
many = [f"{at:03}" + "x" * 997 for at in range(50)] * 20
words = pyarrow.table({"a": many})
lists = pyarrow.table({"a": [many[:40]] * 20})
noisy = pyarrow.table({"a": noise.integers(0, 2**62, 20_000)})
texts = pyarrow.table({"a": [noise.bytes(300).hex() for _ in range(500)]})
TABLES = {
    "numbers": (numbers, {}),
    "numbers without a dictionary": (numbers, {"use_dictionary": False}),
    "several groups": (noisy, {"row_group_size": 3000}),
    "small numbers": (pyarrow.table({"a": numpy.zeros(90_000, "int32"), "b": [True, None] * 45_000}), {}),
    "of a fixed length": (pyarrow.table({"a": pyarrow.array([b"abcd" * 9] * 5000, pyarrow.binary(36))}), {}),
    "strings": (words, {}),
    "strings of the second version": (words, {"data_page_version": "2.0"}),
    "strings without a dictionary": (words, {"use_dictionary": False}),
    "prefixes": (words, {"use_dictionary": False, "column_encoding": {"a": "DELTA_BYTE_ARRAY"}}),
    "lists": (lists, {}),
    "lists of prefixes": (lists, {"use_dictionary": False, "column_encoding": {"a.list.element": "DELTA_BYTE_ARRAY"}}),
    "in a struct": (pyarrow.table({"a": [{"b": each} for each in many]}), {}),
    "long statistics": (pyarrow.table({"a": ["x" * 3000, "y" * 3000]}), {}),
    "a dictionary": (pyarrow.table({"a": words["a"].combine_chunks().dictionary_encode()}), {"store_schema": True}),
    "nothing": (numbers.slice(0, 0), {}),
}
FILES = {title: (table, in_parquet(table, **options)) for title, (table, options) in TABLES.items()}
FALSE = {
    "values": with_pages_of(noisy, pyarrow.table({"a": numpy.zeros(2**20, "int64")}), use_dictionary=False),
    "encoding": with_pages_of(texts, pyarrow.table({"a": ["x" * 10_000] * 500})),
    "type": with_pages_of(noisy, pyarrow.table({"a": ["x" * 10**6] * 4}), use_dictionary=False),
}
WHOLE = b"".join(
    (
        b"\x15\x02\x25\x06\x15\x08",  # i32 at 1, 3 and 4
        b"\x1c\x15\x04\x15\x06\x18\x03abc\x11\x12\x17" + bytes(8) + b"\x00",  # a struct at 5, with a string and a double
        b"\x19\x35\x02\x04\x06\x1a\xf5\x10" + b"\x02" * 16 + b"\x13\x07\x00",  # lists at 6 and 7, a byte at 8
    )
)
BROKEN = {
    "a field twice": b"\x25\x02\x05\x04\x04\x00",
    "a negative field": b"\x05\x01\x02\x00",
    "a field of too large a number": b"\x05\x80\x80\x08\x02\x00",
    "another type": b"\x26\x02\x00",
    "a struct for a number": b"\x2c\x00\x00",
    "a list for a struct": b"\x59\x05\x00",
    "a boolean for a number": b"\x21\x00",
    "more bits": b"\x25\x80\x80\x80\x80\x20\x00",
    "endless bits": b"\x25" + b"\x80" * 40 + b"\x01\x00",
    "too deep": b"\x1c" * 40 + bytes(41),
    "a map": b"\x1b\x00\x00",
    "another kind": b"\x1d\x00",
    "a long string": b"\x18\x80\x80\x80\x80\x08" + bytes(9),
}
PAGES = {
    "no size": b"\x15\x00\x00",
    "a negative size": b"\x15\x00\x15\x01\x15\x02\x00",
    "a negative length": b"\x15\x00\x15\x02\x15\x01\x00",
    "negative values": b"\x15\x00\x15\x02\x15\x02\x2c\x15\x01\x15\x00\x00\x00",
    "no end": b"\x18\xff\x7f" + bytes(9),
}


def of_parquet():
    for title, (table, data) in FILES.items():
        size = read(data, 2**40).nbytes
        honest = refused(lambda: read(data, 2 * size + 2**16).equals(parquet.read_table(io.BytesIO(data))), ())
        report(title, honest)
        with mock.patch.object(own, "free_memory", return_value=size // 2):
            refusal = refused(lambda: read(data, 2**40).num_rows, MemoryError)
        report(f"{title}, of too much", refusal is True or size == 0)
        report(f"{title}, of more than may be", refused(lambda: read(data, size // 2).num_rows, ValueError) is True or size == 0)
    for title, data in FALSE.items():
        report(f"false {title}", refused(lambda: read(data, 10**6).num_rows, ValueError))
    table, data = FILES["several groups"]
    with mock.patch.object(parquet.ParquetFile, "read_row_groups", autospec=True, side_effect=parquet.ParquetFile.read_row_groups) as calls:
        read(data, 2**40)
        report("all groups at once", len(calls.mock_calls) == 1)
        read(data, 2 * table.nbytes - table.nbytes // 4)
        report("several groups one after the other", len(calls.mock_calls) > 2)


def of_metadata():
    own_fields = {3: 3}, Compact(WHOLE)
    found = own_fields[1].struct({3: 5, 5: {1: 5, 2: 5}})
    report("a whole struct", found == {3: 3, 5: {1: 2, 2: 3}} and own_fields[1].at == len(WHOLE))
    for title, data in BROKEN.items():
        report(title, refused(lambda: Compact(data).struct({2: 5, 5: {1: 5}}), ValueError))
    report("a struct that ends", refused(lambda: Compact(b"\x25").struct(HEADER), IndexError))
    report("a footer that ends", refused(lambda: columns_of(io.BytesIO(b"PAR1\x15" + struct.pack("<i", 1) + b"PAR1")), ValueError))
    data = FILES["strings"][1]
    part, known = columns_of(io.BytesIO(data))[0][0], parquet.ParquetFile(io.BytesIO(data)).metadata.row_group(0).column(0)
    report("a footer", [part[each] for each in (5, 7, 9, 11)] == [known.num_values, known.total_compressed_size, known.data_page_offset, known.dictionary_page_offset] and FOOTER != HEADER)
    for title, data in PAGES.items():
        file = io.BytesIO(data + bytes(2000))
        report(f"a page with {title}", refused(lambda: pages_of(file, {5: 9, 7: 1000, 9: 0}), ValueError))
    for lacking in (5, 7, 9):
        report(f"a column without {lacking}", refused(lambda: pages_of(file, {each: 0 for each in (5, 7, 9) if each != lacking}), ValueError))
    one = b"\x15\x00\x15\x0e\x15\x00\x2c\x15\x02\x15\x04\x00\x00"
    report("a page at the end", pages_of(io.BytesIO(one), {5: 9, 7: len(one), 9: 0}) == (1, 7, 7, {2}))
    for title, footer, groups in (("no groups", b"\x00", []), ("no columns", b"\x49\x1c\x00\x00", [[]])):
        report(title, columns_of(io.BytesIO(footer + struct.pack("<i", len(footer)) + b"PAR1")) == groups)
    report("no column", refused(lambda: pages_of(file, None), ValueError))


def of_arrow():
    table = pyarrow.table({"a": numpy.zeros(3000), "b": ["x" * 20] * 3000, "c": pyarrow.array(["x", "y"] * 1500).dictionary_encode()})
    tables = [table.slice(at, 1000) for at in (0, 1000, 2000)]
    for make in (ipc.new_file, ipc.new_stream):
        for compression in (None, "zstd", "lz4"):
            title, data = f"{make.__name__} {compression}", in_arrow(make, tables, compression=compression)
            size = table.nbytes if compression else 0
            with mock.patch.object(arrow, "free_memory", return_value=size + size // 10):
                report(title, arrow.read_arrow(data, False).equals(table))
            with mock.patch.object(arrow, "free_memory", return_value=size - size // 10 - 1):
                report(f"{title}, of too much", refused(lambda: arrow.read_arrow(data, False).num_rows, MemoryError))
    for cut in (100, len(data) // 2):
        report("a cut one", refused(lambda: arrow.read_arrow(data[:cut] + arrow.MAGIC, False).num_rows, (ValueError, OSError)))
    repeated = with_repeated_dictionary(100, 10_000)
    for free in (2**21, 2**19):
        with mock.patch.object(arrow, "free_memory", return_value=free):
            report(f"a dictionary often {free}", (refused(lambda: arrow.read_arrow(repeated, False).num_rows, MemoryError) is True) == (free < 10**6))
    sink = io.BytesIO()
    feather.write_feather(table.select(["a"]), sink, version=1)
    report("the first version", arrow.read_arrow(sink.getvalue(), False).num_rows == 3000)
    report("other bytes", refused(lambda: arrow.read_arrow(b"\xff\xff\xff\xff\x10\x00\x00\x00", False)))
