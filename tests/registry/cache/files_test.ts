import { assert, assertEquals, assertLess } from "@std/assert";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { createMemoryBackend } from "../../../backends/memory.ts";
import type { Artifact } from "../../../core/artifact.ts";
import type { Backend } from "../../../core/backend.ts";
import { bytesStream } from "../../../core/bytes/bytes.ts";
import { sha256 } from "../../../core/bytes/digest.ts";
import type { TransferProgress } from "../../../core/registry.ts";
import { createLocalBackend, localPath, openRegistry } from "../../../mod.ts";
import { knownContext } from "../../../registry/opening/context.ts";
import { tempRoot } from "../../support/temp_root.ts";
import { fileSet } from "../protocol_world.ts";
import { keysOf, noise } from "../registries.ts";
import { rejected } from "../rejected.ts";
import { busy, damaged } from "../scripted_backend.ts";
import type { CachedWorld } from "./cached_world.ts";
import { bytesIn, damage, testCached } from "./cached_world.ts";

const MIB = 1024 * 1024;
/** Sizes below and above those that are handled in memory. */
const SIZES = [70_000, 2 * MIB, 5 * MIB];

async function streamed(artifact: Artifact, path?: string): Promise<Uint8Array> {
  const file = path === undefined ? artifact.files()[0] : artifact.file(path);
  return new Uint8Array(await new Response(file.stream()).arrayBuffer());
}

/** The only entry of the cache that is a file. */
async function onlyFile({ cached }: CachedWorld): Promise<string> {
  const keys = await cached("files/");
  assertEquals(keys.length, 1);
  return keys[0];
}

testCached("files are kept by their digest, whoever saved them", {}, async (world) => {
  const { registry, settle, asked } = world;
  for (const [n, size] of SIZES.entries()) {
    await registry.save(`a${n}`, noise(size), { version: "1" });
    await registry.save(`b${n}`, noise(size), { version: "1" });
    await registry.load(`a${n}`);
    await settle();
    assertEquals(await asked(async () => assertEquals(await registry.load(`b${n}`), noise(size))), [
      "list",
      "get",
    ]);
  }
  for (const key of await world.cached("files/")) {
    const digest = sha256(await (await world.cacheStore.get(key))!.bytes());
    assertEquals(key, `files/${digest.slice(0, 2)}/${digest}`);
  }
});

testCached(
  "a file that is streamed is kept once the whole of it was read and right",
  {},
  async (world) => {
    const { registry, settle, asked } = world;
    for (const [n, size] of SIZES.entries()) {
      await registry.save(`a${n}`, noise(size), { version: "1" });
      const stream = (await registry.open(`a${n}@1`)).files()[0].stream();
      const reader = stream.getReader();
      await reader.read();
      await reader.cancel();
      await settle();
      assertEquals((await world.cached("files/")).length, n, "a reader that stopped early");
      assertEquals(await streamed(await registry.open(`a${n}@1`)), noise(size));
      await settle();
      assertEquals((await world.cached("files/")).length, n + 1);
      assertEquals(
        await asked(async () =>
          assertEquals(await streamed(await registry.open(`a${n}@1`)), noise(size))
        ),
        [],
      );
    }
  },
);

testCached("what the store damages, or breaks off, is never kept", {}, async (world) => {
  const { registry, backend, settle } = world;
  for (const size of SIZES) {
    await registry.save("a", noise(size));
    const key = { verb: "get", key: /^objects/ } as const;
    for (const verify of ["integrity", "none"] as const) {
      const artifact = await registry.open("a", { verify });
      backend.answer(key, damaged, damaged);
      if (verify === "none") {
        assertEquals((await artifact.files()[0].bytes()).length, size);
        assertEquals((await streamed(artifact)).length, size);
      } else {
        await rejected("Corrupt", artifact.files()[0].bytes());
        await rejected("Corrupt", streamed(artifact));
      }
      backend.answer(key, busy);
      await rejected("Unavailable", streamed(artifact));
      backend.answer(key, async (act) => {
        const found = await act() as { body: ReadableStream<Uint8Array> };
        const bytes = new Uint8Array(await new Response(found.body).arrayBuffer());
        return { ...found, body: bytesStream(bytes.subarray(0, bytes.length - 1)) };
      });
      await rejected("Corrupt", streamed(artifact));
    }
    await settle();
    assertEquals(await world.cached("files/"), []);
  }
  assertEquals(world.warnings, []);
});

