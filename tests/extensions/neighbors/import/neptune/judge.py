"""Writes random runs as neptune-exporter does (its schema and layout), and prints what pyarrow reads of them.

The exporter is not in a package registry, and needs Neptune's server: its files are written here by its own
library, pyarrow (github.com/neptune-ai/neptune-exporter, model.py, storage/parquet_writer.py, utils.py).
"""

import datetime
import decimal
import hashlib
import json
import math
import pathlib
import random
import sys

import pyarrow as pa
import pyarrow.parquet as pq

MOMENT = pa.timestamp("ms", tz="UTC")
SCHEMA = pa.schema(
    [
        *[
            (name, pa.string())
            for name in ("project_id", "run_id", "attribute_path", "attribute_type")
        ],
        ("step", pa.decimal128(18, 6)),
        ("timestamp", MOMENT),
        ("int_value", pa.int64()),
        ("float_value", pa.float64()),
        ("string_value", pa.string()),
        ("bool_value", pa.bool_()),
        ("datetime_value", MOMENT),
        ("string_set_value", pa.list_(pa.string())),
        ("file_value", pa.struct([("path", pa.string())])),
        (
            "histogram_value",
            pa.struct(
                [
                    ("type", pa.string()),
                    ("edges", pa.list_(pa.float64())),
                    ("values", pa.list_(pa.float64())),
                ]
            ),
        ),
    ]
)
BEGIN = datetime.datetime(2025, 3, 4, 5, 6, 7, 89000, tzinfo=datetime.UTC)
PARAMS = [
    ("parameters/lr", "float", 0.1),
    ("parameters/n", "int", 2**60 + 1),
    ("parameters/opt", "string", "sgd ü"),
    ("on", "bool", True),
    ("at", "datetime", BEGIN),
    ("sys/tags", "string_set", ["a", "b"]),
    ("sys/name", "string", "first ü"),
    ("sys/creation_time", "datetime", BEGIN),
]


def sanitized(part: str) -> str:
    digest = hashlib.blake2b(part.encode(), digest_size=8).hexdigest()
    return "".join(c if c.isalnum() or c in "_-" else "_" for c in part) + "-" + digest


def write(root: pathlib.Path, rnd: random.Random) -> None:
    project = "team/digits"
    for run in ["RUN-1", "my run/ü", "params only", "no files", "no part"]:
        base = {"project_id": project, "run_id": run}
        rows = [
            {
                **base,
                "attribute_path": path,
                "attribute_type": kind,
                f"{kind}_value": value,
            }
            for path, kind, value in PARAMS
            if run != "params only" or kind == "float"
        ]
        rows.append(
            {
                **base,
                "attribute_path": "sys/failed",
                "attribute_type": "bool",
                "bool_value": run == "RUN-1",
            }
        )
        series = []
        for _ in range(0 if run == "params only" else rnd.randrange(50, 3000)):
            at = BEGIN + datetime.timedelta(milliseconds=rnd.randrange(10**9))
            series.append(
                {
                    **base,
                    "attribute_path": rnd.choice(["metrics/loss", "step", "ü"]),
                    "attribute_type": "float_series",
                    "step": decimal.Decimal(rnd.randrange(-10, 10**6))
                    / rnd.choice([1, 4, 1000]),
                    "timestamp": at,
                    "float_value": rnd.choice(
                        [rnd.random(), math.nan, math.inf, -0.0, 5e-324, 1e308]
                    ),
                }
            )
        files = []
        for i in range(0 if run == "params only" else 3):
            at = {**base, "step": decimal.Decimal(i), "timestamp": BEGIN}
            files.append(
                {
                    **at,
                    "attribute_path": "out",
                    "attribute_type": "string_series",
                    "string_value": f"l {i}",
                }
            )
            histogram = {
                "type": "COUNTING",
                "edges": [0.0, 0.5, 1.0],
                "values": [3.0, float(i)],
            }
            files.append(
                {
                    **at,
                    "attribute_path": "h",
                    "attribute_type": "histogram_series",
                    "histogram_value": histogram,
                }
            )
            path = f"{sanitized(run)}/img/step_{i}.png"
            kind = {"attribute_path": "img", "attribute_type": "file_series"}
            files.append(
                {
                    **at,
                    **kind,
                    "file_value": {"path": path if i else path.replace("/", "\\")},
                }
            )
            place = root / "files" / sanitized(project) / path
            if run != "no files":
                place.parent.mkdir(parents=True, exist_ok=True)
                place.write_text(f"{run} {i}")
        if run != "params only":
            path = f"{sanitized(run)}/set"
            files.append(
                {
                    **base,
                    "attribute_path": "set",
                    "attribute_type": "file_set",
                    "file_value": {"path": path},
                }
            )
            place = root / "files" / sanitized(project) / path / "a/b.txt"
            place.parent.mkdir(parents=True)
            place.write_text(run)
        folder = root / "data" / sanitized(project)
        folder.mkdir(parents=True, exist_ok=True)
        for part, group in enumerate([rows, series, files]):
            if run == "no part" and part == 1:
                continue
            with pq.ParquetWriter(
                folder / f"{sanitized(run)}_part_{part}.parquet",
                SCHEMA,
                compression="snappy",
            ) as w:
                for begin in range(0, len(group), 1000):
                    full = [
                        {name: row.get(name) for name in SCHEMA.names}
                        for row in group[begin : begin + 1000]
                    ]
                    w.write_batch(pa.RecordBatch.from_pylist(full, schema=SCHEMA))


def read(root: pathlib.Path) -> dict:
    runs: dict = {}
    for file in sorted(root.glob("data/*/*.parquet")):
        for row in pq.read_table(file, schema=SCHEMA).to_pylist():
            run = runs.setdefault(row["run_id"], {"points": [], "texts": {}})
            kind, path = row["attribute_type"], row["attribute_path"]
            if kind == "float_series":
                at = round(row["timestamp"].timestamp() * 1000)
                run["points"].append(
                    [path, float(row["step"]), repr(row["float_value"]), at]
                )
            elif kind in ("int", "string"):
                run["texts"][path] = str(row[f"{kind}_value"])
    return runs


if __name__ == "__main__":
    write(pathlib.Path(sys.argv[1]), random.Random(int(sys.argv[2])))
    json.dump(read(pathlib.Path(sys.argv[1])), sys.stdout)
