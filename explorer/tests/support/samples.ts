// Real files of every kind that the explorer previews, written by the formats of the library.
import { createMemoryFiles } from "../../../files/memory.ts";
import { contentBytes } from "../../../formats/content/content.ts";
import { createLocalFiles } from "../../../files/local.ts";
import { createImagePyramid } from "../../../files/ome.ts";
import { safetensors } from "../../../formats/safetensors.ts";
import { csv } from "../../../formats/csv.ts";
import { npy, npz, tar, tgz, tiff, zip } from "../../../formats/mod.ts";
import { parquet } from "../../../formats/parquet.ts";
import { png } from "../../../formats/png.ts";
import { createTable } from "../../../formats/tables/create_table.ts";
import { createZarrArray, zarrStore } from "../../../formats/zarr.ts";
import type { Format } from "../../../formats/content/format.ts";

const encoder = new TextEncoder();

export async function bytesOf<V>(format: Format<unknown, V>, value: V): Promise<Uint8Array> {
  return await contentBytes(await format.encode(value));
}

/** A smooth hill, higher in the second version. */
function hill(width: number, height: number, version: number): Float32Array {
  return Float32Array.from({ length: width * height }, (_, i) => {
    const [x, y] = [i % width / width - 0.4, Math.floor(i / width) / height - 0.5];
    return Math.exp(-(x * x + y * y) * 8) * 100 * version + Math.sin(i / 7);
  });
}

const MARKDOWN = `---
license: mit
tags: [vision, cells]
metrics: {accuracy: 0.97}
---
# Model card

[Limits](#limits-of-use) · ![The picture](picture.png)

- [x] trained
- [ ] deployed

A **small** model with _two_ layers, \`0.97\` accuracy and [its scores](scores.csv).

1. Train it
2. Compare it

| split | accuracy |
| ----- | -------- |
| train | 0.99     |
| test  | 0.97     |

## Limits of use

> Do not use it for anything important.

\`\`\`python
print("not run")
\`\`\`
`;

const HOSTILE_MARKDOWN =
  `[run](javascript:alert(1)) [data](data:text/html,<script>alert(1)</script>)
<script>window.attacked = 1</script> <img src=x onerror="window.attacked = 1">

![remote](https://example.invalid/pixel.png) [web](https://example.org/) [up](../../../etc/passwd)
`;

/** A second of a tone of 440 Hz that fades. */
function tone(): Uint8Array {
  const rate = 8000;
  const bytes = new Uint8Array(44 + rate * 2);
  const view = new DataView(bytes.buffer);
  bytes.set(encoder.encode("RIFF....WAVEfmt "));
  view.setUint32(4, bytes.length - 8, true);
  view.setUint32(16, 16, true);
  view.setUint16(20, 1, true);
  view.setUint16(22, 1, true);
  view.setUint32(24, rate, true);
  view.setUint32(28, rate * 2, true);
  view.setUint16(32, 2, true);
  view.setUint16(34, 16, true);
  bytes.set(encoder.encode("data"), 36);
  view.setUint32(40, rate * 2, true);
  for (let i = 0; i < rate; i++) {
    view.setInt16(
      44 + i * 2,
      Math.sin(i / rate * 440 * 2 * Math.PI) * 20_000 * (1 - i / rate),
      true,
    );
  }
  return bytes;
}

/** A notebook whose outputs have every form. */
function notebook(picture: Uint8Array) {
  const code = (source: string, outputs: unknown[]) => ({
    cell_type: "code",
    execution_count: 1,
    source,
    outputs,
  });
  const data = (data: Record<string, unknown>) => ({ output_type: "display_data", data });
  return {
    nbformat: 4,
    metadata: { language_info: { name: "python" } },
    cells: [
      { cell_type: "markdown", source: ["# Training\n", "See [the scores](scores.csv)."] },
      code("import numpy as np\nprint('trained')", [
        { output_type: "stream", name: "stdout", text: ["trained\n"] },
        data({ "image/png": btoa(String.fromCharCode(...picture)), "text/plain": "<Figure>" }),
        data({ "text/html": "<table><tr><td>1</td></tr></table>", "text/plain": "   a\n0  1" }),
        {
          output_type: "error",
          ename: "ValueError",
          evalue: "x",
          traceback: ["\x1b[31mValueError"],
        },
      ]),
    ],
  };
}

