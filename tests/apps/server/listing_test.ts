import { assert, assertEquals } from "@std/assert";
import { openRegistry, type Registry } from "../../../mod.ts";
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
    assert(
      value!.byteLength < 20_000 && count < chunk * 2_000,
      `${count} names for ${chunk} chunks`,
    );
  }
  await reader.cancel();
  assertEquals(ended, true);
});

Deno.test("a listing that fails in its middle is no whole answer", async () => {
  await using registry = await openRegistry("memory:");
  let names = 0;
  const failing: Registry = {
    ...registry,
    async *names() {
      for (let count = 0; count < names; count++) yield await Promise.resolve("a".repeat(100));
      throw new TypeError("the store is gone");
    },
  };
  await using handler = createCheckedHandler(failing);
  const ask = (accept: string) =>
    handler(new Request("http://localhost/names", { headers: { accept } }));
  for (const accept of ["application/json", "application/x-ndjson"]) {
    assertEquals((await ask(accept)).status, 500);
  }
  names = 500;
  const lines = await ask("application/x-ndjson");
  assertEquals(await lines.text().catch((error) => error.message), "the store is gone");
});

Deno.test("lines are for who asks for them", () => {
  for (
    const accept of [
      "application/x-ndjson",
      "text/html, application/ndjson;q=0.5",
      "Application/JSONL",
    ]
  ) {
    assert(wantsLines(accept), accept);
  }
  for (const accept of [undefined, "*/*", "application/json", "x/application/x-ndjson-not"]) {
    assert(!wantsLines(accept), accept);
  }
});
