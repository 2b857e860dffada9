// The memory of JSON bodies is limited for all requests of the process together.
import { assert, assertEquals, assertRejects } from "@std/assert";
import {
  type BodyMemory,
  bodyMemoryOfProcess,
  type BodyMemoryOptions,
  createBodyMemory,
} from "../../../../apps/server/guard/body_memory.ts";
import { limitBody } from "../../../../apps/server/guard/body_limit.ts";
import type { RefusedRequest } from "../../../../apps/server/problem.ts";
import { createMemoryBackend, RegistryError } from "../../../../mod.ts";
import { nextTurn } from "../../../../core/work/next_turn.ts";
import { createScriptedSystem } from "../../../support/scripted_system.ts";
import { withHooks } from "../../../registry/with_hooks.ts";
import { openService, type Service } from "../uploads/sending.ts";
import { slowTest } from "../../../support/seeds.ts";
import { hub } from "../../../../extensions/gateways/hub/hub.ts";
import { mcp } from "../../../../extensions/gateways/mcp/mcp.ts";

const MIB = 1024 ** 2;
const LIMITS = { maxBodyBytes: 32 * MIB, maxUploadBytes: Infinity, bodyTimeoutMs: 60_000 };
const never = { sleep: () => new Promise<void>(() => {}) };

/** A body of 1 MiB, which costs 8 MiB and a little. */
const BODY = `{"a":"${"x".repeat(MIB)}"}`;
const COST = 8 * BODY.length + 512;

/** Reads a body through the guard. */
function read(memory: BodyMemory, body: string | ReadableStream<Uint8Array<ArrayBuffer>> = BODY) {
  const held = memory.hold();
  const sent = { method: "POST", body, duplex: "half" } as RequestInit;
  const request = new Request("http://localhost/artifacts/a/versions", sent);
  const limited = limitBody(request, LIMITS, { system: never, held });
  const state = { isRead: false };
  const text = limited.text().finally(() => state.isRead = true);
  text.catch(() => {});
  return { held, text, state };
}

/** Leaves more time than a body needs that does not wait. */
async function manyTurns(): Promise<void> {
  for (let i = 0; i < 100; i++) await nextTurn();
}

async function refusalOf(text: Promise<unknown>): Promise<number> {
  return (await assertRejects(() => text, RegistryError) as RefusedRequest).status;
}

function memoryFor(bodies: number, options: Partial<BodyMemoryOptions> = {}): BodyMemory {
  const parsedBytes = bodies * COST / 3 * 4; // a quarter is for small bodies
  return createBodyMemory({ arrivingBytes: Infinity, parsedBytes, waitMs: 1000, ...options });
}

slowTest("large bodies wait, in order, until those before them are answered", async () => {
  const memory = memoryFor(2, { system: { ...never, monotonic: () => 0 } });
  const bodies = [1, 2, 3, 4].map(() => read(memory));
  await Promise.all(bodies.slice(0, 2).map(({ text }) => text));
  await manyTurns();
  const states = () => bodies.map(({ state }) => state.isRead);
  assertEquals(states(), [true, true, false, false]);
  assertEquals(memory.held, { arriving: 2 * (BODY.length - 65_536), parsed: 2 * COST });
  assertEquals(await read(memory, '{"a":1}').text, '{"a":1}', "a small one does not wait");
  bodies[1]!.held.end();
  assertEquals(await bodies[2]!.text, BODY);
  assertEquals(states(), [true, true, true, false]);
  for (const { held } of bodies) held.end();
  await bodies[3]!.text;
});

Deno.test("a body that waited too long is refused, and leaves room", async () => {
  const late = { slept: [] as (() => void)[] };
  const sleep = () => new Promise<void>((resolve) => void late.slept.push(resolve));
  const memory = memoryFor(1, { system: { sleep, monotonic: () => 0 } });
  const first = read(memory);
  await first.text;
  const second = read(memory);
  await manyTurns();
  late.slept.at(-1)!();
  assertEquals(await refusalOf(second.text), 503);
  second.held.end();
  first.held.end();
  assertEquals(memory.held, { arriving: 0, parsed: 0 });
});

