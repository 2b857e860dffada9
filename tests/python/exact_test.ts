// Values and tables that Python saves: loaded as they were, or refused with what to do.
import { assertEquals } from "@std/assert";
import { openRegistry } from "../../mod.ts";
import { pythonTest, runProgram, served } from "./reader.ts";

/** Begins each program: `exact` loads what it saves, `refused` expects a hint. */
const CHECKS = `
import datetime, decimal, enum, math, pathlib, pickle, sys, uuid
import holdfast, numpy as np, pandas as pd, polars as pl, pyarrow as pa

registry = holdfast.connect(sys.argv[1], token=sys.argv[2])

def same(a, b):
    if isinstance(a, np.ndarray):
        return type(b) is np.ndarray and a.dtype == b.dtype and np.array_equal(a, b)
    if isinstance(a, float):
        return type(b) is float and (repr(a) == repr(b) or a == b != 0)
    if isinstance(a, (list, dict)) and type(a) is type(b) and len(a) == len(b):
        pairs = zip(a, b) if isinstance(a, list) else ((a[k], b[k]) for k in a)
        return all(same(x, y) for x, y in pairs)
    return type(a) is type(b) and a == b

def exact(value, expected=None):
    found = registry.load(registry.save("a", value).ref)
    assert same(value if expected is None else expected, found), (value, found)

def refused(value, hint="", kind=holdfast.Unsupported):
    try:
        raise AssertionError(registry.load(registry.save("refused", value).ref))
    except kind as error:
        assert error.hint and hint in error.hint and "http" not in error.hint, error
        assert str(error).encode("utf-8") and str(error) == str(pickle.loads(pickle.dumps(error)))
`;

