import { assertEquals } from "@std/assert";
import { mkdirSync, readdirSync, statSync, symlinkSync, unlinkSync } from "node:fs";
import { writeFileSync } from "node:fs";
import { pathToFileURL } from "node:url";
import { createLocalBackend } from "../../../backends/local.ts";
import { rejected } from "../../registry/rejected.ts";
import { tempRoot, testInRoot } from "../../support/temp_root.ts";
import { keyFile } from "./key_file.ts";
import { LOCKINGS } from "./lockings.ts";

const KEY = "objects/a/p8p9p9/01951e2f-6c00-7abc-8def-0123456789ab/0";
const COPY = "objects/b/p8p9p9/01951e2f-6c00-7abc-8def-0123456789ab/0";

for (const locking of LOCKINGS) {
  Deno.test(`a copy is a hard link and leaves no stage file (${locking})`, async () => {
    const root = await tempRoot();
    try {
      const backend = createLocalBackend({ path: root.path, locking });
      await backend.put(KEY, new Uint8Array(100_000));
      for (let i = 0; i < 2; i++) {
        const { key, size, linked } = await backend.copy!(KEY, COPY);
        assertEquals([key, size, linked], [COPY, 100_000, true]);
      }
      assertEquals(statSync(keyFile(root.path, KEY)).ino, statSync(keyFile(root.path, COPY)).ino);
      assertEquals(readdirSync(root.join(".stage")), []);
    } finally {
      await root.remove();
    }
  });
}

testInRoot("a symbolic link is not copied", async (root) => {
  const backend = createLocalBackend({ path: root.path });
  await backend.put(KEY, new Uint8Array(10));
  const file = keyFile(root.path, KEY);
  unlinkSync(file);
  symlinkSync("/etc/passwd", file);
  await rejected("Denied", backend.copy!(KEY, COPY));
  assertEquals(await backend.head(COPY), undefined);
  assertEquals(readdirSync(root.join(".stage")), []);
});

testInRoot("a file of another folder is copied as a hard link", async (root) => {
  const from = root.join("a b%20#?");
  mkdirSync(from);
  writeFileSync(`${from}/1%.bin`, "bytes", { mode: 0o600 });
  const backend = createLocalBackend({ path: root.join("store") });
  await backend.put(KEY, new Uint8Array(5));
  const other = { location: pathToFileURL(`${from}/`).href, size: 5 };
  const { size, linked } = await backend.copy!("1%.bin", COPY, { other });
  assertEquals([size, linked], [5, true]);
  const [written, taken] = [KEY, COPY].map((key) => statSync(keyFile(root.join("store"), key)));
  assertEquals(taken.mode, written.mode, "others could not read it");
  assertEquals(readdirSync(root.join("store/.stage")), []);
  unlinkSync(`${from}/1%.bin`);
  assertEquals(await (await backend.get(COPY))!.bytes(), new TextEncoder().encode("bytes"));
  await rejected("NotFound", backend.copy!("1%.bin", COPY, { other }));
});
