// Refusals of uploads, for clients that send the whole body before they read.
import { assert, assertEquals } from "@std/assert";
import { createToken, openTokenFile } from "../../../../apps/server.ts";
import { createScriptedSystem } from "../../../support/scripted_system.ts";
import { testInRoot } from "../../../support/temp_root.ts";
import { serve, type Served } from "./served.ts";

const CHUNK = new Uint8Array(2 ** 20).fill(0x61);
const CHUNKS = 90; // more than the buffers of both sockets
const encoder = new TextEncoder();

interface Case {
  status: number;
  target: string;
  headers?: readonly string[];
  isChunked?: boolean;
}

/** Sends everything, then reads: as urllib, and proxies that do not read while they send. */
async function sendAll(
  service: Served,
  { target, headers = [], isChunked = false }: Case,
): Promise<string> {
  using connection = await service.connect();
  const length = isChunked
    ? "Transfer-Encoding: chunked"
    : `Content-Length: ${CHUNKS * CHUNK.length}`;
  const head = [`${target} HTTP/1.1`, "Host: localhost", length, ...headers, "", ""];
  await writeAll(connection, encoder.encode(head.join("\r\n")));
  for (let i = 0; i < CHUNKS; i++) {
    if (isChunked) await writeAll(connection, encoder.encode("100000\r\n"));
    await writeAll(connection, CHUNK);
    if (isChunked) await writeAll(connection, encoder.encode("\r\n"));
  }
  if (isChunked) await writeAll(connection, encoder.encode("0\r\n\r\n"));
  return await new Response(connection.readable).text(); // until the service closes
}

async function writeAll(connection: Deno.Conn, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length;) at += await connection.write(bytes.subarray(at));
}

testInRoot("a refusal reaches a client that sends its whole body first", async (root) => {
  const path = root.join("tokens.json");
  const { token } = await createToken(path, { scopes: ["write:a"] });
  const auth = `Authorization: Bearer ${token}`;
  const tus = [auth, "Tus-Resumable: 1.0.0", "Content-Type: application/offset+octet-stream"];
  const cases: Case[] = [
    { status: 413, target: "POST /contents" },
    { status: 401, target: "POST /contents", isChunked: true },
    { status: 401, target: "POST /artifacts/a/versions", isChunked: true },
    { status: 403, target: "POST /upload?name=b", headers: [auth], isChunked: true },
    { status: 413, target: "POST /contents", headers: [auth] },
    { status: 413, target: "POST /contents", headers: [auth], isChunked: true },
    { status: 413, target: "POST /upload?name=a", headers: [auth], isChunked: true },
    { status: 413, target: "POST /artifacts/a/versions", headers: [auth] },
    {
      status: 413,
      target: "PUT /artifacts/a/aliases/x",
      headers: [auth, "Content-Type: application/json"],
      isChunked: true,
    },
    { status: 415, target: "POST /contents", headers: [auth, "Content-Encoding: gzip"] },
    {
      status: 422,
      target: "POST /uploads",
      headers: [...tus, "Upload-Defer-Length: 1"],
      isChunked: true,
    },
    { status: 412, target: "PATCH /uploads/x", headers: [auth], isChunked: true },
    {
      status: 404,
      target: "PATCH /uploads/x",
      headers: [...tus, "Upload-Offset: 0"],
      isChunked: true,
    },
    { status: 404, target: "POST /nothing", headers: [auth], isChunked: true },
    { status: 405, target: "PUT /names", headers: [auth], isChunked: true },
    { status: 400, target: "POST /contents", headers: [auth, "Host: evil.example"] },
    { status: 400, target: "POST /upload?x=%", headers: [auth], isChunked: true },
  ];
  const tokens = await openTokenFile(path);
  await using service = await serve({
    hasTokens: true,
    handler: { tokens, limits: { maxUploadBytes: 2 ** 21 } },
  });
  for (const each of cases) {
    const what = JSON.stringify({ ...each, headers: undefined });
    const answer = await sendAll(service, each).catch((error) => `${error}`);
    assertEquals(Number(answer.slice(9, 12)), each.status, `${what}: ${answer}`);
    assert(/^connection: close\r$/im.test(answer), `${what}: ${answer}`);
  }
});

Deno.test("a connection ends although its refused body does not", async () => {
  const system = createScriptedSystem();
  await using service = await serve({ system });
  using connection = await service.connect();
  const head = "POST /nothing HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000000\r\n\r\n";
  await writeAll(connection, encoder.encode(head)); // and never the body
  const answer = await new Response(connection.readable).text();
  assertEquals(answer.slice(9, 12), "404");
  assertEquals(system.slept, [10_000]);
});
