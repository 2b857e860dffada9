import { assertEquals, assertMatch } from "@std/assert";
import { createHash } from "node:crypto";
import { createHandler } from "../../../../apps/server.ts";
import { createMemoryBackend, openRegistry } from "../../../../mod.ts";
import { keysOf, noise } from "../../../registry/registries.ts";
import { openService, sentBody } from "./sending.ts";

const sha256 = (bytes: Uint8Array, form: "hex" | "base64" = "hex") =>
  createHash("sha256").update(bytes).digest(form);

Deno.test("bytes whose number nobody knows are taken in, with their digest", async () => {
  await using service = await openService();
  for (const content of [noise(300_000), new Uint8Array(), noise(1)]) {
    const answer = await service.send("POST", "/contents", { body: sentBody(content) });
    const { upload, ...rest } = await answer.json();
    assertEquals([answer.status, rest], [201, {
      size: content.byteLength,
      sha256: sha256(content),
    }]);
    assertMatch(upload, /^[0-9a-f-]{36}$/);
  }
  assertEquals((await (await service.send("POST", "/contents")).json()).size, 0);
});

Deno.test("of a body that breaks off, or has another digest than was said, nothing stays", async () => {
  const backend = createMemoryBackend();
  await using service = await openService({ backend });
  const content = noise(300_000);
  const broken = await service.send("POST", "/contents", {
    body: sentBody(content, { breaks: true }),
  });
  assertEquals(broken.status >= 400, true);
  const send = (digest: string) =>
    service.send("POST", "/contents", {
      body: sentBody(content),
      headers: { "content-digest": digest },
    });
  const wrong = await send(`sha-256=:${sha256(noise(3), "base64")}:`);
  assertEquals([wrong.status, (await wrong.json()).code], [400, "Invalid"]);
  assertEquals((await send("sha-256=nothing")).status, 400);
  assertEquals(await keysOf(backend, "uploads/"), []);
  assertEquals((await send(`unixsum=:AA==:, sha-256=:${sha256(content, "base64")}:`)).status, 201);
});

Deno.test("a body that is compressed on its way is refused: what it unpacks to has no bounds", async () => {
  await using service = await openService();
  const answer = await service.send("POST", "/contents", {
    body: "x",
    headers: { "content-encoding": "gzip" },
  });
  assertEquals([answer.status, (await answer.json()).code], [415, "Unsupported"]);
});

Deno.test("a service that is closed waits for what is arriving", async () => {
  await using registry = await openRegistry("memory:");
  const handler = createHandler(registry);
  const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
  const sent = { method: "POST", body: readable, duplex: "half" } as RequestInit;
  const order: string[] = [];
  const answered = handler(new Request("http://localhost/contents", sent)).then(() =>
    order.push("answered")
  );
  const writer = writable.getWriter();
  await writer.write(noise(1000)); // it is being read
  const closed = handler.close().then(() => order.push("closed"));
  await writer.write(noise(1000));
  await writer.close();
  await Promise.all([answered, closed]);
  assertEquals(order, ["answered", "closed"]);
});
