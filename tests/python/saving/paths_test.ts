// New versions that Python programs write by paths, with the packages that write them.
import { assertEquals, assertMatch } from "@std/assert";
import { openRegistry } from "../../../mod.ts";
import { pythonTest, runProgram, served } from "../reader.ts";

const IMPORTS = `
import multiprocessing, os, pathlib, signal, sys
import fsspec
import holdfast
fsspec.register_implementation("holdfast", "holdfast.filesystem.HoldfastFileSystem")
def connect():
    return holdfast.connect(sys.argv[1], token=sys.argv[2])
`;

const LIBRARIES = `${IMPORTS}
import dask.array, duckdb, numpy, pandas, polars, pyarrow, pyarrow.dataset, pyarrow.parquet, zarr

registry = connect()
frame = pandas.DataFrame({"city": ["Oslo", "Rome"] * 50, "km": numpy.arange(100) / 3})
table = pyarrow.Table.from_pandas(frame)
with holdfast.version("team/data", registry, alias="production", metadata={"rows": 100}) as new:
    options = {"storage_options": new.storage_options}
    frame.to_parquet(new.url("pandas.parquet"), **options)
    frame.to_csv(new.url("pandas.csv"), index=False, **options)
    frame.head(0).to_csv(new.url("more.csv"), index=False, **options)
    with new.open("polars.parquet", "wb") as file:
        polars.from_pandas(frame).write_parquet(file)
    pyarrow.parquet.write_table(table, new.path("arrow.parquet"), filesystem=new.fs)
    pyarrow.parquet.write_to_dataset(table, new.path("by"), filesystem=new.fs, partition_cols=["city"])
    pyarrow.dataset.write_dataset(table, new.path("feather"), filesystem=new.fs, format="feather")
    duckdb.register_filesystem(new.fs)
    duckdb.sql("copy (select * from frame) to '" + new.url("duck.csv") + "' (header true)")
    cells = zarr.create_array(new.url("cells.zarr"), shape=(50, 50), chunks=(20, 20), dtype="f4", **options)
    cells[:] = 1.5
    cells[3:30, 3:30] = 2  # reads and writes parts of chunks
    group = zarr.create_group(store=new.url("group.zarr"), **options)
    group.create_array("a", data=numpy.arange(6))
    zarr.consolidate_metadata(group.store)
    dask.array.ones((40, 40), chunks=20).to_zarr(new.url("dask.zarr"), **options)
    with new.open("numpy.npy", "wb") as file:
        numpy.save(file, numpy.eye(3))
    print("team/data" in registry, [*registry.names()])

print(new.saved.ref, registry.aliases("team/data"), registry.open("team/data").metadata)
read = {"storage_options": {"registry": registry}}
url = "holdfast://team/data@1.0.0/"
files = fsspec.filesystem("holdfast", registry=registry)
print([
    pandas.read_parquet(url + "pandas.parquet", **read).equals(frame),
    numpy.allclose(pandas.read_csv(url + "pandas.csv", **read)["km"], frame["km"]),
    numpy.allclose(pandas.read_csv(url + "duck.csv", **read)["km"], frame["km"]),
    pandas.read_parquet(url + "polars.parquet", **read).equals(frame),
    pyarrow.parquet.read_table(url[11:] + "arrow.parquet", filesystem=files).equals(table),
    pyarrow.dataset.dataset(url[11:] + "by", filesystem=files, partitioning="hive").count_rows(),
    pyarrow.dataset.dataset(url[11:] + "feather", filesystem=files, format="feather").to_table().equals(table),
    zarr.open_array(url + "cells.zarr", mode="r", **read)[:].sum(),
    zarr.open_group(url + "group.zarr", mode="r", use_consolidated=True, **read)["a"][:].tolist(),
    float(dask.array.from_zarr(url + "dask.zarr", **read).sum().compute()),
    numpy.array_equal(numpy.load(files.open(url + "numpy.npy")), numpy.eye(3)),
])
`;

pythonTest("pandas, polars, PyArrow, DuckDB, zarr and Dask write one version", async (root) => {
  await using registry = await openRegistry(root.join("registry"), { cache: false });
  await using service = served(registry, ["write:*", "read:*"]);
  const args = [service.location, service.token!];
  assertEquals(await runProgram(LIBRARIES, { args }), [
    "False []",
    "team/data@1.0.0 {'production': '1.0.0'} {'rows': 100}",
    "[True, True, True, True, True, 100, True, np.float32(4114.5), [0, 1, 2, 3, 4, 5], 1600.0, True]",
  ]);
});

