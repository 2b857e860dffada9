// Registries with everything that FORMAT.md describes, for the reader.
import { mkdir, symlink, utimes, writeFile } from "node:fs/promises";
import { localPath } from "../../mod.ts";
import type { Registry } from "../../core/registry.ts";
import { addFormats, formatMaterializer } from "../../materializers/formats.ts";
import { createTable, parquet } from "../../formats/parquet.ts";
import { fileSet } from "../registry/protocol_world.ts";
import { noise } from "../registry/registries.ts";
import type { TempRoot } from "../support/temp_root.ts";

/** Versions whose order the reader must get right. */
export const MANY_VERSIONS = [
  ...["0.0.1", "1.0.0", "1.2.0", "1.2.10", "1.10.0", "10.0.0", "100.2.3", "9007199254740991.0.0"],
  ...["1.0.0-alpha", "1.0.0-alpha.1", "1.0.0-rc.1", "1.0.0-rc.11", "2.0.0-0", "200.0.0--.Z"],
];

const ODD_NAMES = [
  ...["name-12345", "20240517123", "beef100", "run7b100", "été_🦊 100", "con", "CON", "a/b/c"],
  ...["A", "a", "=c3", "x".repeat(200), "2024-05-17", "名前123", "..a", "m:1,2+3"],
];

/** Saves versions of every layout. */
export async function fill(registry: Registry): Promise<void> {
  for (const version of MANY_VERSIONS) await registry.save("many", version, { version });
  await registry.save("many", "built", { version: "3.1.0-rc.1+build.5" });
  for (const version of ["10.0.0", "1.0.0-rc.11"]) await registry.delete(`many@${version}`);
  for (let i = 0; i < 15; i++) await registry.setAlias("many", "moving-123", i % 2 ? "1.2" : "1");
  await registry.setAlias("many", "été_🦊", "1.0.0-rc.1");
  await registry.setAlias("many", "removed", "1.2");
  await registry.deleteAlias("many", "removed");
  for (const [i, name] of ODD_NAMES.entries()) await registry.save(name, { i });

  await registry.save("gone", "x", { version: "1" });
  await registry.delete("gone@1");
  await registry.save("raw", noise(70_000));
  await registry.save("raw", noise(70_000), { metadata: { shared: true }, inputs: ["many@1"] });
  const packed = Array.from({ length: 40 }, (_, i) => [`${i}/a.bin`, noise(9_000 + i, i)] as const);
  for (const compress of [undefined, "gzip", "zstd"] as const) {
    const suffix = compress ?? "plain";
    const files = Object.fromEntries([...packed, ["large", noise(700_000)], ["empty", noise(0)]]);
    await registry.save(`packed-${suffix}`, files, { as: fileSet, compress });
    await registry.save(`inline-${suffix}`, "y".repeat(3_000), { compress });
    await registry.save(`text-${suffix}`, "long text ".repeat(50_000), { compress });
  }
  const one = { ...Object.fromEntries(packed), "0/a.bin": noise(12, 99) };
  await registry.save("packed-plain", one, { as: fileSet });
  await registry.copy("packed-gzip", "copied");
  const long = Array.from(
    { length: 120 },
    (_, i) => [`${"long".repeat(400)} ${i}`, noise(100, i)],
  );
  await registry.save("listed", Object.fromEntries(long), { as: fileSet });
  const draft = await registry.openDraft("drafted", { id: "run 7" });
  await draft.addPart("0/2", [{ path: "a", content: new Blob(["a,b\n"]) }]);
  await draft.addPart("1/2", [{ path: "b", content: new Blob([noise(90_000) as BlobPart]) }]);
  await draft.commit();
}