testCached(
  "a damaged file is fetched again, replaced, and reported; none of it is handed out",
  {},
  async (world) => {
    const { registry, settle, asked, warnings, cacheStore } = world;
    for (const size of SIZES) {
      await registry.save("a", noise(size), { version: `${size}` });
      for (const how of ["flip", "cut"] as const) {
        for (const read of ["bytes", "stream", "range"] as const) {
          const load = async () => {
            const artifact = await registry.open(`a@${size}`);
            const [file] = artifact.files();
            if (read === "bytes") return await file.bytes();
            if (read === "stream") return await streamed(artifact);
            return new Uint8Array(
              await new Response(file.stream({ offset: 0, length: size })).arrayBuffer(),
            );
          };
          await registry.load(`a@${size}`);
          await settle();
          await damage(cacheStore, await onlyFile(world), how);
          assertEquals(await load(), noise(size), `${how} ${read} ${size}`);
          await settle();
          assertEquals(warnings.splice(0).length, 1);
          if (read === "range") assertEquals(await world.cached("files/"), []);
          else assertEquals(await asked(() => registry.load(`a@${size}`)), []);
        }
      }
      await cacheStore.delete((await world.cached("files/"))[0] ?? "none");
    }
  },
);

testCached("with none a cached file is trusted", {}, async (world) => {
  const { registry, settle, cacheStore } = world;
  for (const size of SIZES) {
    await registry.save("a", noise(size), { version: `${size}` });
    await registry.load(`a@${size}`, { verify: "none" });
    await settle();
    const key = await onlyFile(world);
    await damage(cacheStore, key);
    const wrong = await (await cacheStore.get(key))!.bytes();
    assertEquals(await registry.load(`a@${size}`, { verify: "none" }), wrong);
    assertEquals(await streamed(await registry.open(`a@${size}`, { verify: "none" })), wrong);
    assertEquals(await registry.load(`a@${size}`, { verify: "full" }), noise(size));
    await settle();
    await cacheStore.delete(key);
  }
});

testCached(
  "a range comes from a whole file that is cached, and is not cached itself",
  {},
  async (world) => {
    const { registry, settle, asked } = world;
    const content = noise(2 * MIB);
    await registry.save("a", content, { version: "1" });
    const artifact = await registry.open("a@1");
    const read = async (offset: number, length?: number) => {
      const stream = artifact.files()[0].stream({ offset, length });
      assertEquals(
        new Uint8Array(await new Response(stream).arrayBuffer()),
        content.slice(offset, offset + (length ?? Infinity)),
      );
    };
    assertEquals(await asked(() => read(1000, 50)), ["get"]);
    await settle();
    assertEquals(await world.cached("files/"), []);
    await registry.load("a@1");
    await settle();
    const again = await registry.open("a@1");
    const stream = again.files()[0].stream({ offset: 1000, length: 50 });
    assertEquals(
      await asked(async () => {
        assertEquals(
          new Uint8Array(await new Response(stream).arrayBuffer()),
          content.slice(1000, 1050),
        );
      }),
      [],
    );
    for (const range of [[-1, 2], [0.5, 2], [0, -1]]) {
      const [offset, length] = range;
      await rejected("Invalid", again.files()[0].stream({ offset, length }).getReader().read());
    }
    await read(MIB, 3 * MIB);
    await read(3 * MIB, 1);
  },
);

testCached(
  "a compressed file is cached as it is when it is plain; its ranges stay refused",
  {},
  async (world) => {
    const { registry, settle, asked } = world;
    for (const size of SIZES.slice(1)) {
      const content = noise(size).map((byte) => byte & 15);
      await registry.save("a", content, { version: `${size}`, compress: "gzip" });
      await registry.load(`a@${size}`);
      await settle();
      assertEquals(
        await asked(async () => assertEquals(await registry.load(`a@${size}`), content)),
        [],
      );
      assert((await world.cached("files/")).some((key) => key.endsWith(sha256(content))));
      const [file] = (await registry.open(`a@${size}`)).files();
      await rejected("Unsupported", file.stream({ offset: 0, length: 1 }).getReader().read());
    }
  },
);

testCached(
  "many small files are cached one by one, and so is their long list",
  {},
  async (world) => {
    const { registry, settle, asked } = world;
    const files = Object.fromEntries(
      Array.from(
        { length: 1_000 },
        (_, n) => [`folder/${"long".repeat(20)}/${n}`, noise(300, n + 1)],
      ),
    );
    await registry.save("a", files, { version: "1", materializer: fileSet });
    const load = async () => assertEquals(await registry.load("a@1", { as: fileSet }), files);
    const cold = await asked(load);
    assertLess(cold.length, 8);
    await settle();
    assertEquals(await asked(load), []);
    assertEquals((await world.cached("files/")).length, 1_001);
  },
);

