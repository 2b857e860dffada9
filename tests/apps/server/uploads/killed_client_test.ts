import { assert, assertEquals } from "@std/assert";
import { createHandler, type Handler, listen } from "../../../../apps/server.ts";
import { createMemoryBackend, openRegistry } from "../../../../mod.ts";
import { openUploads } from "../../../../extensions/transfers/mod.ts";
import { keysOf } from "../../../registry/registries.ts";

/** A service on a port whose answer can be awaited after the client has disconnected. */
async function openOnPort() {
  const backend = createMemoryBackend();
  const registry = await openRegistry(backend);
  const handler = createHandler(registry);
  const answered = Promise.withResolvers<Response>();
  const { close } = handler;
  const waited = Object.assign((...args: Parameters<Handler>) => {
    const answer = handler(...args);
    answered.resolve(answer);
    return answer;
  }, { close, [Symbol.asyncDispose]: close });
  const server = await listen(waited, { port: 0 });
  const { hostname, port } = new URL(server.url);
  return { backend, registry, answer: answered.promise, hostname, port: Number(port), server };
}

/** Sends the beginning of a request, disconnects, and waits for the answer. */
async function sendAndDie(
  service: Awaited<ReturnType<typeof openOnPort>>,
  head: string,
): Promise<void> {
  const { hostname, port, answer } = service;
  const connection = await Deno.connect({ hostname, port });
  const text = `${head}\r\nhost: ${hostname}:${port}\r\ncontent-length: 1000000\r\n\r\n`;
  const writer = connection.writable.getWriter();
  await writer.write(new TextEncoder().encode(text));
  await writer.write(new Uint8Array(400_000));
  connection.close();
  await answer;
}

for (const head of ["POST /upload?name=a HTTP/1.1", "POST /contents HTTP/1.1"]) {
  Deno.test(`a killed client leaves nothing: ${head}`, async () => {
    const service = await openOnPort();
    const before = await keysOf(service.backend);
    await sendAndDie(service, head);
    assertEquals(await keysOf(service.backend), before);
    await service.server.stop({ withinMs: 0 });
  });
}

Deno.test("a killed tus client leaves the bytes that arrived", async () => {
  const service = await openOnPort();
  const uploads = await openUploads(service.registry);
  const { id } = await uploads.begin({ size: 1_000_000 });
  const headers =
    "tus-resumable: 1.0.0\r\nupload-offset: 0\r\ncontent-type: application/offset+octet-stream";
  await sendAndDie(service, `PATCH /uploads/${id} HTTP/1.1\r\n${headers}`);
  const { offset } = await uploads.state(id);
  assert(offset > 0 && offset <= 400_000, `${offset}`);
  await service.server.stop({ withinMs: 0 });
});
