// Cells of tables: stored as they are, value and type, or refused with what to do.
import { assertEquals } from "@std/assert";
import { shareOfRun, SHARES } from "../../support/seeds.ts";
import { pythonTest, runProgram } from "../reader.ts";

/** Cells of all kinds; how frames hold a pair of them; and what is the same cell. */
const SUPPORT = `
import collections, datetime as dt, decimal, enum, fractions, io, math, os, uuid, warnings
import numpy as np, pandas as pd, polars as pl, pyarrow as pa, pyarrow.parquet as pq
import holdfast
from holdfast.values.serializers import files_of
warnings.simplefilter("ignore")

class Word(str, enum.Enum):
    YES = "yes"

Point = collections.namedtuple("Point", "a b")
utc, east = dt.timezone.utc, dt.timezone(dt.timedelta(hours=2))
moment, nanoseconds = dt.datetime(2020, 1, 2, 12, 30), pd.Timestamp("2020-01-02 12:30:00.000000001")
MIXED = [
    None, math.nan, True, 3, 2**53 + 1, 0.5, np.float16(0.5), decimal.Decimal("1.50"), "abc", "x", b"xyz", moment.date(), moment,
    moment.replace(tzinfo=east), nanoseconds, np.datetime64(moment, "ns"), dt.time(1, 2), dt.timedelta(1), [1], {"k": moment},
]
CELLS = [
    *MIXED, pd.NaT, pd.NA, np.datetime64("NaT", "ns"), decimal.Decimal("NaN"), np.bool_(False), -(2**63), 2**64, np.int8(3),
    np.uint64(2**63), -0.0, math.inf, np.float32(0.1), np.longdouble("0.1"), 1j, decimal.Decimal("-0"), fractions.Fraction(1, 2),
    "2020-01-02", np.str_("a"), Word.YES, bytearray(b"x"), dt.datetime.min, moment.replace(tzinfo=utc), pd.Timestamp(moment),
    nanoseconds.tz_localize(east), np.datetime64("2020-01-02"), pd.Period("2020-01"), dt.time(1, 2, tzinfo=utc), pd.Timedelta(5, "ns"),
    np.timedelta64(5, "ns"), uuid.UUID(int=1), object(), pa.scalar(5), [1.5], [], Point(1, 2), [moment.date()], [nanoseconds], {1},
    np.arange(2.0, dtype="f4"), np.array([moment], "M8[ns]"), np.zeros((2, 2)), np.ma.array([1, 2], mask=[0, 1]), pd.Series([1]),
    {}, {"k": 1}, {"k": moment.date()}, {"j": 1}, {1: 2}, [{"k": 1}, {"j": 1}],
]
PLAIN = [
    True, 3, 2**53 + 1, 0.5, np.float16(0.5), decimal.Decimal("1.50"), "abc", b"xyz", moment.date(), moment, moment.replace(tzinfo=east),
    dt.datetime.min, dt.time(1, 2), dt.timedelta(1), np.timedelta64(5, "ns"), np.datetime64(moment, "ns"), [1], [1.5], Point(1, 2),
    np.arange(2.0, dtype="f4"), np.array([moment], "M8[ns]"), {"k": 1}, {"k": moment}, pd.Timestamp(moment), np.str_("a"), [[1], []],
]

def objects(cells):
    array = np.empty(len(cells), object)
    for at, cell in enumerate(cells):
        array[at] = cell
    return pd.Series(array, dtype=object)

def labels(cells):
    return pd.Index(objects(cells), dtype=object, tupleize_cols=False)

def levels(cells):
    return pd.MultiIndex.from_arrays([[1] * len(cells), labels(cells)])

# Of each place: a frame with cells there, the cells as pandas has them, and those of the frame that a load returns.
PLACES = {
    "column": (lambda cells: pd.DataFrame({"c": objects(cells)}), None, lambda frame: list(frame["c"])),
    "list": (lambda cells: pd.DataFrame({"c": objects([cells])}), None, lambda frame: list(frame["c"][0])),
    "lists": (lambda cells: pd.DataFrame({"c": objects([[each] for each in cells])}), None,
              lambda frame: [each for (each,) in frame["c"]]),
    "dicts": (lambda cells: pd.DataFrame({"c": objects([{"k": each} for each in cells])}), None,
              lambda frame: [each["k"] for each in frame["c"]]),
    "series": (objects, None, lambda frame: list(frame.iloc[:, 0])),
    "index": (lambda cells: pd.DataFrame({"c": [1, 2]}, index=labels(cells)), lambda frame: frame.index, lambda frame: keys(frame.index)),
    "level": (lambda cells: pd.DataFrame({"c": [1, 2]}, index=levels(cells)), lambda frame: frame.index.get_level_values(1),
              lambda frame: keys(frame.index.get_level_values(1))),
    "categories": (lambda cells: pd.DataFrame({"c": pd.Categorical.from_codes([0, 1], categories=labels(cells))}), None,
                   lambda frame: keys(frame["c"])),
    "columns": (lambda cells: pd.DataFrame([[1, 2]], columns=labels(cells)), None, lambda frame: keys(frame.columns)),
}

def keys(index):
    return sorted(index, key=lambda each: 0 * hash(each))  # in their order, if they can be looked up

def is_missing(a):
    kinds = (type(None), type(pd.NaT), type(pd.NA))
    return isinstance(a, kinds) or isinstance(a, (float, np.floating, np.datetime64, np.timedelta64)) and a != a

def same(a, b):
    if is_missing(a) or is_missing(b):
        return is_missing(a) and is_missing(b)
    if isinstance(a, (enum.Enum, pa.Scalar)) or isinstance(a, dt.time) and a.tzinfo:
        return False
    if isinstance(a, (bool, np.bool_)):
        return isinstance(b, (bool, np.bool_)) and a == b
    if isinstance(a, (np.datetime64, dt.datetime)):
        if not isinstance(b, (dt.datetime, np.datetime64)):
            return False
        a, b = pd.Timestamp(a), pd.Timestamp(b)
        return (a.tz is None) == (b.tz is None) and a == b
    if isinstance(a, (np.timedelta64, dt.timedelta)):
        return isinstance(b, (dt.timedelta, np.timedelta64)) and pd.Timedelta(a) == pd.Timedelta(b)
    if isinstance(a, (int, float, np.number)):
        return type(b) is not bool and isinstance(b, (int, float, np.number)) and a == b and math.copysign(1, a) == math.copysign(1, b)
    if isinstance(a, (list, tuple)) or type(a) is np.ndarray and a.ndim == 1:
        return type(b) in (list, tuple, np.ndarray) and len(a) == len(b) and all(map(same, list(a), list(b)))
    if isinstance(a, dict):
        return type(b) is dict and a.keys() == b.keys() and all(same(a[key], b[key]) for key in a)
    if isinstance(a, decimal.Decimal):
        return type(b) is decimal.Decimal and a == b and a.is_signed() == b.is_signed()
    kinds = (str, bytes, bytearray, dt.date, dt.time, uuid.UUID)
    return isinstance(a, kinds) and type(b) in kinds and a == b and isinstance(a, (bytearray, type(b)))

def loaded(value):
    return pq.ParquetFile(io.BytesIO(files_of(value, None)[1][0].content)).read(use_threads=False)
`;