const READ_BACK = `${IMPORTS}
import gc, pandas
registry = connect()
frame = pandas.DataFrame({"km": [1.5, 2.5]})
with holdfast.version("a", registry) as new:
    frame.to_parquet(new.url("f.parquet"), storage_options=new.storage_options)
    again = pandas.read_parquet(new.url("f.parquet"), storage_options=new.storage_options)
    print(again.equals(frame), new.fs.cat(new.path("f.parquet"))[:4])
    other = fsspec.filesystem("holdfast", **new.storage_options)
    file = other.open("a@/open.bin", "wb")
    try:
        new.commit()
    except holdfast.HoldfastError as error:
        print(error.message)
    file.close()
    other.rm("a@/f.parquet")
    print(new.files())
print(registry.open("a").ref, other.ls("a@1.0.0/", detail=False))
for turn in range(2):  # an id that was used in this program
    with holdfast.version("b", registry, id="b%d" % turn) as new:
        print(new.files())
        new.pipe("x", b"1")
first = holdfast.version("c", registry, id="job")
first.pipe("half", b"1")
other = fsspec.filesystem("holdfast", **first.storage_options)
with other.transaction as block:
    print(other.exists("c@/half"))
    other.pipe("d@/x", b"1")
print([each.ref for each in block.saved], "c" in registry, first.fs.cat(first.path("half")))
from holdfast.paths.written import SHARED
del new, other, file, first, block
gc.collect()
print(len(SHARED))
`;

pythonTest("packages read what they wrote, whichever file system they open", async (root) => {
  await using registry = await openRegistry(root.join("registry"), { cache: false });
  await using service = served(registry, ["write:*", "read:*"]);
  const args = [service.location, service.token!];
  assertEquals(await runProgram(READ_BACK, { args }), [
    "True b'PAR1'",
    'Cannot save a version of "a": "open.bin" was never closed',
    "['open.bin']",
    "a@1.0.0 ['a@1.0.0/open.bin']",
    "[]",
    "[]",
    "True",
    "['d@1.0.0'] False b'1'",
    "0",
  ]);
});

const TRANSACTION = `${IMPORTS}
registry = connect()
files = fsspec.filesystem("holdfast", registry=registry)
with files.transaction as block:
    files.pipe("a/one.bin", b"abc")
    files.cp("a/one.bin", "a/sub/two.bin")
    files.cp("old@1.0.0/data.json", "a@/sub/at@2x.json")
    files.pipe("a/gone.bin", b"x")
    files.rm("a/gone.bin")
    files.mv("a/one.bin", "a/moved.bin")
    files.put(sys.argv[3], "a/folder", recursive=True)
    with files.open("a/log.txt", "w") as file:
        file.write("one\\n")
    with files.open("a/log.txt", "a") as file:
        file.write("two\\n")
    files.pipe("a/large.bin", b"x" * 20_000_000)
    files.pipe("team:b/c.bin", b"other name")
    print(files.find("a"), files.isdir("a/sub"), files.exists("a/one.bin"), files.cat("a/log.txt"))
    print([*registry.names()], files.info("a/large.bin")["size"], files.glob("a/**/*.json"))
print([each.ref for each in block.saved], files.cat("a@1.0.0/log.txt"), files.cat("a@1.0.0/folder/plain"))
with files.transaction as block:
    files.exists("a/log.txt")
    files.pipe("e/f", b"1")
    print(files.commit("e").ref)
print(block.saved)
try:
    with files.transaction:
        files.pipe("c/d", b"1")
        raise KeyboardInterrupt
except KeyboardInterrupt:
    print("c" in registry, files._intrans)
`;

pythonTest("a transaction of fsspec saves what it wrote at its end", async (root) => {
  await using registry = await openRegistry(root.join("registry"), { cache: false });
  await registry.save("old", { depth: 3 });
  await using service = served(registry, ["write:*", "read:*"]);
  await Deno.mkdir(root.join("folder/sub"), { recursive: true });
  await Deno.writeTextFile(root.join("folder/plain"), "plain");
  await Deno.writeTextFile(root.join("folder/sub/deep"), "deep");
  const args = [service.location, service.token!, root.join("folder")];
  assertEquals(await runProgram(TRANSACTION, { args }), [
    "['a/folder/plain', 'a/folder/sub/deep', 'a/large.bin', 'a/log.txt', 'a/moved.bin', " +
    "'a/sub/at@2x.json', 'a/sub/two.bin'] True False b'one\\ntwo\\n'",
    "['old'] 20000000 ['a/sub/at@2x.json']",
    "['a@1.0.0', 'team:b@1.0.0'] b'one\\ntwo\\n' b'plain'",
    "e@1.0.0",
    "[]",
    "False False",
  ]);
  const paths = (await registry.open("a")).files().map(({ info }) => info.path);
  assertEquals(paths.toSorted(), [
    ...["folder/plain", "folder/sub/deep", "large.bin", "log.txt", "moved.bin"],
    ...["sub/at@2x.json", "sub/two.bin"],
  ]);
});