testCached("what a caller does to loaded bytes does not reach the cache", {}, async (world) => {
  const { registry, settle } = world;
  for (const size of SIZES) {
    await registry.save("a", noise(size), { version: `${size}` });
    const ref = `a@${size}`;
    for (let time = 0; time < 3; time++) {
      for await (const chunk of (await registry.open(ref)).files()[0].stream()) chunk.fill(0);
      await settle();
      const loaded = await registry.load(ref) as Uint8Array;
      assertEquals(loaded, noise(size));
      loaded.fill(0);
      await settle();
      for (const key of time === 1 ? await world.cached("files/") : []) {
        await world.cacheStore.delete(key);
      }
    }
  }
  assertEquals(world.warnings, []);
});

testCached("download() reads files from the cache", {}, async (world) => {
  const { registry, settle, asked } = world;
  const root = await tempRoot();
  try {
    await mkdir(root.join("from"));
    await writeFile(root.join("from", "one"), noise(100_000));
    await writeFile(root.join("from", "two"), noise(5 * MIB));
    await registry.save("a", localPath(root.join("from")), { version: "1" });
    await registry.download("a@1", { to: root.join("first") });
    await settle();
    assertEquals(await asked(() => registry.download("a@1", { to: root.join("second") })), []);
    assertEquals(new Uint8Array(await readFile(root.join("second", "two"))), noise(5 * MIB));
  } finally {
    await root.remove();
  }
});

testCached("progress counts what comes from the cache", {}, async (world) => {
  const { registry, settle } = world;
  const files = { one: noise(70_000), two: noise(5 * MIB, 2), three: noise(80_000, 3) };
  await registry.save("a", files, { version: "1", materializer: fileSet });
  await (await registry.open("a@1")).file("two").bytes();
  await settle();
  const seen: TransferProgress[] = [];
  await registry.load("a@1", { as: fileSet, onProgress: (progress) => seen.push(progress) });
  const total = 70_000 + 5 * MIB + 80_000;
  assertEquals(seen.at(-1)!.bytes, total);
  for (const { totalBytes } of seen) assertEquals(totalBytes, total);
});

testCached(
  "an entry that vanishes while it is read is read on from the store",
  {},
  async (world) => {
    const { registry, settle, store, cacheStore } = world;
    await registry.save("a", noise(5 * MIB), { version: "1" });
    await registry.load("a@1");
    await settle();
    let asked = 0;
    const breaking: Backend = {
      ...cacheStore,
      async get(key, options) {
        const found = await cacheStore.get(key, options);
        if (found === undefined || !key.startsWith("files/")) return found;
        const bytes = await found.bytes();
        const given = ++asked === 2 ? bytes.subarray(0, MIB + 1) : bytes; // the first time it is checked
        return { info: found.info, body: bytesStream(given), bytes: () => Promise.resolve(given) };
      },
    };
    const other = await openRegistry(store, { system: world.system, cache: { backend: breaking } });
    assertEquals(await streamed(await other.open("a@1")), noise(5 * MIB));
    assertEquals(asked, 2);
    const [file] = (await other.open("a@1")).files();
    asked = 0;
    const range = file.stream({ offset: MIB, length: 3 * MIB });
    assertEquals(
      new Uint8Array(await new Response(range).arrayBuffer()),
      noise(5 * MIB).subarray(MIB, 4 * MIB),
    );
  },
);

Deno.test("an evicted file that is being read from a folder does no harm", async () => {
  const root = await tempRoot();
  try {
    const cache = createLocalBackend({ path: root.join("cache"), durability: "os" });
    const registry = await openRegistry(createMemoryBackend(), { cache: { backend: cache } });
    await registry.save("a", noise(6 * MIB), { version: "1" });
    await registry.load("a@1");
    await knownContext(registry)!.cache!.close();
    assertLess(6 * MIB, await bytesIn(cache));
    const reader = (await registry.open("a@1")).files()[0].stream().getReader();
    const first = await reader.read();
    for (const key of await keysOf(cache)) await cache.delete(key);
    const chunks = [first.value!];
    for (let next = await reader.read(); !next.done; next = await reader.read()) {
      chunks.push(next.value);
    }
    assertEquals(
      new Uint8Array(await new Blob(chunks as BlobPart[]).arrayBuffer()),
      noise(6 * MIB),
    );
    await registry[Symbol.asyncDispose]();
  } finally {
    await root.remove();
  }
});
