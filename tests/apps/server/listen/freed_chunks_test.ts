import { assert, assertEquals } from "@std/assert";
import { createMemoryBackend } from "../../../../backends/memory.ts";
import type { Backend } from "../../../../core/backend.ts";
import { openRegistry } from "../../../../mod.ts";
import { defineRegistry } from "../../../../registry/contract/define_registry.ts";
import { createHandler } from "../../../../apps/server.ts";
import { listen } from "../../../../apps/server/listen/listen.ts";
import { tempRoot } from "../../../support/temp_root.ts";
import { slowTest } from "../../../support/seeds.ts";

const MIB = 1024 * 1024;

function pattern(size: number): Uint8Array<ArrayBuffer> {
  return new Uint8Array(size).map((_, i) => (i * 2654435761) >>> 13);
}

/** A store that remembers what it returned. */
function remembering(read: Uint8Array[]): Backend {
  const backend = createMemoryBackend();
  return {
    ...backend,
    async get(...asked) {
      const object = await backend.get(...asked);
      if (object === undefined) return undefined;
      const bytes = await object.bytes();
      read.push(bytes);
      return { info: object.info, body: object.body, bytes: () => Promise.resolve(bytes) };
    },
  };
}

slowTest(
  "a service frees each chunk of a file once it is sent, and sends the right bytes",
  async () => {
    await using root = await tempRoot();
    for (const cache of [false, { path: root.join("cache") }] as const) {
      const read: Uint8Array[] = [];
      await using registry = await openRegistry(remembering(read), { cache });
      const bytes = pattern(3 * MIB + 5);
      await registry.save("a", bytes);
      const server = await listen(createHandler(registry), { port: 0 });
      try {
        const url = `${server.url}/artifacts/a/versions/1.0.0/files/data.bin`;
        for (let round = 0; round < 3; round++) { // from the store, then from the cache
          read.length = 0;
          const answer = await fetch(url);
          assertEquals(answer.status, 200);
          assertEquals(new Uint8Array(await answer.arrayBuffer()), bytes);
          const freed = read.filter(({ byteLength }) => byteLength === 0);
          if (!cache) assert(freed.length > 3, `${freed.length} of ${read.length}`);
          const range = await fetch(url, { headers: { range: `bytes=100-${2 * MIB + 7}` } });
          assertEquals(new Uint8Array(await range.arrayBuffer()), bytes.slice(100, 2 * MIB + 8));
        }
      } finally {
        await server.stop({ withinMs: 0 });
      }
      assertEquals(await registry.load("a"), bytes);
    }
  },
);

for (const how of ["defined", "wrapping another"] as const) {
  Deno.test(`chunks of a registry of your own stay its own: ${how}`, async () => {
    await using inner = await openRegistry("memory:");
    const bytes = pattern(MIB);
    await inner.save("a", bytes);
    const open: typeof inner.open = async (...asked) => {
      const artifact = await inner.open(...asked);
      const file = (path: string) => ({
        ...artifact.file(path),
        stream: () => ReadableStream.from([bytes]),
      });
      return { ...artifact, file, files: () => [file("data.bin")] };
    };
    const { location, id, settings, materializers, names, versions } = inner;
    const parts = { location, id, settings, materializers, names, versions };
    await using defined = defineRegistry({ ...parts, open });
    const registry = how === "defined" ? defined : { ...inner, open };
    const server = await listen(createHandler(registry), { port: 0 });
    try {
      for (let round = 0; round < 2; round++) {
        const answer = await fetch(`${server.url}/artifacts/a/versions/1.0.0/files/data.bin`);
        assertEquals(new Uint8Array(await answer.arrayBuffer()), pattern(MIB));
      }
    } finally {
      await server.stop({ withinMs: 0 });
    }
  });
}

Deno.test("chunks of another handler stay its own", async () => {
  const chunk = pattern(MIB);
  const body = () => ReadableStream.from([chunk, chunk]);
  const handler = Object.assign(() => Promise.resolve(new Response(body())), {
    close: () => Promise.resolve(),
  });
  const server = await listen(handler as unknown as ReturnType<typeof createHandler>, { port: 0 });
  try {
    const bytes = new Uint8Array(await (await fetch(server.url)).arrayBuffer());
    assertEquals(bytes.byteLength, 2 * MIB);
    assertEquals(bytes.subarray(MIB), chunk);
  } finally {
    await server.stop({ withinMs: 0 });
  }
});