const PAIRS = `${SUPPORT}
def outcome(place, cells):
    make, held, stored = PLACES[place]
    try:
        value = make(cells)
    except (TypeError, ValueError, OverflowError):
        return "no such frame"
    try:
        frame = loaded(value).to_pandas()
    except holdfast.Unsupported as error:
        return "refused" if error.hint else "without a hint"
    cells = held(value) if held else cells
    return "equal" if all(map(same, cells, stored(frame))) else "other cells"

def changes(place, cells):
    "Whether pandas makes floats of large integers, local times of moments, or integers of nanoseconds."
    is_aware = any(isinstance(each, dt.datetime) and each.tzinfo for each in cells)
    has_nanoseconds = any(isinstance(each, (np.datetime64, np.timedelta64)) for each in cells)
    is_large = any(each is None for each in cells) and any(type(each) is int and each > 2**53 for each in cells)
    return is_large or (is_aware and place in ("list", "lists")) or (has_nanoseconds and place == "dicts")

reached = set()
for place in PLACES:
    kinds = CELLS if place == "column" else MIXED
    numbers = [(a, b) for a in range(len(kinds)) for b in range(len(kinds)) if a == b or 0 in (a, b) or (a + b) % PARTS == PART]
    outcomes = {(a, b): outcome(place, [kinds[a], kinds[b]]) for a, b in numbers}
    for (a, b), each in outcomes.items():
        assert each in ("equal", "refused", "no such frame"), (each, place, kinds[a], kinds[b])
    reached |= {(place, each) for each in outcomes.values()} if PARTS == 1 else {*outcomes.values()}
assert reached >= ({(place, each) for place in PLACES for each in ("equal", "refused")} if PARTS == 1 else {"equal", "refused"}), reached
for cell in PLAIN:
    for place in ("column", "list", "lists", "dicts", "series"):
        for cells in ([cell, cell], [cell, None], [None, cell]):
            expected = "refused" if changes(place, cells) else "equal"
            assert outcome(place, cells) == expected, (place, cells)
for cells in ([1, 0.5], [decimal.Decimal("1.5"), decimal.Decimal("1.25")], [moment.replace(tzinfo=utc), moment.replace(tzinfo=east)],
              [1, np.int8(3)], [[1], []], [[1, None], None], ["x", math.nan, pd.NA], [{"k": 1}, {"k": None}]):
    assert outcome("column", cells) == "equal", cells
print("done", flush=True)
os._exit(0)  # the threads of PyArrow and polars may abort a busy exit
`;

/** In CI each cell with itself, with None, and with a seventh of the others: on other days the others. */
const share = shareOfRun();
const PART = share === undefined ? "PARTS, PART = 1, 0\n" : `PARTS, PART = ${SHARES}, ${share}\n`;