const HTML = `<!doctype html><script>window.attacked = 1</script><b onclick="attacked=1">x</b>`;
const SVG = `<svg xmlns="http://www.w3.org/2000/svg" width="10" height="10" ` +
  `onload="window.attacked = 1"><script>window.attacked = 1</script></svg>`;

/** The rows of the tables. The second version has one changed, one removed and one added row. */
export function tableRows(version: number) {
  const rows = Array.from({ length: 300 }, (_, i) => {
    const score = i % 17 === 0 ? null : (i * 37 % 101) / 100;
    return { id: BigInt(i + 1), name: `well ${i % 7}`, score, seen: new Date(1.7e12 + i * 6e7) };
  });
  if (version === 1) return rows;
  rows[3]!.score = 9.5;
  return [...rows.toSpliced(10, 1), { ...rows[0]!, id: 1000n, name: "new" }];
}

/** The files of versions that were written. */
const written = new Map<number, Promise<Map<string, Uint8Array>>>();

/** Returns the files of a version, by path. */
export async function sampleFiles(version: 1 | 2): Promise<Map<string, Uint8Array>> {
  const files = written.get(version) ?? writeSamples(version);
  written.set(version, files);
  return new Map(await files);
}

async function writeSamples(version: 1 | 2): Promise<Map<string, Uint8Array>> {
  const size = [96, 64] as const;
  const heights = hill(...size, version);
  const columns = { id: "int64", name: "string", score: "number?", seen: "date" } as const;
  const table = createTable(columns, tableRows(version));
  const cube = {
    data: Int16Array.from({ length: 6 * 40 * 50 }, (_, i) => i * version % 997),
    shape: [6, 40, 50],
    dtype: "int16" as const,
  };
  const pixels = Uint8Array.from({ length: 96 * 64 * 3 }, (_, i) => {
    const [x, y] = [Math.floor(i / 3) % 96, Math.floor(i / 288)];
    return [x * 2, y * 3, version === 2 && x < 20 && y < 20 ? 255 : 80][i % 3]!;
  });
  const image = { data: pixels, width: 96, height: 64, channels: 3, dtype: "uint8" as const };
  const config = {
    name: "demo",
    layers: version === 1 ? [64, 32] : [64, 48, 32],
    "<b>x</b>": "<img src=x onerror=alert(1)>",
    large: 1,
    nested: { rate: 0.1 * version, tags: ["a", "b"], none: null, ok: version === 1 },
  };
  const entries = [
    { path: "plates/A01.txt", content: encoder.encode("A01\n".repeat(500)) },
    { path: "plates/<b>x</b>.txt", content: encoder.encode("x") },
  ];
  const lines = Array.from({ length: 40 }, (_, i) => `line ${i}`);
  if (version === 2) lines.splice(20, 2, "another line", "and one more", "and the last");
  const picture = await bytesOf(png(), image);
  return new Map([
    ["training.ipynb", encoder.encode(JSON.stringify(notebook(picture)))],
    ["tone.wav", tone()],
    ["paper.pdf", encoder.encode("%PDF-1.4 nothing")],
    [
      "config.json",
      encoder.encode(
        JSON.stringify(config, null, 2).replace('"large": 1', '"large": 12345678901234567890'),
      ),
    ],
    ["events.jsonl", encoder.encode('{"step": 1, "loss": 0.5}\n{"step": 2, "loss": 0.25}\n')],
    ["notes.txt", encoder.encode(lines.join("\n"))],
    ["README.md", encoder.encode(MARKDOWN)],
    ["train.py", encoder.encode('def train(epochs: int = 3) -> str:\n    return "done"\n')],
    ["hostile/links.md", encoder.encode(HOSTILE_MARKDOWN)],
    ["hostile/page.html", encoder.encode(HTML)],
    ["hostile/drawing.svg", encoder.encode(SVG)],
    ["hostile/<b>x</b>.txt", encoder.encode("a name with markup")],
    ["picture.png", picture],
    ["heights.npy", await bytesOf(npy(), { data: heights, shape: [64, 96], dtype: "float32" })],
    ["cube.npy", await bytesOf(npy(), cube)],
    [
      "signal.npy",
      await bytesOf(npy(), {
        data: Float64Array.from({ length: 400 }, (_, i) => Math.sin(i / 20) * version),
        shape: [400],
        dtype: "float64",
      }),
    ],
    [
      "heights.tif",
      await bytesOf(tiff(), {
        data: heights,
        width: 96,
        height: 64,
        channels: 1,
        dtype: "float32",
      }),
    ],
    ["scores.csv", await bytesOf(csv({ columns }), table)],
    ["scores.parquet", await bytesOf(parquet({ compression: "gzip" }), table)],
    ["plates.zip", await bytesOf(zip(), entries)],
    ["plates.tar", await bytesOf(tar(), entries)],
    ["plates.tgz", await bytesOf(tgz(), entries)],
    ["model.safetensors", await bytesOf(safetensors(), modelOf(version))],
    ["arrays.npz", await bytesOf(npz(), { cube })],
    ["weights.bin", Uint8Array.from({ length: 3000 }, (_, i) => (i * 7 * version) % 256)],
    ...await zarrFiles(version),
  ]);
}

