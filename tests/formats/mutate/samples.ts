// Small files of each format, to be damaged.
import { IMAGE_DTYPES, toImage } from "../../../formats/images/image.ts";
import { type DType, ELEMENTS, type NDArray } from "../../../formats/arrays/ndarray.ts";
import { createTable } from "../../../formats/tables/create_table.ts";
import { createFormats } from "../../../formats/mod.ts";
import { jpeg } from "../../../formats/jpeg.ts";
import { interlacedPng } from "../bitmaps/interlaced_files.ts";
import { contentBytes } from "../format_files.ts";
import { pyarrowBytes } from "../parquet/files.ts";
import { tiffFile } from "../tiff_files.ts";
import type { AnyImage } from "../image_files.ts";

/** A file. */
export interface Sample {
  /** Its format. */
  id: string;
  /** Its bytes. */
  bytes: Uint8Array;
}

function array<D extends DType>(dtype: D, shape: readonly number[]): NDArray<D> {
  const length = shape.reduce((product, side) => product * side, 1);
  const data = Reflect.construct(ELEMENTS[dtype].array, [length]);
  new Uint8Array(data.buffer).forEach((_, i, bytes) => bytes[i] = i * 37 % 64);
  return { data, shape, dtype };
}

/** One or more of each format. */
export async function sampleFiles(): Promise<Sample[]> {
  const formats = createFormats();
  const samples: Sample[] = [];
  const add = async (id: string, value: unknown) =>
    void samples.push({
      id,
      bytes: await contentBytes(await (await formats.get(id)).encode(value)),
    });
  const gray = toImage(array("uint8", [12, 17]));
  const color = toImage(array("uint8", [12, 17, 3]));
  for (const id of ["png", "tiff"]) await add(id, color);
  for (const image of [gray, color]) {
    samples.push({
      id: "jpeg",
      bytes: await contentBytes(await jpeg({ lossy: true }).encode(image)),
    });
  }
  for (const dtype of IMAGE_DTYPES) {
    const image = toImage(array(dtype, [9, 9, 3])) as AnyImage;
    samples.push({
      id: "tiff",
      bytes: tiffFile([image], { compression: 8, predictor: true, tile: [4, 4] }),
    });
    samples.push({
      id: "tiff",
      bytes: tiffFile([image], { compression: 5, planar: true, littleEndian: false }),
    });
  }
  const colors = Array.from({ length: 768 }, (_, i) => i * 85);
  samples.push({
    id: "tiff",
    bytes: tiffFile([gray], { compression: 32_773, tags: { 262: [3], 320: colors } }),
  });
  for (const depth of [1, 2, 4] as const) {
    const pixels = new Uint8Array(19 * 11).map((_, i) => i % 2 ** depth);
    samples.push({
      id: "png",
      bytes: interlacedPng({
        width: 19,
        height: 11,
        depth,
        samples: pixels,
        filters: [0, 1, 2, 3, 4],
      }),
    });
  }
  for (const dtype of ["float16", "datetime64[ns]", "timedelta64", "int16"] as const) {
    await add("npy", array(dtype, [3, 4]));
  }
  await add("npz", { a: array("datetime64[D]", [4]), b: array("float32", [2, 2]) });
  const entries = ["a.txt", "b/c.txt", "PK\x06\x07xxxxxxxxxxxxxxxx", "d".repeat(200)].map((
    path,
  ) => ({ path, content: new TextEncoder().encode(path.repeat(20)) }));
  for (const id of ["zip", "tar", "tgz"]) await add(id, entries);
  const table = createTable({ "id": "int64", text: "string?" }, [{ id: 1n, text: "a" }, {
    id: -2n,
    text: null,
  }]);
  await add("parquet", table);
  for (const name of ["snappy", "gzip", "brotli", "lz4", "zstd", "none"] as const) {
    samples.push({ id: "parquet", bytes: pyarrowBytes(name) });
  }
  samples.push({
    id: "csv",
    bytes: new TextEncoder().encode(',name,"a ""b"""\n0,x,1.5\n1,"y\nz",\n'),
  });
  await add("yaml", {
    no: ["yes", "a\tb", "\u2028", 1e21, { deep: [[], {}, "=", "\ud800"] }],
    text: "one\ntwo\n",
  });
  await add("safetensors", {
    tensors: { a: array("float32", [2, 3]), b: array("int8", [4]), c: array("float16", []) },
    metadata: { format: "pt" },
  });
  return samples;
}
