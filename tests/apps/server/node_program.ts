// A handler behind Node's HTTP server. Prints the answers to a client as JSON.
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { Readable } from "node:stream";
import { createHandler } from "../../../apps/server.ts";
import { openRegistry } from "../../../mod.ts";

export type Answered = [status: number, text: string, etag: string | null];

const registry = await openRegistry("memory:");
await registry.save("text", "0123456789");
const { files: [{ path }] } = await registry.info("text");
const handler = createHandler(registry);

const server = createServer(async (incoming, outgoing) => {
  const { method, url, headers } = incoming;
  const hasBody = method !== "GET" && method !== "HEAD";
  const request = new Request(`http://${headers.host}${url}`, {
    method,
    headers: headers as Record<string, string>,
    ...(hasBody ? { body: Readable.toWeb(incoming) as ReadableStream, duplex: "half" } : {}),
  });
  const response = await handler(request);
  outgoing.writeHead(response.status, Object.fromEntries(response.headers));
  if (response.body === null) outgoing.end();
  else Readable.fromWeb(response.body as Parameters<typeof Readable.fromWeb>[0]).pipe(outgoing);
});
await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

const answered: Answered[] = [];
const file = `${base}/artifacts/text/versions/1.0.0/files/${path}`;
const asked: [url: string, init?: RequestInit][] = [
  [`${base}/names`],
  [file],
  [file],
  [file],
  [file, { headers: { range: "bytes=2-4" } }],
  [file, { method: "HEAD" }],
  [`${base}/contents`, { method: "POST", body: "sent" }],
];
for (const [url, init] of asked) {
  const response = await fetch(url, init);
  answered.push([response.status, await response.text(), response.headers.get("etag")]);
}
console.log(JSON.stringify(answered));
server.close();
server.closeAllConnections();
await handler.close();
await registry[Symbol.asyncDispose]();
