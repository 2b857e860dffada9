// Programs that read `holdfast://` paths through fsspec, with the packages themselves, and the wheel
// as it is installed.
import { assertEquals } from "@std/assert";
import { execFile } from "node:child_process";
import { mkdir } from "node:fs/promises";
import { promisify } from "node:util";
import { buildPython } from "../../dev/python.ts";
import { createHandler } from "../../apps/server.ts";
import { openRegistry } from "../../mod.ts";
import { findPython } from "../support/numpy.ts";
import { tempRoot } from "../support/temp_root.ts";
import { kindsOfShare } from "../support/seeds.ts";
import { python, pythonTest, runProgram } from "./reader.ts";

const hub = await findPython("datasets", undefined, "HOLDFAST_HF_PYTHON");

/** The files of a version, saved by the packages whose formats they are. */
const WRITE = `
import pathlib, sys
import numpy, pandas, safetensors.numpy, zarr
import holdfast

registry = holdfast.connect(sys.argv[1])
folder = pathlib.Path("trips")
frame = pandas.DataFrame({"city": ["Oslo", "Rome"] * 600_000, "km": numpy.random.rand(1_200_000)})
(folder / "year=2025").mkdir(parents=True)
frame.to_parquet(folder / "part.parquet", index=False)
frame.head(10).to_parquet(folder / "year=2025/small.parquet", index=False)
frame.head(3).to_csv(folder / "a.csv", index=False)
safetensors.numpy.save_file({"w": numpy.eye(2)}, folder / "w.safetensors")
registry.save("data:trips", folder, version="1.2.0")
array = zarr.create_array(store="cells.zarr", shape=(100, 100), chunks=(50, 50), dtype="int32")
array[:] = numpy.arange(10_000).reshape(100, 100)
registry.save("cells", pathlib.Path("cells.zarr"))
print((folder / "part.parquet").stat().st_size > 8 * 2**20)
`;

const READ = `
import sys
import dask.dataframe, duckdb, fsspec, numpy, pandas, polars, pyarrow.dataset, zarr
import pyarrow.parquet, safetensors.numpy

options = {"registry": sys.argv[1]}
part = "holdfast://data:trips@^1/part.parquet"
print(len(pandas.read_parquet(part, storage_options=options)))
print(pandas.read_csv("holdfast://data:trips/a.csv", storage_options=options).shape)
with fsspec.open(part, **options) as file:
    print(polars.read_parquet(file, columns=["city"]).shape)

files = fsspec.filesystem("holdfast", **options)
data = pyarrow.dataset.dataset("data:trips@1.2.0/part.parquet", filesystem=files)
print(data.count_rows(filter=pyarrow.dataset.field("city") == "Oslo"))
print(pyarrow.dataset.dataset("data:trips@1.2.0/year=2025", filesystem=files).count_rows())
duckdb.register_filesystem(files)
print(duckdb.sql("select city, count(*) from '" + part + "' group by 1 order by 1").fetchall())
print(duckdb.sql("select count(*) from 'holdfast://data:trips@^1/*/*.parquet'").fetchall())
print(len(dask.dataframe.read_parquet(part, storage_options=options)))
print(int(zarr.open_array("holdfast://cells@1.0.0", storage_options=options)[7, 9]))
print(safetensors.numpy.load(files.cat("data:trips@^1/w.safetensors"))["w"].tolist())

print(sorted(files.find("data:trips@latest")), files.isdir("data:trips@^1/year=2025"))
print(files.glob("data:trips@^1/*.parquet"), files.ls("", detail=False))
print(files.cat_file("data:trips@^1/a.csv", 0, 7), files.ukey("data:trips@^1/a.csv")[:4] != "")
for action in (
    lambda: files.open("data:trips@^1/none"), lambda: files.info("none@1/x"),
    lambda: files.open("data:trips@^1/a.csv", "wb"),
):
    try:
        action()
        raise AssertionError
    except OSError as error:
        print(type(error).__name__, error.errno)
`;

const EXPECTED = [
  ...["1200000", "(3, 2)", "(1200000, 1)", "600000", "10"],
  ...["[('Oslo', 600000), ('Rome', 600000)]", "[(10,)]", "1200000", "709"],
  "[[1.0, 0.0], [0.0, 1.0]]",
  "['data:trips@latest/a.csv', 'data:trips@latest/part.parquet', " +
  "'data:trips@latest/w.safetensors', 'data:trips@latest/year=2025/small.parquet'] True",
  "['data:trips@^1/part.parquet'] ['cells@latest', 'data:trips@latest']",
  "b'city,km' True",
  ...["FileNotFoundError 2", "FileNotFoundError 2", "OSError 30"],
];

const DATASETS = `
import sys
from datasets import load_dataset
options = {"registry": sys.argv[1]}
files = "holdfast://data:trips@1.2.0/year=2025/small.parquet"
print(load_dataset("parquet", data_files=files, storage_options=options)["train"].num_rows)
`;

pythonTest(
  "pandas, polars, DuckDB, PyArrow, Dask and zarr read holdfast:// paths",
  async (root) => {
    await buildPython(root.join("dist"), { hasProgram: false });
    const site = root.join("site");
    const wheel = root.join("dist/holdfast_registry-0.1.0-py3-none-any.whl");
    await promisify(execFile)(python!, ["-m", "zipfile", "--extract", wheel, site]); // pip takes longer
    const env = { PYTHONPATH: site, HOLDFAST_PYTHON_CACHE: root.join("cache") };
    const path = root.join("registry");
    await using registry = await openRegistry(path, { cache: false });
    await using handler = createHandler(registry);
    await using server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen() {} }, handler);
    const url = `http://127.0.0.1:${server.addr.port}`;
    assertEquals(await runProgram(WRITE, { args: [url], cwd: root.path, env }), ["True"]);
    for (const location of kindsOfShare("packages", [path, url])) {
      assertEquals(await runProgram(READ, { args: [location], cwd: root.path, env }), EXPECTED);
    }
    if (hub === undefined) return;
    await using home = await tempRoot();
    await mkdir(home.join("hf"));
    const hubEnv = { ...env, HF_HOME: home.join("hf"), HOME: home.path };
    const { stdout } = await promisify(execFile)(hub, ["-c", DATASETS, path], { env: hubEnv });
    assertEquals(stdout.trim(), "10");
  },
);
