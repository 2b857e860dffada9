import { assertEquals } from "@std/assert";
import type { Artifact } from "../../../core/artifact.ts";
import type { Backend, StoredObject } from "../../../core/backend.ts";
import { bytesStream, concatBytes } from "../../../core/bytes/bytes.ts";
import { sha256 } from "../../../core/bytes/digest.ts";
import { openRegistry } from "../../../mod.ts";
import { noise } from "../registries.ts";
import { rowsOfRun } from "../../support/seeds.ts";
import { rejected } from "../rejected.ts";
import { type Answer, busy, damaged } from "../scripted_backend.ts";
import { type CachedWorld, damage, testCached } from "./cached_world.ts";

const MIB = 1024 * 1024;
/** Sizes around those that are handled in memory. */
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

testCached("files are cached by their digest, independent of their writer", async (world) => {
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

testCached("damaged or incomplete files are never cached", async (world) => {
  const { registry, backend, settle } = world;
  for (const size of rowsOfRun(SIZES)) {
    await registry.save("a", noise(size), { share: "none" });
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
        const found = await act() as StoredObject;
        const given = (await found.bytes()).subarray(0, -1);
        return { info: found.info, body: bytesStream(given), bytes: () => Promise.resolve(given) };
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
  async (world) => {
    const { registry, settle, asked, warnings, cacheStore } = world;
    for (const size of rowsOfRun(SIZES)) {
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

testCached(
  "a cached file is read on in the store after a window of another size",
  async (world) => {
    const { registry, cache, settle } = world;
    const content = noise(5 * MIB);
    await registry.save("a", content);
    const change: Record<string, (bytes: Uint8Array) => Uint8Array> = {
      shorter: (bytes) => bytes.slice(0, -1),
      empty: () => new Uint8Array(),
      longer: (bytes) => concatBytes([bytes, noise(3)]),
    };
    for (const [how, changed] of Object.entries(change)) {
      await registry.load("a");
      await settle();
      const right: Answer = (act) => act();
      // The first one verifies the file.
      cache.answer({ verb: "get", key: /^files/ }, right, right, async (act) => {
        const object = await act() as StoredObject;
        return { ...object, body: bytesStream(changed(await object.bytes())) };
      });
      const stream = (await registry.open("a")).files()[0].stream(undefined, { windowBytes: MIB });
      const read = new Uint8Array(await new Response(stream).arrayBuffer());
      assertEquals(sha256(read), sha256(content), how);
      cache.heal();
    }
  },
);

testCached(
  "a range comes from a whole file that is cached, and is not cached itself",
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

testCached("changes to loaded bytes do not reach the cache", async (world) => {
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

testCached("an entry that vanishes while it is read is read on from the store", async (world) => {
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
      // the first time it is checked
      const given = ++asked === 2 ? bytes.subarray(0, MIB + 1) : bytes;
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
});

testCached(
  "a range of a compressed file caches it: the next asks the store for nothing",
  async (world) => {
    const { registry, settle, asked } = world;
    const content = noise(2 * MIB);
    await registry.save("a", content, { version: "1", compress: "gzip" });
    const [file] = (await registry.open("a@1")).files();
    const range = async (offset: number, length: number) => {
      const stream = file.stream({ offset, length });
      assertEquals(
        new Uint8Array(await new Response(stream).arrayBuffer()),
        content.slice(offset, offset + length),
      );
    };
    await range(MIB, 70_000);
    await settle();
    assertEquals(await asked(() => range(MIB + 5, 10)), []);
  },
);