const VALUES = `${CHECKS}
utc, east = datetime.timezone.utc, datetime.timezone(datetime.timedelta(hours=1))
moment = datetime.datetime(2025, 2, 19, 12, 0, 0, 123000, tzinfo=utc)

class Size(enum.IntEnum):
    SMALL = 1

class Word(str, enum.Enum):
    YES = "yes"

exact([moment, moment.astimezone(east), datetime.datetime(1, 1, 1, tzinfo=utc)])
exact([1.0, 1e300, 5e-324, -0.0, math.inf, -math.inf, math.nan, 2**53, 2**70, -(2**70)])
exact({1: "a", None: 2, 1.5: 3, b"x": 4, moment: 5, "s": {"$holdfast": 1}})
exact([{1, "a", None, b"x", 1.5}, b"", "", [], {}, None, True])
exact([np.float64(1.5), np.float32(0.1), np.int64(2**60), np.bool_(True), np.uint8(255)],
      [1.5, float(np.float32(0.1)), 2**60, True, 255])
exact((1, (2,), bytearray(b"x")), [1, [2], b"x"])
for dtype in ("?", "i1", ">i4", "u8", "f2", ">f4", "c16", "S3", "U3", "M8[ns]", "m8[D]",
              [("a", "i4"), ("b", "f8")], np.dtype([("a", "i1"), ("b", "f8")], align=True)):
    exact(np.zeros((2, 3), dtype=dtype))
    exact({"part": np.asfortranarray(np.zeros((2, 3), dtype=dtype)), "one": np.zeros((), dtype=dtype)})

refused(moment.replace(tzinfo=None), "astimezone()")
refused([moment.replace(microsecond=1)], "isoformat()")
refused(datetime.datetime.min.replace(tzinfo=east), "isoformat()")
refused(pd.Timestamp("2020-01-01T00:00:00.123456789", tz="UTC"), "str(value)")
for value in (pd.NaT, pd.NA, pd.Timedelta(1), pd.Index([1]), datetime.date.min, datetime.timedelta(1),
              np.datetime64("2020-01-01"), np.datetime64(1, "ns"), np.timedelta64(1), np.complex64(1),
              np.longdouble(1), np.void(b"x"), decimal.Decimal(1), 1j, range(3), Size.SMALL, Word.YES):
    for each in (value, {"in": [value]}):
        refused(each)
refused(moment.replace(tzinfo=datetime.timezone(datetime.timedelta(microseconds=500))), "isoformat()")
refused(uuid.UUID(int=1), "str(value)")
for key in (Word.YES, Size.SMALL):
    refused({key: 1}, "value")
    refused([{"a": 1, key: 1}], "value")

class Named(str):
    def __str__(self):
        return "other"

exact([{Named("a"): Named("b")}, {Named("a"): 1, 2: 3}], [{"a": "b"}, {"a": 1, 2: 3}])
refused({(1, 2): 3}, "keys")
refused({frozenset([1])}, "elements")
refused(10**5000, "hex(value)")
refused("\\ud800", "bytes")
released = memoryview(b"x")
released.release()
refused(released, "bytes")
for facts in ({"offsets": [4, 0]}, {"offsets": [0, 1]}):
    fields = np.dtype({"names": ["a", "b"], "formats": ["i4", "i2"], "itemsize": 16, **facts})
    refused(np.zeros(2, fields), "names")
    refused([np.zeros(2, fields)], "names")
refused(["\\ud800"], "bytes")

noted = np.dtype("i4", metadata={"unit": "K"})
for dtype in (noted, np.dtype([("a", noted)]), np.dtype([("a", "i1"), ("b", (noted, 2))])):
    refused(np.zeros(2, dtype), "metadata=")
    refused({"in": np.zeros((), dtype)}, "metadata=")
padded = np.zeros((40, 50), np.dtype([("a", "i1"), ("b", "f8")], align=True))
padded.view("u1")[:] = 7  # also between the fields
padded["a"], padded["b"] = 1, 2
nested = np.zeros((4, 5), np.dtype([("in", padded.dtype, 2), ("c", "i1")], align=True))
for value in (padded, padded[:, ::3], padded.T, nested, nested[:, ::2], padded[0, 0:1].reshape(())):
    exact(value)
    assert len({registry.save("a", each).digest for each in (value, value.copy("K"))}) == 1

class Like:
    "An array of another package: its content is more than its numbers."
    ndim, shape, dtype = 1, (1,), np.dtype("f4")
    def __array__(self, *args, **more):
        return np.zeros(1)

masked = np.ma.array([1, 2], mask=[False, True])
for value in (masked, np.matrix([1]), np.rec.array([(1, 2)]), Like(), np.array([None]),
              np.zeros(1, [("a", "O")]), np.array(["a"], dtype=np.dtypes.StringDType())):
    refused(value)
    refused({"in": value})
frame = pd.DataFrame({"a": [1]})
for value in (frame, frame.a, pl.DataFrame(frame), pl.Series([1]), pa.table(frame), pa.array([1])):
    refused({"in": [value]}, "version of its own")
try:
    import ml_dtypes
    for name in ("bfloat16", "float8_e5m2", "float8_e4m3fn", "int4"):
        refused(np.zeros(2, dtype=getattr(ml_dtypes, name)), "view('u")
    exact([ml_dtypes.bfloat16(1.5)], [1.5])
except ImportError:
    pass
print(list(registry.names()))
`;

pythonTest("Python loads the values that it saved, and refuses all others", async () => {
  await using registry = await openRegistry("memory:");
  await using service = served(registry, ["read:*", "write:*"]);
  assertEquals(await runProgram(VALUES, { args: [service.location, service.token!] }), ["['a']"]);
});

