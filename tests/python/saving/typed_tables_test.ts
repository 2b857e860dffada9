// Typed columns, indexes and labels of pandas: loaded as they were, or refused with what to do.
import { assertEquals } from "@std/assert";
import { pythonTest, runProgram } from "../reader.ts";

const PROGRAM = `
import datetime as dt, decimal, io, itertools, os, warnings
import numpy as np, pandas as pd, pyarrow as pa, pyarrow.parquet as pq
import holdfast
from holdfast.values.serializers import files_of
warnings.simplefilter("ignore")

day, cent = dt.date(2020, 1, 2), decimal.Decimal("1.50")
ARROW = [
    (pa.int64(), 2**53 + 1), (pa.uint64(), 2**64 - 1), (pa.float32(), 0.5), (pa.float16(), 0.5), (pa.string(), "a"), (pa.large_string(), "a"),
    (pa.bool_(), True), (pa.date32(), day), (pa.date64(), day), (pa.time32("s"), 5), (pa.time64("ns"), 5), (pa.timestamp("ns", "UTC"), 5),
    (pa.timestamp("us"), 5), (pa.duration("ns"), 5), (pa.decimal128(10, 2), cent), (pa.decimal256(50, 2), cent), (pa.binary(), b"a"),
    (pa.binary(1), b"a"), (pa.list_(pa.int64()), [2**53 + 1]), (pa.struct([("a", pa.int64())]), {"a": 2**53 + 1}), (pa.null(), None),
    (pa.dictionary(pa.int32(), pa.string()), "a"), (pa.map_(pa.string(), pa.int64()), [("a", 2**53 + 1)]),
]
TIMES = [(kind + unit, pd.Series(np.array(values, kind + f"8[{unit}]"))) for kind in "Mm" for unit in ("s", "ms", "us", "ns")
         for values in ([1, 2], ["NaT", 2**40])]
ZONES = ["UTC", "Europe/Berlin", "+05:30", dt.timezone(dt.timedelta(hours=1), "odd")]
CATEGORIES = [["b", "a"], [3, 1], [2**53 + 1, 1], [1.5, 0.5], [True, False], [b"a", b"b"], [day, dt.date.min], pd.to_datetime([1, 2])]
ARRAYS = [
    *((name, pd.Series(np.array([limits(name).max, limits(name).min], name))) for limits, names in (
        (np.iinfo, ("i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8")), (np.finfo, ("f2", "f4", "f8"))) for name in names),
    *((name, pd.Series(np.array([1, 0], name))) for name in ("bool", "c8", "longdouble", ">i4")),
    ("floats", pd.Series([-0.0, np.inf])), ("NaN", pd.Series(np.array([0x7FF8000000000001, 0], "u8").view("f8"))),
    *((name, pd.array([value, None], dtype=name)) for name, value in (
        ("Int8", 1), ("Int64", 2**63 - 1), ("UInt64", 2**64 - 1), ("Float32", 0.5), ("Float64", 0.5), ("boolean", True), ("string", "x"),
        ("str", "x"), ("string[python]", "x"), ("string[pyarrow]", "x"))),
    *((str(kind), pd.array([value, None], dtype=pd.ArrowDtype(kind))) for kind, value in ARROW),
    *TIMES, *((f"zone {zone}", pd.array(pd.to_datetime([1, 2], unit="s").tz_localize(zone))) for zone in ZONES),
    *((f"period {each}", pd.array(pd.period_range("2020", periods=2, freq=each))) for each in ("D", "M", "Y", "h", "2D", "W", "ns")),
    *((f"interval {each}", pd.array(pd.interval_range(0, 2, closed=each))) for each in ("left", "both")),
    ("interval null", pd.array([pd.Interval(0, 1), None])), ("intervals", pd.array(pd.interval_range(pd.Timestamp("2020"), periods=2))),
    *((f"categories {each}", pd.Categorical.from_codes([0, -1], categories=pd.Index(each), ordered=ordered))
      for each in CATEGORIES for ordered in (False, True)),
    ("sparse", pd.arrays.SparseArray([0, 1])),
]
PLACES = {
    "column": lambda each: pd.DataFrame({"c": each}),
    "index": lambda each: pd.DataFrame({"c": [1, 2]}, index=pd.Index(each, name="i")),
    "level": lambda each: pd.DataFrame({"c": [1, 2]}, index=pd.MultiIndex.from_arrays([["x", "y"], pd.Index(each)], names=["p", None])),
    "labels": lambda each: pd.DataFrame([[1, 2]], columns=pd.Index(each, name="n")),
    "labels of two levels": lambda each: pd.DataFrame([[1, 2]], columns=pd.MultiIndex.from_arrays([["x", "y"], pd.Index(each)])),
}
RANGES = [pd.RangeIndex(2, name=name) for name in ("a", None, 5, ("a", 1))] + [pd.RangeIndex(10, 14, 2, name="step"), pd.RangeIndex(3, -1, -2)]

def outcome(frame):
    try:
        content = files_of(frame, None)[1][0].content
    except holdfast.Unsupported as error:
        return "refused" if error.hint else "without a hint"
    found = pq.ParquetFile(io.BytesIO(content)).read(use_threads=False).to_pandas(use_threads=False)
    try:
        pd.testing.assert_frame_equal(found, frame, check_freq=False)
    except AssertionError:
        return "other"
    return "equal"

reached, others = set(), set()
for (name, array), (place, make) in itertools.product(ARRAYS, PLACES.items()):
    try:
        frame = make(array)
    except (TypeError, ValueError, NotImplementedError, pa.lib.ArrowNotImplementedError):
        continue  # pandas has no such frame
    found = outcome(frame)
    if found == "other":
        others.add(name)
    else:
        reached.add((place, found))
print(*sorted(others))
assert reached == {(place, each) for place in PLACES for each in ("equal", "refused")}, reached
for index in RANGES:
    assert outcome(pd.DataFrame({"c": [1, 2]}, index=index)) in ("equal", "refused" if type(index.name) is tuple else "equal"), index
assert outcome(pd.Series([1.5, 2.5], name="loss").rename_axis("epoch").to_frame()) == "equal"
print("done", flush=True)
os._exit(0)  # the threads of PyArrow may abort a busy exit
`;

pythonTest(
  "typed values of pandas are loaded as they were, or refused, in each place",
  async () => {
    // Times in seconds become milliseconds, as the page about Python says.
    assertEquals(await runProgram(PROGRAM), ["Ms", "done"]);
  },
);
