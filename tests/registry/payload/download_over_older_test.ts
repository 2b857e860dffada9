import { assert, assertEquals } from "@std/assert";
import { concatBytes } from "../../../core/bytes/bytes.ts";
import { sha256 } from "../../../core/bytes/digest.ts";
import type { Backend } from "../../../core/backend.ts";
import { createMemoryBackend, openRegistry } from "../../../mod.ts";
import { createBatch } from "../../../workers/mod.ts";
import { readdirSync } from "node:fs";
import { createLocalBackend } from "../../../backends/local.ts";
import { REPOSITORY, runDeno } from "../../support/run_deno.ts";
import { type TempRoot, tempRoot, testInRoot } from "../../support/temp_root.ts";
import { keysOf, noise } from "../registries.ts";
import { rejected } from "../rejected.ts";
import { withHooks } from "../with_hooks.ts";
import { saveInRuns } from "./file_in_runs.ts";

const BASE = noise(6_000_000);
const CHANGES = { runs: 12, changed: 5_000 };

interface World {
  root: TempRoot;
  /** The store, past the counter. */
  store: Backend;
  backend: Backend;
  to: string;
  value: Uint8Array;
  /** Bytes of payload that were read since the last call. */
  fetched(): number;
}

/** Runs a test with two versions of a file, and the first of them in a folder. */
function testOver(sentence: string, body: (world: World) => Promise<void>): void {
  Deno.test(sentence, async () => {
    const root = await tempRoot();
    try {
      const store = createMemoryBackend();
      let bytes = 0;
      const backend = withHooks(store, {});
      backend.get = async (key, options) => {
        options?.signal?.throwIfAborted();
        const object = await store.get(key, options);
        if (object !== undefined && key.startsWith("objects/")) {
          const { byteLength } = await object.bytes();
          bytes += byteLength;
        }
        return object;
      };
      const registry = await openRegistry(store);
      await registry.save("a", BASE);
      const value = await saveInRuns({ registry, backend: store }, "a", CHANGES);
      const to = root.join("a.bin");
      await Deno.writeFile(to, BASE);
      const fetched = () => {
        const sum = bytes;
        bytes = 0;
        return sum;
      };
      await body({ root, store, backend, to, value, fetched });
    } finally {
      await root.remove();
    }
  });
}

async function download({ backend, to }: World, ref = "a"): Promise<void> {
  const registry = await openRegistry(backend);
  await registry.download(ref, { to, overwrite: true });
}

/** Compares by digest: a difference of millions of bytes is not worth showing. */
async function assertFile(path: string, bytes: Uint8Array): Promise<void> {
  assertEquals(sha256(await Deno.readFile(path)), sha256(bytes));
}

const SMALL = 800_000;

testOver("a download over an older version fetches what differs", async (world) => {
  const { to, value, fetched } = world;
  await download(world);
  await assertFile(to, value);
  assert(fetched() < SMALL);
  assertEquals([...Deno.readDirSync(world.root.path)].map(({ name }) => name), ["a.bin"]);
  await download(world);
  assertEquals(fetched(), 0);
});

testOver("a download fetches the whole file if the copy has nothing of it", async (world) => {
  const { to, value, fetched } = world;
  await Deno.writeFile(to, noise(6_000_000, 77));
  await download(world);
  await assertFile(to, value);
  assert(fetched() > value.byteLength);
});

testOver("a copy that is shifted or longer serves, too", async (world) => {
  const { to, value, fetched } = world;
  await Deno.writeFile(to, concatBytes([noise(1_000, 5), BASE, new Uint8Array([1, 2, 3])]));
  await download(world);
  await assertFile(to, value);
  assert(fetched() < SMALL);
});

testOver("the list of chunks is never trusted", async (world) => {
  const { store, to, value, fetched } = world;
  const list = (await keysOf(store, "objects/")).find((key) => key.endsWith("/9"))!;
  const bytes = (await (await store.get(list))!.bytes()).slice();
  const damaged = [
    bytes.with(100, bytes[100]! ^ 1),
    bytes.subarray(0, 400),
    new Uint8Array(bytes.byteLength).fill(255),
    new Uint8Array(0),
    undefined,
  ];
  for (const other of damaged) {
    await Deno.writeFile(to, BASE);
    if (other === undefined) await store.delete(list);
    else await store.put(list, other);
    await download(world);
    await assertFile(to, value);
    assert(fetched() > value.byteLength);
  }
});

testOver("a file that is built from a copy is verified", async ({ store, value }) => {
  const file = (await (await openRegistry(store)).open("a")).files()[0]!;
  for (const [then, passes] of [[BASE, true], [noise(BASE.byteLength, 3), false]] as const) {
    const copy = {
      size: BASE.byteLength,
      async *chunks({ offset, length }: { offset: number; length: number }) {
        const isCut = length === BASE.byteLength; // read through before any of it is taken
        yield await Promise.resolve((isCut ? BASE : then).slice(offset, offset + length));
      },
    };
    const piece = (await file.rebuild!(copy))!;
    const chunks: Uint8Array[] = [];
    const passing = piece.passTo((chunk) => void chunks.push(chunk.slice()));
    if (!passes) await rejected("Corrupt", passing);
    else await passing.then(() => assertEquals(sha256(concatBytes(chunks)), sha256(value)));
  }
});

