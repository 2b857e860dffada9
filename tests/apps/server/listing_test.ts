import { assert, assertEquals } from "@std/assert";
import { openRegistry } from "../../../mod.ts";
import type { Registry } from "../../../mod.ts";
import { linesOf, wantsLines } from "../../../apps/server/listing.ts";
import { createCheckedHandler } from "./checked_handler.ts";

Deno.test("lines are read no faster than somebody takes them, and no longer", async () => {
  let count = 0;
  let ended = false;
  async function* endless() {
    try {
      for (;;) yield await Promise.resolve(`name-${count++}`);
    } finally {
      ended = true;
    }
  }
  const reader = linesOf(endless()).getReader();
  assertEquals(count, 0);
  for (let chunk = 1; chunk <= 3; chunk++) {
    const { value } = await reader.read();
    assert(value!.byteLength < 20_000 && count < chunk * 2_000, `${count} names for ${chunk} chunks`);
  }
  await reader.cancel();
  assertEquals(ended, true);
});

Deno.test("a listing that fails in its middle is no whole answer", async () => {
  await using registry = await openRegistry("memory:");
  const failing: Registry = {
    ...registry,
    async *names() {
      yield await Promise.resolve("a");
      throw new TypeError("the store is gone");
    },
  };
  await using handler = createCheckedHandler(failing);
  const ask = (accept: string) => handler(new Request("http://localhost/names", { headers: { accept } }));
  assertEquals((await ask("application/json")).status, 500);
  const lines = await ask("application/x-ndjson");
  assertEquals(await lines.text().catch((error) => error.message), "the store is gone");
});

Deno.test("lines are for who asks for them", () => {
  for (const accept of ["application/x-ndjson", "text/html, application/ndjson;q=0.5", "Application/JSONL"]) {
    assert(wantsLines(accept), accept);
  }
  for (const accept of [undefined, "*/*", "application/json", "x/application/x-ndjson-not"]) {
    assert(!wantsLines(accept), accept);
  }
});