const TABLES = `${CHECKS}
import datetime as dt, warnings
warnings.simplefilter("ignore")

def column(values, dtype=None):
    return pd.DataFrame({"a": pd.Series(values, dtype=dtype)})

categories = pd.Categorical(["x", "y"], categories=["y", "x", "z"], ordered=True)
noted = column([1])
noted.attrs = {"by": "me", "n": [1]}
for frame in (
    pd.DataFrame(), noted, pd.DataFrame({0: [1], 1: [2]}), pd.DataFrame({("a", 1): [1], ("b", 2): [2]}),
    pd.DataFrame({"a": [1, 2]}, index=pd.MultiIndex.from_tuples([("x", 1), ("y", 2)], names=["p", None])),
    column([2**60 + 1, None], "Int64"), column([True, None], "boolean"), column([1.5, None], "Float64"),
    column(["x", None], "string"), pd.DataFrame({"a": categories}), column([2**64 - 1], "uint64"),
    column(pd.to_datetime(["2020-01-01T00:00:00.123456789", None])), column(pd.to_timedelta([1, None])),
    column(pd.to_datetime(["2020-01-01"]).tz_localize("Europe/Berlin")), column([b"x", None]),
    column(pd.period_range("2020", periods=2, freq="D")), column([[1], [2, 3]]), column([{"x": 1}]),
    column([[{"x": 1}], [{"x": 2}, {"x": 3}], []]), column([[1.5, math.nan], None]),
    pd.DataFrame({"a": [1]}, index=pd.CategoricalIndex(["x"])), pd.DataFrame({"a": [1]}, index=[2.5]),
    pd.DataFrame({"a": [1, 2]}, index=range(5, 9, 2)), pd.DataFrame({"a": [1]}, index=pd.Index([5], name="a")),
    pd.DataFrame({"a": [1]}, index=pd.period_range("2020", periods=1, freq="M")), pd.DataFrame({1.5: [1]}),
    column([decimal.Decimal("1.50")]), column([dt.date.min]), column([1, None], pd.ArrowDtype(pa.int64())),
):
    pd.testing.assert_frame_equal(registry.load(registry.save("a", frame).ref).to_pandas(), frame)
    assert registry.load("a").to_pandas().attrs == frame.attrs
for name, values, dtype in (
    ("categories", ["x", "y", "x"], pl.Categorical), ("enum", ["a"], pl.Enum(["b", "a"])),
    ("times", [dt.time(1)], pl.Time), ("ns", [1], pl.Datetime("ns", "UTC")), ("null", [None], pl.Null),
    ("lists", [[1, 2]], pl.Array(pl.Int8, 2)), ("structs", [{"a": 1}], None), ("u64", [2**64 - 1], pl.UInt64),
):
    frame = pl.DataFrame({name: pl.Series(values, dtype=dtype)})
    found = pl.from_arrow(registry.load(registry.save("a", frame).ref))
    assert found.equals(frame) and found.schema == frame.schema, name
    assert registry.load(registry.save("a", frame[name]).ref).column_names == [name]
table = pa.table({"a": [1, None]}, metadata={"k": "v"})
assert registry.load(registry.save("a", table).ref).equals(table, check_metadata=True)
assert registry.load(registry.save("a", table.to_batches()[0]).ref).equals(table)

bad = column([1])
bad.attrs = {"odd": object()}
class Frame(pd.DataFrame):
    "As geopandas has it."
for value in (
    pd.DataFrame([[1, 2]], columns=["a", "a"]), pd.DataFrame({0: [1], "a": [2]}), bad, Frame({"a": [1]}),
    pd.DataFrame({"a": pd.arrays.SparseArray([0, 1])}), column([1j]), column([1, "x"]), column([object()]),
    column([True, 2]), column([2**70]), column([{1}]), column([{"x": 1}, {"y": 2}]),
    column([[{"x": 1}], [{"y": 2}]]), column([({"x": 1},), [{"x": 1, "y": 2}]]), column(["\\ud800"], object),
    column([np.array([{"x": 1}]), np.array([{"y": 2}])]), column([[{1}]]),
    pd.DataFrame({"a": pd.Categorical([3, 1])}), pd.DataFrame({"a": [1]}, index=pd.CategoricalIndex([3])),
    pd.DataFrame({"a": pd.cut([1, 2], 2)}), column([1]).set_flags(allows_duplicate_labels=False),
    pd.Series([1]).set_flags(allows_duplicate_labels=False), pd.DataFrame({"a": [1, 2]}, index=[1, "x"]),
    pd.DataFrame({"a": categories[:0]}), column([2**53 + 1, 2.5], object), column([1], "longdouble"),
    pl.DataFrame({"a": [object()]}), pl.DataFrame({"a": pl.Series([2**70], dtype=pl.Int128)}),
    pl.DataFrame({"a": [1]}).lazy(), pa.array([1]), pa.chunked_array([[1]]), pa.scalar(1), pa.table([[1], [2]], names=["a", "a"]),
):
    refused(value)
refused(pa.chunked_array([[1]]), "to_pylist()")
refused(column([1]).set_flags(allows_duplicate_labels=False), "set_flags")
print(list(registry.names()))
`;