/** A model with enough tensors for two pages. */
function modelOf(version: number) {
  const tensors = Array.from({ length: 120 }, (_, i) => {
    const data = Float32Array.from({ length: 12 }, (_, at) => at * version + i);
    return [`blocks.${i}.weight`, { data, shape: [3, 4], dtype: "float32" as const }] as const;
  });
  return { tensors: Object.fromEntries(tensors), metadata: { format: "pt", note: "<b>x</b>" } };
}

/** An array and an image of several levels, as zarr. */
async function zarrFiles(version: number): Promise<[string, Uint8Array][]> {
  const files = createMemoryFiles();
  const store = zarrStore(files);
  const shape = [64, 96];
  const array = await createZarrArray(store, "heights.zarr", {
    shape,
    dtype: "float32",
    chunks: [32, 32],
    dimensionNames: ["y", "x"],
    attributes: { unit: "µm" },
  });
  await array.write({ data: hill(96, 64, version), shape, dtype: "float32" });
  const large = new Uint16Array(2 * 1024 * 1024);
  for (let i = 0; i < large.length; i++) {
    const x = i % 1024, y = (i >> 10) % 1024;
    large[i] = (x ^ y) * version + (i >= 1024 * 1024 ? 500 : 0);
  }
  await createImagePyramid(store, "cells.zarr", {
    image: { data: large, shape: [2, 1024, 1024], dtype: "uint16" },
    axes: [
      { name: "c", type: "channel" },
      ...["y", "x"].map((name) => ({ name, type: "space", unit: "micrometer" })),
    ],
    scale: [1, 0.5, 0.5],
    levels: 3,
    channels: ["DAPI", "GFP"],
  });
  const found: [string, Uint8Array][] = [];
  const walk = async (folder: string) => {
    for await (const { path, kind } of files.list(folder)) {
      if (kind === "folder") await walk(path);
      else found.push([path, await (await files.open(path)).bytes()]);
    }
  };
  await walk("");
  return found;
}

/** Writes files below a folder. */
export async function writeFiles(root: string, files: ReadonlyMap<string, Uint8Array>) {
  await using local = createLocalFiles({ root });
  for (const [path, bytes] of files) {
    await local.write(path, bytes);
  }
}
