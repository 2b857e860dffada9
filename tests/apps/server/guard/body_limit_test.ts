import { assertEquals, assertRejects } from "@std/assert";
import { openRegistry, RegistryError } from "../../../../mod.ts";
import { createHandler } from "../../../../apps/server.ts";
import { limitBody } from "../../../../apps/server/guard/body_limit.ts";
import type { RefusedRequest } from "../../../../apps/server/problem.ts";

const LIMITS = { maxBodyBytes: 10, maxUploadBytes: 20, bodyTimeoutMs: 1000 };
const never = { sleep: () => new Promise<void>(() => {}) };

function sent(path: string, bytes: number, headers: Record<string, string> = {}): Request {
  const body = new ReadableStream<Uint8Array<ArrayBuffer>>({
    start(controller) {
      for (let i = 0; i < bytes; i++) controller.enqueue(new Uint8Array(1));
      controller.close();
    },
  });
  return new Request(`http://localhost${path}`, { method: "POST", body, headers });
}

async function statusOf(run: () => Promise<unknown>): Promise<number> {
  return (await assertRejects(run, RegistryError) as RefusedRequest).status;
}

Deno.test("a body counts as it comes, whatever was announced", async () => {
  const read = async (request: Request) =>
    (await limitBody(request, LIMITS, { system: never }).bytes()).length;
  assertEquals(await read(sent("/batch", 10)), 10);
  assertEquals(await statusOf(() => read(sent("/batch", 11))), 413);
  assertEquals(await read(sent("/contents", 20)), 20);
  assertEquals(await statusOf(() => read(sent("/contents", 21))), 413);
  assertEquals(await statusOf(() => read(sent("/contentsx", 11))), 413);
  assertEquals(await read(sent("/uploads/019a9f5e", 20)), 20);
  for (
    const path of [
      "/uploads/presigned",
      "/uploads/%70resigned",
      "/uploads/presigned/x/commit",
      "/upload/x",
    ]
  ) {
    assertEquals(await statusOf(() => read(sent(path, 11))), 413, `${path}: it is read as a whole`);
  }
});

Deno.test("a body that says that it is too large is refused before it is read, and so is a compressed one", async () => {
  const refused = (request: Request) =>
    statusOf(() => Promise.resolve().then(() => limitBody(request, LIMITS, { system: never })));
  assertEquals(await refused(sent("/batch", 0, { "content-length": "11" })), 413);
  assertEquals(await refused(sent("/batch", 1, { "content-encoding": "gzip" })), 415);
  assertEquals(await refused(sent("/contents", 1, { "content-encoding": "br" })), 415);
});

Deno.test("a body that does not come is not waited for", async () => {
  let cancelled = false;
  const body = new ReadableStream<Uint8Array<ArrayBuffer>>({
    cancel: () => void (cancelled = true),
  });
  const request = new Request("http://localhost/batch", { method: "POST", body });
  const over = { sleep: () => Promise.resolve() };
  assertEquals(await statusOf(() => limitBody(request, LIMITS, { system: over }).bytes()), 408);
  assertEquals(cancelled, true);
});

Deno.test("a body that is too large is said to be so, also where what it is read for is JSON", async () => {
  await using registry = await openRegistry("memory:");
  await using handler = createHandler(registry, { limits: { maxBodyBytes: 10 } });
  const response = await handler(sent("/batch", 11, { "content-type": "application/json" }));
  assertEquals([response.status, (await response.json()).code], [413, "Invalid"]);
});
