// Files in windows of any size: the same bytes, or an error that names the option.
import { assertEquals } from "@std/assert";
import { Buffer } from "node:buffer";
import { createMemoryBackend, openRegistry } from "../../../../mod.ts";
import { fileSet } from "../../protocol_world.ts";
import { noise } from "../../registries.ts";
import { rejected } from "../../rejected.ts";

const LARGE = new TextEncoder().encode(Buffer.from(noise(40_000, 3)).toString("hex"));

Deno.test("small windows have the same bytes, of each kind of file, also from the cache", async () => {
  const registry = await openRegistry(createMemoryBackend(), {
    cache: { backend: createMemoryBackend() },
  });
  await registry.save("inline", { a: LARGE.slice(0, 700) }, { as: fileSet });
  await registry.save("plain", { a: LARGE }, { as: fileSet });
  for (const compress of ["gzip", "zstd"] as const) {
    await registry.save(compress, { a: LARGE }, { as: fileSet, compress });
  }
  for (const isCached of [false, true]) {
    for (const name of ["inline", "plain", "gzip", "zstd"]) {
      const file = (await registry.open(name)).file("a");
      const expected = new TextDecoder().decode(LARGE.slice(500, 600));
      for (const windowBytes of [1, 31, 63, 64, 1000, Infinity]) {
        const stream = file.stream({ offset: 500, length: 100 }, { windowBytes });
        assertEquals(await new Response(stream).text(), expected, `${name} in ${windowBytes}`);
      }
      if (isCached) continue;
      const whole = await new Response(file.stream(undefined, { windowBytes: 1000 })).bytes();
      assertEquals(whole.length, file.info.size, name);
    }
  }
  await registry[Symbol.asyncDispose]();
});

Deno.test("a size of windows that is not a positive integer is refused", async () => {
  const registry = await openRegistry("memory:");
  await registry.save("a", { a: LARGE }, { as: fileSet });
  const file = (await registry.open("a")).file("a");
  for (const windowBytes of [0, -1, NaN, 0.5, "64" as unknown as number]) {
    for (const range of [undefined, { offset: 0 }]) {
      const read = async () => await new Response(file.stream(range, { windowBytes })).bytes();
      await rejected("Invalid", read(), /windowBytes is/);
    }
  }
  await registry[Symbol.asyncDispose]();
});