const PROCESSES = `${IMPORTS}
def write(new, rank):
    with new.open(f"rank-{rank}.bin", "wb") as file:
        file.write(b"%d" % rank * 9_000_000)
    if rank == 0:
        new.pipe("rank-3.bin", b"of a rank that was killed before")

def killed(new):
    new.pipe("whole.txt", b"before")
    file = new.open("rank-3.bin", "wb")
    file.write(b"x" * 9_000_000)  # which is sent
    os.kill(os.getpid(), signal.SIGKILL)

if __name__ == "__main__":
    context = multiprocessing.get_context(sys.argv[3])
    new = holdfast.version("ckpt", connect(), id="step-7")
    child = context.Process(target=killed, args=(new,))
    child.start(), child.join()
    print(child.exitcode, new.files(), "ckpt" in connect())
    children = [context.Process(target=write, args=(new, rank)) for rank in (0, 1)]
    [each.start() for each in children], [each.join() for each in children]
    new.rm("whole.txt")
    again = holdfast.version("ckpt", connect(), id="step-7")
    try:
        with again:
            with again.open("torn.txt", "wb") as file:
                file.write(b"half")
                raise ValueError
    except ValueError:
        print(again.files())
    with again:
        again.pipe("index.json", b"{}")
    print(again.saved.ref, new.commit().skipped, "ckpt" in connect())
`;

pythonTest(
  "processes write one version by its id, and one that is killed adds nothing",
  async (root) => {
    await using registry = await openRegistry(root.join("registry"), { cache: false });
    await using service = served(registry, ["write:*", "read:*"]);
    await Deno.writeTextFile(root.join("workers.py"), PROCESSES);
    const program = "import runpy; runpy.run_path('workers.py', run_name='__main__')";
    const args = [service.location, service.token!, "fork"];
    assertEquals(await runProgram(program, { args, cwd: root.path }), [
      "-9 ['whole.txt'] False",
      "['rank-0.bin', 'rank-1.bin', 'rank-3.bin']",
      "ckpt@1.0.0 True True",
    ]);
    const artifact = await registry.open("ckpt@1.0.0");
    const sizes = artifact.files().map(({ info: { path, size } }) => [path, size]);
    assertEquals(sizes.toSorted(), [
      ["index.json", 2],
      ["rank-0.bin", 9_000_000],
      ["rank-1.bin", 9_000_000],
      ["rank-3.bin", 32],
    ]);
  },
);

const REFUSED = `${IMPORTS}
registry = connect()
files = fsspec.filesystem("holdfast", registry=registry)
writing = fsspec.filesystem("holdfast", registry=registry, draft="1")
new = holdfast.version("a", registry, id="2")
new.pipe("there", b"1")
new.pipe("large", b"x" * 17_000_000)
other = holdfast.version("a", connect(), id="2")
def refused(call):
    try:
        print("returned", call())
    except (OSError, holdfast.HoldfastError) as error:
        print(type(error).__name__, error)
refused(lambda: files.open("a/b", "wb"))
refused(lambda: files.rm("old@1.0.0/data.json"))
refused(lambda: writing.pipe("old@1.0.0/data.json", b""))
refused(lambda: writing.open("a", "wb"))
refused(lambda: writing.pipe("a/../b", b""))
refused(lambda: new.open("there", "xb"))
refused(lambda: new.open("none"))
refused(lambda: new.open("large"))
refused(lambda: other.open("there"))
refused(lambda: new.rm("none"))
refused(lambda: files.commit("a"))
refused(lambda: writing.commit("a"))
refused(lambda: holdfast.version("a@b", registry))
refused(lambda: holdfast.version("a", registry, alias="latest"))
refused(lambda: holdfast.version("a", registry, metadata={"a": object()}))
refused(lambda: holdfast.version("a", sys.argv[3]))
refused(lambda: holdfast.version("a", sys.argv[3] + "/none"))
refused(lambda: holdfast.version("other", registry, id="1").pipe("a", b"1"))
new.commit()
refused(lambda: new.pipe("late", b"1"))
`;

pythonTest("writes by paths are refused with what to do", async (root) => {
  const place = root.join("registry");
  await using registry = await openRegistry(place, { cache: false });
  await registry.save("old", 1);
  await using service = served(registry, ["write:a", "read:*", "write:old"]);
  const lines = await runProgram(REFUSED, { args: [service.location, service.token!, place] });
  const text = lines.join("\n");
  const expected = [
    /^OSError .*read-only here: write in `with fs.transaction`/,
    /^OSError .*read-only here/,
    /^OSError .*versions never change; write to NAME\/PATH/,
    /^OSError .*give a path/,
    /^Invalid .*\.\./,
    /^FileExistsError /,
    /^FileNotFoundError /,
    /^OSError .*larger than 16 MiB/,
    /^OSError .*others wrote it/,
    /^FileNotFoundError /,
    /^Invalid .*no draft/,
    /^NotFound .*nothing was added/,
    /^Invalid .*"a@b"/,
    /^Invalid .*latest/,
    /^Invalid .*metadata/,
    /^Unsupported .*Cannot start a service/, // the clone has none
    /^NotFound /,
    /^Denied /,
    /^Conflict .*committed/,
  ];
  const found = lines.filter((line) => /^(returned|\w+Error|[A-Z]\w+) /.test(line));
  for (const [at, pattern] of expected.entries()) assertMatch(found[at] ?? "", pattern, text);
  assertEquals(found.length, expected.length, text);
});
