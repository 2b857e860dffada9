"""Writes tables of every type, and prints their cells as pyarrow reads them."""

import datetime as dt
import decimal
import gzip
import json
import sys
import uuid
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.feather as feather
import pyarrow.parquet as pq

folder = Path(sys.argv[1])
ROWS = 300
Decimal = decimal.Decimal


def optional(row: int, value):
    return None if row % 7 == 3 else value


def column(make, kind) -> pa.Array:
    return pa.array([make(row) for row in range(ROWS)], kind)


DAY = pa.struct([("day", pa.date32())])
BOX = pa.struct([("x", pa.float32()), ("name", pa.string()), ("at", DAY)])
POINT = pa.struct([("x", pa.int64()), ("y", pa.float64())])
FIRST = dt.date(2026, 1, 1)

table = pa.table({
    "id": column(int, pa.int64()),
    "price": column(lambda i: optional(i, Decimal(i * 37 - 500).scaleb(-2)), pa.decimal128(10, 2)),
    "wide": column(lambda i: Decimal("12345678901234567890123456.789") + i, pa.decimal128(38, 3)),
    "tags": column(lambda i: optional(i, [f"t{j}" for j in range(i % 4)]), pa.list_(pa.string())),
    "matrix": column(lambda i: [[i, None], [], None], pa.list_(pa.list_(pa.int32()))),
    "box": column(
        lambda i: optional(
            i, {"x": i / 2, "name": f'b"{i}', "at": {"day": FIRST + dt.timedelta(days=i)}}
        ),
        BOX,
    ),
    "points": column(lambda i: [{"x": j, "y": None} for j in range(i % 3)], pa.list_(POINT)),
    "counts": column(lambda i: optional(i, {"a": i, "b": None}), pa.map_(pa.string(), pa.int64())),
    "vector": column(lambda i: [i * 0.5, 0.1, -1.0], pa.list_(pa.float32(), 3)),
    "clock": column(
        lambda i: optional(i, dt.time(i % 24, i % 60, i % 60, i * 1001)), pa.time64("us")
    ),
    "clock_ms": column(lambda i: dt.time(i % 24, 1, 2, 1000 * i), pa.time32("ms")),
    "half": pa.array(np.arange(ROWS, dtype=np.float16) / np.float16(7), pa.float16()),
    "raw": column(lambda i: optional(i, bytes([i % 256, 0, 255]) * (i % 3 + 1)), pa.binary()),
    "fixed": column(lambda i: bytes([i % 256] * 4), pa.binary(4)),
    "amounts": column(lambda i: [Decimal(i).scaleb(-2), None], pa.list_(pa.decimal128(9, 2))),
    "times": column(
        lambda i: [dt.datetime(2026, 1, 1, 0, 0, 0, i + 1), None], pa.list_(pa.timestamp("us"))
    ),
    "uid": column(lambda i: uuid.UUID(int=i).bytes, pa.uuid()),
})


def shown(value):
    """Returns a cell as the page writes it; lists and structs as data."""
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, bytes):
        return f"0x{value.hex()}"
    if isinstance(value, dt.time):
        return value.isoformat("microseconds")
    if isinstance(value, dt.datetime):
        return value.isoformat().rstrip("0")
    if isinstance(value, (dt.date, uuid.UUID)):
        return str(value)
    if isinstance(value, (float, np.float16)):
        return float(str(np.float16(value))) if isinstance(value, np.float16) else value
    if isinstance(value, list):
        if value and isinstance(value[0], tuple):
            return {key: shown(each) for key, each in value}
        return [shown(each) for each in value]
    if isinstance(value, dict):
        return {key: shown(each) for key, each in value.items()}
    return value


def cells(name: str) -> list:
    if name == "vector":  # 32 bits in the fewest digits
        return [
            [float(str(np.float32(each))) for each in row] for row in table[name].to_pylist()
        ]
    if name == "half":
        return [float(str(each)) for each in table[name].to_numpy()]
    return [shown(value) for value in table[name].to_pylist()]


pq.write_table(table, folder / "groups.parquet", row_group_size=128, compression="zstd")
pq.write_table(
    table, folder / "plain.parquet", compression="snappy", use_dictionary=False,
    data_page_version="2.0",
)
feather.write_feather(table, folder / "lz4.feather")
feather.write_feather(table, folder / "zstd.feather", compression="zstd", chunksize=100)
with pa.OSFile(str(folder / "stream.arrows"), "wb") as file:
    with pa.ipc.new_stream(file, table.schema) as writer:
        writer.write_table(table)

hundreds = [Decimal(n).scaleb(2) for n in (-12, 0, 123)]
thousands = [Decimal("-9e18"), None, Decimal("7e3")]
scaled = pa.table({
    "hundreds": pa.array(hundreds, pa.decimal128(5, -2)),
    "thousands": pa.array(thousands, pa.decimal256(60, -3)),
    "short": pa.array(hundreds, pa.decimal64(10, -2)),
    "tiny": pa.array(hundreds, pa.decimal32(5, -2)),
    "listed": pa.array([hundreds, None, [None]], pa.list_(pa.decimal128(5, -2))),
    "held": pa.array([{"at": each} for each in hundreds], pa.struct([("at", pa.decimal128(5, -2))])),
    "coded": pa.DictionaryArray.from_arrays(
        pa.array([0, None, 1], pa.int8()), pa.array(hundreds[1:], pa.decimal128(5, -2))
    ),
})
feather.write_feather(scaled, folder / "scaled.feather")
with pa.OSFile(str(folder / "scaled.arrows"), "wb") as file:
    with pa.ipc.new_stream(file, scaled.schema) as writer:
        writer.write_table(scaled)

coded = pa.DictionaryArray.from_arrays
keys = pa.array([1, None, 0], pa.int8())
twice = pa.table({
    "id": [1, 2, 3],
    "price": coded(keys, pa.array([Decimal("4.50"), Decimal("1.23")], pa.decimal128(5, 2))),
    "day": coded(keys, pa.array([FIRST, FIRST + dt.timedelta(days=1)])),
    "share": coded(keys, pa.array([0.5, 0.1], pa.float32())),
    "codes": pa.array([[(10, "a"), (2, "b"), (10, "c")], None, []], pa.map_(pa.int32(), pa.string())),
    "days": pa.array([[(FIRST, None)], None, []], pa.map_(pa.date32(), pa.string())),
})
pq.write_table(twice, folder / "twice.parquet")
feather.write_feather(twice, folder / "twice.feather")

long = np.arange(200_000)
feather.write_feather(
    pa.table({
        "id": long % 977,
        "word": pa.array([f"word {i % 50}" for i in long]).dictionary_encode(),
        "at": pa.array(long * 1001 + 10**18, pa.timestamp("ns", "UTC")),
    }),
    folder / "long.feather",
)
with gzip.open(folder / "packed.csv.gz", "wt") as file:
    file.write("a,b\n" + "\n".join(f"{i},x{i}" for i in range(500)) + "\n")

(folder / "expected.json").write_text(json.dumps({name: cells(name) for name in table.column_names}))
(folder / "scaled.json").write_text(
    json.dumps({
        name: [shown(value) for value in scaled[name].to_pylist()] for name in scaled.column_names
    })
)