testOver("a copy that changes meanwhile costs a second read, and no wrong byte", async (world) => {
  const { backend, store, to, value } = world;
  const get = backend.get;
  let size = 10;
  backend.get = async (key, options) => {
    // The list has been read and the copy was cut: its bytes are about to be taken.
    if (key.startsWith("objects/") && !key.endsWith("/9")) await Deno.writeFile(to, noise(size, 3));
    return await get(key, options);
  };
  for (size of [10, BASE.byteLength]) {
    await Deno.writeFile(to, BASE);
    await download(world);
    await assertFile(to, value);
  }
  await store.delete((await keysOf(store, "objects/"))[0]!);
  await Deno.writeFile(to, BASE);
  await rejected("Corrupt", download(world));
});

testOver(
  "a failed or aborted download leaves the older file, and the next one ends it",
  async (world) => {
    const { backend, store, to, value, fetched } = world;
    const get = backend.get;
    for (const fails of ["aborted", "damaged"] as const) {
      await Deno.writeFile(to, BASE);
      const stop = new AbortController();
      backend.get = async (key, options) => {
        if (key.startsWith("objects/") && !key.endsWith("/9")) {
          if (fails === "aborted") stop.abort(new Error("enough"));
          const object = await get(key, options);
          return object && {
            ...object,
            passTo: async (write) => await write(noise(9)),
            bytes: () => Promise.resolve(noise(9)),
          };
        }
        return await get(key, options);
      };
      const registry = await openRegistry(backend);
      const how = { to, overwrite: true, signal: stop.signal };
      await registry.download("a", how).then(
        () => Promise.reject(new Error("it did not fail")),
        (error) =>
          assertEquals(error.code ?? error.message, fails === "aborted" ? "enough" : "Corrupt"),
      );
      await assertFile(to, BASE);
    }
    backend.get = get;
    fetched();
    await download(world);
    await assertFile(to, value);
    assert(fetched() < SMALL);
    assertEquals((await keysOf(store, "objects/")).length, 3);
  },
);

testOver("a cache takes the file that was built", async (world) => {
  const { backend, to, value, root, fetched } = world;
  const cached = () => openRegistry(backend, { cache: { path: root.join("cache") } });
  const registry = await cached();
  await registry.download("a", { to, overwrite: true });
  assert(fetched() < SMALL);
  await registry[Symbol.asyncDispose]();
  assertEquals(await (await cached()).load("a"), value);
  assertEquals(fetched(), 0);
});

testOver("a batch fetches what differs", async (world) => {
  const { backend, to, value, fetched } = world;
  const batch = await createBatch(await openRegistry(backend));
  const [result] = (await batch.downloadMany([{ ref: "a", to, overwrite: true }])).results;
  await batch[Symbol.asyncDispose]();
  assertEquals(result!.ok, true);
  await assertFile(to, value);
  assert(fetched() < SMALL);
});

/** Downloads, and kills itself at a read of payload, or when the file is complete. */
const PROGRAM = `
import process from "node:process";
import { createLocalBackend } from "${REPOSITORY}/backends/local.ts";
import { openRegistry } from "${REPOSITORY}/mod.ts";
const [path, to, at] = process.argv.slice(2);
const inner = createLocalBackend({ path });
const kill = () => process.kill(process.pid, "SIGKILL");
let reads = 0;
const get = (key, options) => {
  if (key.startsWith("objects/") && String(++reads) === at) kill();
  return inner.get(key, options);
};
const registry = await openRegistry({ ...inner, kind: "far", get });
const onProgress = ({ bytes, totalBytes }) => at === "end" && bytes === totalBytes && kill();
await registry.download("a", { to, overwrite: true, onProgress });
`;

testInRoot("a killed download leaves the older file or the new one", async (root) => {
  const program = root.join("program.ts"), path = root.join("registry"), to = root.join("a.bin");
  await Deno.writeTextFile(program, PROGRAM);
  const backend = createLocalBackend({ path, durability: "os" });
  const registry = await openRegistry(backend);
  await registry.save("a", BASE);
  const value = await saveInRuns({ registry, backend }, "a", CHANGES);
  for (const at of ["1", "2", "3", "4", "end"]) {
    await Deno.writeFile(to, BASE);
    await runDeno(program, [path, to, at], { permissions: ["-A", "--no-check"] });
    await assertFile(to, BASE);
    await registry.download("a", { to, overwrite: true });
    await assertFile(to, value);
    const left = readdirSync(root.path).sort();
    assertEquals(left, ["a.bin", "program.ts", "registry"]);
  }
});