Deno.test("bodies that arrive slowly hold a limited number of bytes together", async () => {
  const memory = memoryFor(10, { arrivingBytes: 3 * MIB });
  const half = () => {
    const chunk = new Uint8Array(MIB);
    return read(memory, new ReadableStream({ start: (c) => c.enqueue(chunk) })); // and no end
  };
  const slow = [half(), half(), half()];
  await manyTurns();
  assertEquals(await refusalOf(read(memory).text), 503);
  assertEquals(await read(memory, '{"a":1}').text, '{"a":1}');
  slow[0]!.held.end();
  assertEquals(await read(memory).text, BODY);
});

Deno.test("in a Worker, a body is refused instead: requests cannot wait for each other", async () => {
  const system = createScriptedSystem();
  const memory = memoryFor(1, { waitMs: undefined, parsedBytes: 2 * COST, system });
  const first = read(memory), second = read(memory);
  assertEquals([await first.text, await second.text], [BODY, BODY]);
  assertEquals(await refusalOf(read(memory).text), 503);
  first.held.end();
  await read(memory).text; // whose request the runtime cuts
  assertEquals(await refusalOf(read(memory).text), 503);
  system.advance(60_000);
  assertEquals(memory.held.parsed, 0);
  await read(memory).text;
  assertEquals(await refusalOf(read(memory, `[${BODY},${BODY},${BODY}]`).text), 413);
});

const MESSAGE = {
  jsonrpc: "2.0",
  id: 1,
  method: "tools/call",
  params: { name: "save_version", arguments: { name: "m", json: { a: "x".repeat(MIB) } } },
};
const HEADERS = {
  "content-type": "application/json",
  accept: "application/json, text/event-stream",
};
const FILE = { path: "a", data: "YQ==".repeat(MIB / 8) };
const MATERIALIZER = { id: "folder", formatVersion: 1 };
const COMMIT = `{"key":"header","value":{"summary":"x"}}\n${
  JSON.stringify({ key: "file", value: { ...FILE, content: FILE.data, encoding: "base64" } })
}`;

/** Requests with each kind of body, whose answers succeed or fail. */
const REQUESTS: Record<string, (service: Service) => Promise<Response>> = {
  save: ({ sendJson }) =>
    sendJson("POST", "/artifacts/a/versions", { files: [FILE], materializer: MATERIALIZER }),
  part: ({ sendJson }) => sendJson("PUT", "/artifacts/b/drafts/d/parts/p", { files: [FILE] }),
  commit: ({ send }) =>
    send("POST", "/api/models/c/commit/main", {
      body: COMMIT,
      headers: { "content-type": "application/x-ndjson" },
    }),
  mcp: ({ send }) => send("POST", "/mcp", { body: JSON.stringify(MESSAGE), headers: HEADERS }),
  "wrong member": ({ sendJson }) => sendJson("POST", "/artifacts/a/versions", { files: FILE }),
  "not JSON": ({ send }) =>
    send("POST", "/artifacts/a/versions", { body: BODY.slice(1), headers: HEADERS }),
  "no such name": ({ sendJson }) =>
    sendJson("PATCH", "/artifacts/none/annotations", { notes: "x" }),
};

slowTest("each route holds its body while it answers, and nothing afterwards", async () => {
  const memory = bodyMemoryOfProcess();
  let most = 0;
  const backend = withHooks(createMemoryBackend(), {
    before: () => void (most = Math.max(most, memory.held.parsed)),
  });
  await using service = await openService({ backend, gateways: [hub, mcp] });
  for (const [kind, send] of Object.entries(REQUESTS)) {
    most = 0;
    const answer = await send(service);
    await answer.text();
    assertEquals(memory.held, { arriving: 0, parsed: 0 }, kind);
    if (answer.status < 300) assert(most > 4 * MIB, `${kind}: ${most}`);
  }
  const { body } = await REQUESTS.mcp!(service);
  await body!.cancel();
  assertEquals(memory.held, { arriving: 0, parsed: 0 });
});