pythonTest("Python loads the tables that it saved, and refuses all others", async () => {
  await using registry = await openRegistry("memory:");
  await using service = served(registry, ["read:*", "write:*"]);
  assertEquals(await runProgram(TABLES, { args: [service.location, service.token!] }), ["['a']"]);
});

const METADATA = `
import enum, json, math, subprocess, sys
import holdfast, numpy as np
from datetime import datetime, timezone

class Tensor:
    "A scalar, as PyTorch has it."
    ndim, dtype = 0, "torch.bfloat16"
    def __init__(self, number): self.number = number
    def item(self): return self.number

class Word(str, enum.Enum):
    YES = "yes"

writer = holdfast.connect(sys.argv[1], token=sys.argv[2])
logged = {"loss": math.nan, "best": [math.inf, {"least": -math.inf}], "acc": np.float32(0.5),
    "n": np.int64(3), "ok": np.bool_(True), "one": np.array(2.5), "torch": Tensor(1.5), "text": "nan"}
plain = {**logged, "acc": 0.5, "n": 3, "ok": True, "one": 2.5, "torch": 1.5}
writer.save("a", 1, metadata=logged)
writer.publish("app", {"a": "a"}, metadata=logged)
labels = writer.annotate("a", labels=logged, notes="NaN")["labels"]
order = lambda value: dict(sorted(value.items()))
assert repr(order(labels)) == repr(order(plain)), labels
assert repr(order(writer.annotations("a")["labels"])) == repr(order(plain))
assert writer.annotations("a")["notes"] == "NaN"
for registry in (writer, holdfast.open_registry(sys.argv[3])):
    for ref in ("a", "app"):
        assert repr(registry.open(ref).metadata) == repr(plain), registry.open(ref).metadata
    found = registry.search("name=a")[0].metadata
    assert found["loss"] != found["loss"] and found["best"] == plain["best"], found
    for query in ("loss=NaN", "acc=0.5", "loss!=3", "acc = 0.5", "loss  != 3", "loss > 0", "loss>0", "loss<0"):
        matches = bool(registry.search(f"name=a metadata.{query}"))
        assert matches == (query not in ("loss > 0", "loss>0", "loss<0")), query
for odd in ("Infinity", Word.YES, np.datetime64("2020-01-01"), np.int64(2**53 + 1), np.longdouble(1),
            np.zeros(1), np.complex64(1), Tensor(1j), datetime.now(timezone.utc), -0.0, {Word.YES: 1}, {"\\ud800": 1}):
    try:
        writer.save("refused", 1, metadata={"odd": odd})
        raise AssertionError(odd)
    except holdfast.Invalid as error:
        assert "metadata" in error.message and error.hint, error
command = [sys.executable, "-m", "holdfast", "-r", sys.argv[3]]
lines = subprocess.run([*command, "info", "a"], capture_output=True, text=True).stdout.splitlines()
print(json.loads(lines[1], parse_constant=lambda text: "not JSON")["loss"])
`;

pythonTest("Python logs numbers of arrays, NaN and infinities", async (root) => {
  const location = root.join("registry");
  await using registry = await openRegistry(location, { cache: false });
  await using service = served(registry, ["read:*", "write:*"]);
  const args = [service.location, service.token!, location];
  assertEquals(await runProgram(METADATA, { args }), ["NaN"]);
  const { metadata } = await registry.info("a");
  assertEquals([metadata.loss, metadata.best], ["NaN", ["Infinity", { least: "-Infinity" }]]);
});

