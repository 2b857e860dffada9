// A server that is measured: a handler that answers each path with the same bytes as the service,
// which is the floor, or the service over a registry. Prints its port, then at each line that it is
// told the processor time that it took, milliseconds. Arguments: `bare` or `service`, `deno` or
// `node` for the listener, a folder with a registry, and a file with the answers of `bare` as JSON.
import { createReadStream, readFileSync, statSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import process from "node:process";
import { createInterface } from "node:readline";
import { createHandler, listen } from "../../../apps/server.ts";
import { openRegistry } from "../../../mod.ts";

/** Answers by path: bytes in base64, or the path of a file. */
export type BareAnswers = Record<string, { base64: string } | { file: string }>;

if (import.meta.main) {
  const [what, how, folder = "", answers = ""] = process.argv.slice(2);
  console.log(what === "bare" ? await serveBare(how, answers) : await serveRegistry(how, folder));
  for await (const _ of createInterface({ input: process.stdin })) {
    const { user, system } = process.cpuUsage();
    console.log((user + system) / 1000);
  }
}

function serveOnDeno(handler: (request: Request) => Response | Promise<Response>): number {
  return Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, handler).addr.port;
}

async function serveRegistry(how: string | undefined, folder: string): Promise<number> {
  const handler = createHandler(await openRegistry(folder, { create: false, readOnly: true }));
  if (how === "deno") return serveOnDeno(handler);
  return Number(new URL((await listen(handler, { host: "127.0.0.1", port: 0 })).url).port);
}

async function serveBare(how: string | undefined, answers: string): Promise<number> {
  const headers = { "content-type": "application/octet-stream" };
  const known: BareAnswers = JSON.parse(readFileSync(answers, "utf8"));
  const bodies = new Map(
    Object.entries(known).map(([path, given]) => [
      path,
      "file" in given ? given.file : Uint8Array.fromBase64(given.base64),
    ]),
  );
  if (how === "deno") {
    return serveOnDeno(async (request) => {
      const body = bodies.get(request.url.slice(request.url.indexOf("/", 7)))!;
      if (typeof body !== "string") return new Response(body, { headers });
      const file = await Deno.open(body);
      const length = String((await file.stat()).size);
      return new Response(file.readable, { headers: { ...headers, "content-length": length } });
    });
  }
  const server = createServer((request, response) => {
    const body = bodies.get(request.url!)!;
    if (typeof body !== "string") {
      response.writeHead(200, { ...headers, "content-length": body.byteLength }).end(body);
    } else {
      response.writeHead(200, { ...headers, "content-length": statSync(body).size });
      createReadStream(body).pipe(response);
    }
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return (server.address() as AddressInfo).port;
}