pythonTest("tables of pairs of Python objects keep each cell, or are refused", async () => {
  assertEquals(await runProgram(PART + PAIRS), ["done"]);
});

const HINTS = `${SUPPORT}
def hint_of(value):
    try:
        return loaded(value) and None
    except holdfast.Unsupported as error:
        return error.hint, error.message

value = PLACES["column"][0]([moment.date(), moment])
hint, message = hint_of(value)
assert "row 1" in message and '"c"' in message and "datetime.datetime" in message, message
assert hint == "Try value.infer_objects(), or value['c'] = value['c'].astype(str).", hint
value["c"] = value["c"].astype(str)
assert hint_of(value) is None
for cells in ([nanoseconds, None], [pd.Timedelta(5, "ns"), pd.NaT]):
    value = PLACES["column"][0](cells)
    assert "infer_objects" in hint_of(value)[0]
    assert loaded(value.infer_objects())["c"].to_pylist() == [cells[0], None]
value = PLACES["column"][0]([2**53 + 1, None])
assert hint_of(value)[0] == "Call value['c'] = value['c'].astype('Int64').", hint_of(value)
value["c"] = value["c"].astype("Int64")
assert loaded(value).to_pandas()["c"][0] == 2**53 + 1
assert "reset_index" in hint_of(PLACES["index"][0]([2**53 + 1, None]))[0]
assert "astype('Int64')" in hint_of(PLACES["index"][0]([2**53 + 1, None]))[0]
for cells in ([(1, 2), (3, 4)], [(1,), (1,)]):
    hint, message = hint_of(PLACES["index"][0](cells))
    assert "reset_index" in hint and "tuples" in message, (hint, message)
    assert loaded(PLACES["index"][0](cells).reset_index()).num_rows == 2
value = PLACES["level"][0]([moment.date(), moment])
assert "reset_index" in hint_of(value)[0]
value = value.reset_index()
value["level_1"] = value["level_1"].astype(str)
assert hint_of(value) is None
print("done", flush=True)
os._exit(0)  # the threads of PyArrow and polars may abort a busy exit
`;

pythonTest("the hint of a table that is refused works", async () => {
  assertEquals(await runProgram(HINTS), ["done"]);
});

const OTHERS = `${SUPPORT}
S = pl.Series
for series in (
    S([math.nan, None, -0.0]), S([[math.nan, None], None, []]), S([1.5], dtype=pl.Float32), S([2**64 - 1], dtype=pl.UInt64),
    S([decimal.Decimal("1.50")]), S([dt.date.min]), S([dt.time(1, 2, 3, 4)]), S([1], dtype=pl.Time), S([1], dtype=pl.Duration("ns")),
    S([dt.datetime.min]), S([1], dtype=pl.Datetime("ns", "Asia/Kathmandu")), S([1], dtype=pl.Datetime("ms")), S([b"x", None]),
    S([["a"]], dtype=pl.List(pl.Categorical)), S([[1, 2], None], dtype=pl.Array(pl.Int8, 2)), S([{"a": 1, "b": None}, None]),
    S([{"a": "x"}], dtype=pl.Struct({"a": pl.Enum(["b", "x"])})), S([[None]]), S([None]), S([], dtype=pl.List(pl.Struct({"a": pl.Time}))),
):
    frame = pl.DataFrame({"c": series})
    found = pl.from_arrow(loaded(frame))
    assert found.equals(frame) and found.schema == frame.schema, series
assert loaded(pl.from_dicts([{"a": moment, "b": [1]}, {"a": None, "b": []}])).to_pylist() == [{"a": moment, "b": [1]}, {"a": None, "b": []}]

def odd(kind, numbers, size):
    return pa.Array.from_buffers(kind, len(numbers), [None, pa.py_buffer(np.array(numbers, size))])

for value in (
    pl.DataFrame({"c": S([[]], dtype=pl.Array(pl.Int8, 0))}), pl.DataFrame({"c": S([moment, 3], dtype=pl.Object)}),
    pa.table({"c": pa.array([[]], pa.list_(pa.int8(), 0))}), pa.table({"c": pa.array([[[]]], pa.list_(pa.list_(pa.int8(), 0)))}),
    pa.table({"c": odd(pa.date64(), [86405000, -1], "i8")}), pa.table({"c": odd(pa.time32("s"), [-5, 90000], "i4")}),
    pa.table({"c": pa.array([b"\\xff"]).view(pa.string())}), pa.table({"c": pa.array([2**62], pa.timestamp("s"))}),
    pa.table({"c": pa.array([(1, 2, 3)], pa.month_day_nano_interval())}),
):
    try:
        raise AssertionError(loaded(value))
    except holdfast.Unsupported as error:
        assert error.hint
print("done", flush=True)
os._exit(0)  # the threads of PyArrow and polars may abort a busy exit
`;

pythonTest("tables of polars and PyArrow keep each cell, or are refused", async () => {
  assertEquals(await runProgram(OTHERS), ["done"]);
});