/** A value of each default materializer, and what the reader makes of it. */
export const VALUES: [name: string, value: unknown, read: unknown][] = [
  ["text", "naïve 🦊\r\n", "naïve 🦊\r\n"],
  ["bytes", Uint8Array.of(0, 255), { bytes: "AP8=" }],
  ["array-buffer", Uint8Array.of(1).buffer, { bytes: "AQ==" }],
  ["blob", new Blob(["x"], { type: "text/plain" }), { bytes: "eA==" }],
  ["json", { a: [1, null, true, "x", 1.5] }, {
    dict: [["a", { list: [1, null, true, "x", { float: "1.5" }] }]],
  }],
  ["numbers", [NaN, -0, Infinity, -Infinity, 2n ** 70n], {
    list: [
      ...[{ float: "nan" }, { float: "-0" }, { float: "inf" }, { float: "-inf" }],
      { int: "1180591620717411303424" },
    ],
  }],
  ["dates", [new Date(Date.UTC(2025, 1, 19, 12)), new Date(NaN)], {
    list: [{ datetime: "2025-02-19T12:00:00+00:00" }, null],
  }],
  ["map", new Map([["a", new Map([[1, undefined]])]]), {
    dict: [["a", { dict: [[1, null]] }]],
  }],
  ["pairs", new Map<unknown, unknown>([[{ x: 1 }, 2]]), {
    list: [{ list: [{ dict: [["x", 1]] }, 2] }],
  }],
  ["like", new Map<unknown, unknown>([[1, "a"], [true, "b"]]), {
    list: [{ list: [1, "a"] }, { list: [true, "b"] }],
  }],
  ["set", new Set([7]), { set: [7] }],
  // deno-lint-ignore no-sparse-arrays
  ["sparse", [1, , 3], { list: [1, null, 3] }],
  ["marked", { $holdfast: "x", at: new Date(0) }, {
    dict: [["$holdfast", "x"], ["at", { datetime: "1970-01-01T00:00:00+00:00" }]],
  }],
  ["bare", Object.assign(Object.create(null), { a: 1 }), { dict: [["a", 1]] }],
  ["parts", { b: Uint8Array.of(1), f: Float32Array.of(1.5) }, {
    dict: [
      ["b", { bytes: "AQ==" }],
      ["f", { array: "float32", shape: [1], items: [1.5] }],
    ],
  }],
  ["typed", Int16Array.of(-1, 2), { array: "int16", shape: [2], items: [-1, 2] }],
  ["ndarray", { data: Uint8Array.of(1, 2, 3, 4), shape: [2, 2], dtype: "uint8" }, {
    array: "uint8",
    shape: [2, 2],
    items: [[1, 2], [3, 4]],
  }],
];

/** Saves {@linkcode VALUES}, and a table, each under its name. */
export async function fillValues(registry: Registry): Promise<void> {
  addFormats(registry.materializers);
  for (const [name, value] of VALUES) await registry.save(name, value);
  const table = createTable({ well: "string", cells: "int64" }, [{ well: "A01", cells: 12n }]);
  await registry.save("table", table, { as: formatMaterializer(parquet()) });
}

/** Saves a folder with links, modes, an empty folder and times. */
export async function saveTree(registry: Registry, root: TempRoot): Promise<void> {
  const folder = root.join("tree");
  await mkdir(`${folder}/sub/empty`, { recursive: true });
  await writeFile(`${folder}/run.sh`, "echo hi", { mode: 0o755 });
  await writeFile(`${folder}/sub/a é#?%.txt`, noise(100_000));
  const links = {
    "sub/up": "../run.sh",
    "sub/here": "a é#?%.txt",
    "sub/root": "..",
    "loop": "loop",
  };
  const outside = { "out": "/etc/passwd", "sub/out": "../../x", "sub/twice": "here/../../.." };
  for (const [path, target] of Object.entries({ ...links, ...outside })) {
    await symlink(target, `${folder}/${path}`);
  }
  const time = new Date("2020-02-29T01:02:03.004Z");
  for (const path of ["run.sh", "sub/empty", "sub"]) await utimes(`${folder}/${path}`, time, time);
  await registry.save("tree", localPath(folder, { preserve: ["times"] }));
}
