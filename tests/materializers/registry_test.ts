import { assert, assertEquals, assertInstanceOf } from "@std/assert";
import {
  chmodSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { openRegistry } from "../../mod.ts";
import { bytesStream, readAll } from "../../core/bytes/bytes.ts";
import {
  bytes,
  folder,
  localPath,
  ndarray,
  StoredPath,
  stream,
  text,
} from "../../materializers/mod.ts";
import { tempRoot } from "../support/temp_root.ts";
import { assertExactly } from "./exactly.ts";
import { fails } from "./fake_artifact.ts";

const VALUES: Record<string, unknown> = {
  json: { a: [1, { b: null }], "é": "ü" },
  rich: new Map<unknown, unknown>([[undefined, [NaN, -0, 10n]], ["when", new Date(5)], [
    "set",
    new Set([1]),
  ]]),
  parts: {
    weights: [Float32Array.of(1, 2), Uint8Array.of(3)],
    large: new Float64Array(100_000).fill(1.5),
  },
  text: "\ufeffhello\n",
  surrogate: "\ud800",
  bytes: Uint8Array.of(0, 1, 2),
  large: new Uint8Array(5_000_000).map((_, i) => i % 253),
  buffer: Uint8Array.of(1, 2, 3).buffer,
  floats: Float64Array.of(1, NaN, -0),
  array: { data: BigInt64Array.of(1n, -1n), shape: [1, 2], dtype: "int64" },
  nothing: undefined,
  empty: "",
};

for (const where of ["memory", "disk"]) {
  Deno.test(`every default kind of value comes back exactly from a registry (${where})`, async () => {
    const root = await tempRoot();
    const registry = where === "memory"
      ? await openRegistry("memory:")
      : await openRegistry(root.join("registry"), { durability: "os" });
    try {
      for (const [name, value] of Object.entries(VALUES)) {
        for (const compress of [undefined, "gzip"] as const) {
          const { version } = await registry.save(name, value, { compress });
          assertExactly(await registry.load(`${name}@${version}`), value, name);
        }
      }
      const { type } = new Blob(["x"], { type: "text/plain" }); // Bun adds the charset
      await registry.save("blob", new File(["x"], "a.txt", { type, lastModified: 1 }));
      const file = await registry.load("blob");
      assertInstanceOf(file, File);
      assertEquals([await file.text(), file.name, file.type, file.lastModified], [
        "x",
        "a.txt",
        type,
        1,
      ]);
    } finally {
      await registry[Symbol.asyncDispose]();
      await root.remove();
    }
  });
}

Deno.test("a stream is saved as bytes and can be loaded as either", async () => {
  const registry = await openRegistry("memory:");
  const content = new Uint8Array(3_000_000).map((_, i) => i % 7);
  await registry.save("streamed", bytesStream(content));
  assertEquals(await registry.load("streamed"), content);
  assertEquals(await readAll(await registry.load("streamed", { as: stream() })), content);
});

Deno.test("a single file can be read as text, bytes or an array, whatever saved it", async () => {
  const root = await tempRoot();
  try {
    const registry = await openRegistry("memory:");
    writeFileSync(root.join("note.txt"), "hello");
    await registry.save("note", localPath(root.join("note.txt")));
    const note = await registry.open("note");
    assertEquals(await text().load(note, {}), "hello");
    assertEquals(await bytes().load(note, {}), new TextEncoder().encode("hello"));
    await fails("Corrupt", () => ndarray().load(note, {}));
    await registry.save("weights", Float32Array.of(1, 2));
    assertEquals((await ndarray().load(await registry.open("weights"), {})).shape, [2]);
  } finally {
    await root.remove();
  }
});

Deno.test("a folder goes into a registry and comes out again the same, and unchanged files are stored once", async () => {
  const root = await tempRoot();
  const registry = await openRegistry(root.join("registry"), { durability: "os" });
  try {
    const data = root.join("data");
    mkdirSync(join(data, "sub/empty"), { recursive: true });
    writeFileSync(join(data, "a"), "1");
    writeFileSync(join(data, "sub/large"), new Uint8Array(2_000_000).fill(7));
    writeFileSync(join(data, "sub/run"), "#!/bin/sh\n");
    chmodSync(join(data, "sub/run"), 0o755);
    symlinkSync("sub/run", join(data, "link"));
    symlinkSync("/etc/passwd", join(data, "sub/away"));
    const value = localPath(data);
    const first = await registry.save("data", value);
    assert((await registry.save("data", value, { skipIfUnchanged: true })).skipped);
    writeFileSync(join(data, "a"), "2");
    const second = await registry.save("data", value);
    assert(second.digest !== first.digest);

    const { leftOut } = await registry.download("data@1", { to: root.join("safe") });
    assertEquals(leftOut, [{ path: "sub/away", reason: "outside link", target: "/etc/passwd" }]);
    assertEquals(
      (await registry.download("data@1", { to: root.join("one"), links: "unsafe" })).leftOut,
      [],
    );
    const stored = await registry.load("data", { as: folder() });
    assertInstanceOf(stored, StoredPath);
    await stored.writeTo(root.join("two"), { links: "unsafe" });
    const paths = readdirSync(data, { recursive: true }).map(String).sort();
    for (const copy of ["one", "two"]) {
      assertEquals(readdirSync(root.join(copy), { recursive: true }).map(String).sort(), paths);
      assertEquals(
        readFileSync(root.join(copy, "sub/large")),
        readFileSync(join(data, "sub/large")),
      );
    }
    assertEquals([
      readFileSync(root.join("one/a"), "utf8"),
      readFileSync(root.join("two/a"), "utf8"),
    ], ["1", "2"]);
    const again = await registry.save("copy", localPath(root.join("one")));
    assertEquals(again.digest, first.digest);
    assertEquals((await registry.save("resaved", stored)).digest, second.digest);
    await registry.save("none", localPath(root.join("data/sub/empty")));
    await registry.download("none", { to: root.join("none") });
    assertEquals(readdirSync(root.join("none")), []);
  } finally {
    await registry[Symbol.asyncDispose]();
    await root.remove();
  }
});

Deno.test("a materializer refuses a value before anything is stored", async () => {
  const registry = await openRegistry("memory:");
  const error = await fails("Unsupported", () => registry.save("bad", { a: [() => 1] }));
  assertEquals(error.message, "Cannot save $.a[0]: a function cannot be saved");
  await fails("NotFound", () => registry.save("gone", localPath("/no/such/file")));
  for (const name of ["bad", "gone"]) assertEquals(await registry.has(name), false);
});

Deno.test("names with escapes come back as they are, whatever was read before", async () => {
  const registry = await openRegistry("memory:");
  const names = ["\\", "\n", '"', "\t", "a\\", "\\a", "\u0001"];
  for (const [i, name] of names.entries()) {
    const value = { before: i, [name]: i };
    await registry.save(`name-${i}`, value, { metadata: value });
  }
  for (const [i, name] of names.entries()) {
    assertEquals(await registry.load(`name-${i}`), { before: i, [name]: i });
    assertEquals((await registry.info(`name-${i}`)).metadata, { before: i, [name]: i });
  }
});