const RANDOM = `${CHECKS}
import random
from datetime import timedelta, timezone

def number():
    special = (0.0, -0.0, math.nan, math.inf, -math.inf, 2.0, 1e22, 5e-324, 2**53, -(2**53) - 1, 1)
    return random.choice([*special, random.gauss(0, 1e9), random.getrandbits(80)])

def text():
    return random.choice(["", "a", "$holdfast", "NaN", "__proto__", "\\u2028", "\\0", "é🦊"])

def moment():
    zone = random.choice([timezone.utc, timezone(timedelta(hours=5, minutes=30))])
    day = (random.randint(1, 9999), random.randint(1, 12), random.randint(2, 27))
    return datetime.datetime(*day, microsecond=random.choice([0, 1000, 999000]), tzinfo=zone)

def array():
    dtype = random.choice(["f4", "u1", ">i2", "c8", "M8[ns]", "S2"])
    return np.frombuffer(random.randbytes(8), dtype).reshape(random.choice([(-1,), (1, -1)]))

def key():
    return random.choice([number, text, moment, lambda: None, lambda: random.randbytes(2)])()

def value(depth=0):
    if depth == 4 or random.random() < 0.4:
        return random.choice([key, array, lambda: random.random() < 0.5])()
    count, kind = random.randint(0, 4), random.randrange(4)
    if kind == 3:
        return {key() for _ in range(count)}
    if kind == 2:
        return [value(depth + 1) for _ in range(count)]
    return {(key if kind else text)(): value(depth + 1) for _ in range(count)}

def spelled(found):
    if isinstance(found, datetime.datetime):
        return found.astimezone(timezone.utc).isoformat()
    if isinstance(found, np.ndarray):
        return (str(found.dtype), found.shape, found.tobytes())
    if isinstance(found, dict):
        return [(spelled(k), spelled(v)) for k, v in found.items()]
    if isinstance(found, set):
        return sorted(map(repr, map(spelled, found)))
    return [spelled(each) for each in found] if isinstance(found, list) else repr(found)

for seed in range(int(sys.argv[3])):
    random.seed(seed)
    given = value()
    found = registry.load(registry.save("a", given).ref)
    assert type(given) is type(found) and spelled(given) == spelled(found), (seed, given, found)
`;

pythonTest("Python loads random nested values as it saved them", async () => {
  await using registry = await openRegistry("memory:");
  await using service = served(registry, ["read:*", "write:*"]);
  await runProgram(RANDOM, { args: [service.location, service.token!, "150"] });
});

const LARGE = `${CHECKS}
import os, tempfile, tracemalloc
from holdfast.values import serializers

tempfile.tempdir = sys.argv[3]
arrays = {f"{at}": np.full(2**22, at, "u1") for at in range(16)}
values = [{**arrays, "last": b"x"}, np.full(2**26, 7, "u1")]
tracemalloc.start()
for value in values:
    tracemalloc.reset_peak()
    before, _ = tracemalloc.get_traced_memory()
    registry.save("a", value)
    print(round((tracemalloc.get_traced_memory()[1] - before) / 2**26 < 0.9))
tracemalloc.stop()
found = registry.load("a@1.0.0")
assert all(np.array_equal(found[name], each) for name, each in arrays.items())
assert found["last"] == values[0]["last"] and np.array_equal(registry.load("a"), values[1])

save = np.save
def changed(sink, array, **options):
    save(sink, array, **options)
    values[1][-1] += 1
np.save = changed
refused(values[1], "writes", holdfast.Conflict)
refused({"in": values[1]}, "writes", holdfast.Conflict)
np.save = save
os.environ["TMPDIR"] = tempfile.tempdir = sys.argv[3] + "/absent"
refused(values[1], "space", holdfast.Unavailable)
print(os.listdir(sys.argv[3]), list(registry.names()))
`;

pythonTest("Python saves large arrays without memory for a copy of them", async (root) => {
  await using registry = await openRegistry(root.join("registry"), { cache: false });
  await using service = served(registry, ["read:*", "write:*"]);
  await Deno.mkdir(root.join("parts"));
  const args = [service.location, service.token!, root.join("parts")];
  assertEquals(await runProgram(LARGE, { args }), ["1", "1", "[] ['a']"]);
});
