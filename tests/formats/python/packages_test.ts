// Against the real things. `HOLDFAST_PYTHON` names a Python that has these packages; else `python3` is tried.
import { assertEquals } from "@std/assert";
import { createHash } from "node:crypto";
import type { NDArray } from "../../../formats/arrays/ndarray.ts";
import { HOST_BIG_ENDIAN, viewBytes } from "../../../formats/arrays/view_bytes.ts";
import { IMAGE_DTYPES, isImage, toArray } from "../../../formats/images/image.ts";
import type { Table } from "../../../formats/tables/table.ts";
import { createTable } from "../../../formats/tables/create_table.ts";
import type { ArchiveEntry } from "../../../formats/archive.ts";
import { createFormats } from "../../../formats/mod.ts";
import { findPython, runPython } from "../../support/numpy.ts";
import { tempRoot } from "../../support/temp_root.ts";
import { interlacedPng } from "../bitmaps/interlaced_files.ts";
import { contentBytes, fileOf } from "../format_files.ts";
import { DESCRIBE, PRODUCE } from "./programs.ts";

const python = await findPython("PIL, imagecodecs, pandas, pyarrow, ruamel.yaml, tifffile, yaml");
const ignore = python === undefined || HOST_BIG_ENDIAN;
const why = ignore
  ? " (ignored: neither HOLDFAST_PYTHON nor python3 has Pillow, tifffile, pandas and the others)"
  : "";
const formats = createFormats();

/** Returns the description of a value as the programs print it. */
async function told(value: unknown): Promise<unknown> {
  if (isImage(value)) return await told(toArray(value));
  if (Array.isArray(value) && typeof value[0]?.stream === "function") {
    const entries = value as ArchiveEntry[];
    const texts = entries.map(async (
      { path, bytes },
    ) => [path, new TextDecoder().decode(await bytes())]);
    return Object.fromEntries(await Promise.all(texts));
  }
  const { dtype, shape, data, rows } = value as Partial<NDArray & Table>;
  if (rows !== undefined) {
    const found = await Array.fromAsync((value as Table).rows());
    return JSON.parse(
      JSON.stringify(found, (_, cell) => typeof cell === "bigint" ? Number(cell) : cell),
    );
  }
  if (dtype !== undefined) {
    return [dtype, shape, createHash("sha256").update(viewBytes(data!)).digest("hex")];
  }
  const isArrays = Object.values(value as object).every((member) => member?.dtype !== undefined);
  if (!isArrays) return value;
  const arrays = Object.entries(value as object).map(async (
    [name, array],
  ) => [name, await told(array)]);
  return Object.fromEntries(await Promise.all(arrays));
}

async function read(name: string, bytes: Uint8Array): Promise<unknown> {
  const value = await (await formats.forPath(name))!.decode(fileOf(bytes, name));
  return await told(value);
}

/** Files to write, by name. */
function values(): Record<string, unknown> {
  const made: Record<string, unknown> = {};
  for (const dtype of IMAGE_DTYPES) {
    const isBig = dtype.endsWith("64") && dtype !== "float64";
    for (const channels of [1, 3]) {
      const Data = {
        uint8: Uint8Array,
        uint16: Uint16Array,
        uint32: Uint32Array,
        uint64: BigUint64Array,
      }[dtype as "uint8"] ??
        {
          int8: Int8Array,
          int16: Int16Array,
          int32: Int32Array,
          int64: BigInt64Array,
        }[dtype as "int8"] ??
        { float32: Float32Array, float64: Float64Array }[dtype as "float32"];
      const numbers = Array.from(
        { length: 90_000 * channels },
        (_, i) => isBig ? BigInt(i) ** 3n : (i * 7919) % 1e6 / 8,
      );
      const data = Reflect.construct(Data, [numbers]);
      made[`${dtype}-${channels}.tif`] = { data, width: 300, height: 300, channels, dtype };
    }
  }
  for (
    const [channels, dtype] of [[1, "uint8"], [3, "uint8"], [4, "uint8"], [1, "uint16"]] as const
  ) {
    const data = (dtype === "uint8" ? new Uint8Array(12 * channels) : new Uint16Array(12)).map((
      _,
      i,
    ) => i * 37);
    made[`${channels}-${dtype}.png`] = { data, width: 4, height: 3, channels, dtype };
  }
  const times = BigInt64Array.of(0n, -1n, -(2n ** 63n), 1_767_225_600_123_456_789n);
  for (const dtype of ["datetime64[ns]", "timedelta64[s]", "datetime64"]) {
    made[`${dtype}.npy`] = { data: times, shape: [2, 2], dtype };
  }
  made["half.npy"] = { data: Float16Array.of(1.5, -0, 65_504), shape: [3], dtype: "float16" };
  made["arrays.npz"] = { times: { data: times, shape: [4], dtype: "datetime64[D]" } };
  made["table.csv"] = createTable({ name: "string", note: "string" }, [{
    name: 'a "b"',
    note: "c,\nd",
  }]);
  made["table.parquet"] = createTable({ id: "int64", score: "number?" }, [{ id: 1n, score: 0.5 }, {
    id: 2n,
    score: null,
  }]);
  made["document.yaml"] = {
    texts: [
      "no",
      "12:30:45",
      "0b11",
      "<<",
      "=",
      "a\tb",
      "\u0085",
      "\u2028x",
      "\ufeff",
      "\x7f",
      "\uffff",
      "😀",
    ],
    block: "one\n\ttwo\n",
    numbers: [1e21, 1e-7, 1.5e300, 0.1],
  };
  made["archive.zip"] = [{ path: "a/b.txt", content: new TextEncoder().encode("text") }];
  made["archive.tgz"] = [{ path: "a/b.txt", content: new TextEncoder().encode("text") }];
  return made;
}

Deno.test({
  name:
    `what is written is read by Pillow, tifffile, NumPy, pandas, PyYAML, ruamel and zipfile as what it was${why}`,
  ignore,
  async fn() {
    const root = await tempRoot();
    try {
      const expected: Record<string, unknown> = {};
      for (const [name, value] of Object.entries(values())) {
        const bytes = await contentBytes(await (await formats.forPath(name))!.encode(value));
        await Deno.writeFile(root.join(name), bytes);
        expected[name] = await read(name, bytes);
      }
      for (const depth of [1, 2, 4] as const) {
        const samples = new Uint8Array(17 * 13).map((_, i) => i % 2 ** depth);
        const palette = new Uint8Array(3 * 2 ** depth).map((_, i) => i * 5);
        const bytes = interlacedPng({
          width: 17,
          height: 13,
          depth,
          samples,
          palette,
          filters: [0, 1, 2, 3, 4],
        });
        await Deno.writeFile(root.join(`${depth}.png`), bytes);
        expected[`${depth}.png`] = await read(`${depth}.png`, bytes);
      }
      assertEquals(JSON.parse(await runPython(python!, DESCRIBE, [root.path])), expected);
    } finally {
      await root.remove();
    }
  },
});

Deno.test({
  name: `what these packages write is read as what they say it is${why}`,
  ignore,
  async fn() {
    const root = await tempRoot();
    try {
      const expected = JSON.parse(await runPython(python!, PRODUCE, [root.path]));
      const found: Record<string, unknown> = {};
      for (const name of Object.keys(expected)) {
        found[name] = await read(name, await Deno.readFile(root.join(name)));
      }
      assertEquals(found, expected);
    } finally {
      await root.remove();
    }
  },
});
