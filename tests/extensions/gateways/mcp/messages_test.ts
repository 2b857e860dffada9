// Messages of the protocol itself: one in a request, with numbers as they were sent.
import { assertEquals, assertMatch } from "@std/assert";
import { createHandler } from "../../../../apps/server.ts";
import { openRegistry } from "../../../../mod.ts";
import { spawnDeno } from "../../../support/run_deno.ts";
import { tempRoot } from "../../../support/temp_root.ts";
import { slowTest } from "../../../support/seeds.ts";
import { mcp } from "../../../../extensions/gateways/mcp/mcp.ts";

type Reply = { id: unknown; error?: { code: number; message: string }; result?: unknown };

const LIST = { jsonrpc: "2.0", method: "tools/list" };
const save = (json: string) =>
  `{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":"save_version",` +
  `"arguments":{"name":"a","json":${json}}}}`;

/** Messages that are refused, with the id, the code and the words of the reply. */
const REFUSED: [message: string, id: unknown, code: number, words: RegExp][] = [
  [
    JSON.stringify([{ ...LIST, id: 1 }, { ...LIST, id: 2 }]),
    null,
    -32600,
    /each message in its own/,
  ],
  [` [${save("1")}]`, null, -32600, /Cannot answer a batch/],
  [save("[12345678901234567890]"), 7, -32602, /12345678901234567890: it would be rounded.*string/s],
  [save('{"a":1e400}'), 7, -32602, /1e400: it would be rounded/],
];

Deno.test("the service refuses batches and numbers that would be rounded", async () => {
  await using registry = await openRegistry("memory:");
  await using handler = createHandler(registry, { gateways: [mcp] });
  const send = async (body: string) => {
    const headers = {
      "content-type": "application/json",
      accept: "application/json, text/event-stream",
    };
    const request = new Request("http://localhost/mcp", { method: "POST", headers, body });
    const answer = await handler(request);
    const text = await answer.text();
    return { status: answer.status, reply: JSON.parse(text.replace(/^.*?data: /s, "")) as Reply };
  };
  for (const [message, id, code, words] of [...REFUSED, ["{", null, -32700, /not JSON/] as const]) {
    const { status, reply } = await send(message);
    assertEquals([status, reply.id, reply.error?.code], [400, id, code], message);
    assertMatch(reply.error!.message, words);
  }
  assertEquals(await Array.fromAsync(registry), []);
  const { status, reply } = await send(save('[1e21,0.1,"1e400"]'));
  assertEquals([status, reply.id], [200, 7]);
  assertEquals(await registry.load("a"), [1e21, 0.1, "1e400"]);
});

slowTest("so does the command, which answers the messages after them", async () => {
  await using root = await tempRoot();
  await using registry = await openRegistry(root.join("registry"));
  const args = ["mcp", "-r", root.join("registry")];
  const permissions = ["--allow-read", "--allow-write", "--allow-env", "--allow-sys"];
  const server = spawnDeno("apps/cli.ts", args, { cwd: root.path, permissions });
  const first = {
    jsonrpc: "2.0",
    id: 0,
    method: "initialize",
    params: {
      protocolVersion: "2025-06-18",
      capabilities: {},
      clientInfo: { name: "tester", version: "1" },
    },
  };
  const messages = [JSON.stringify(first), ...REFUSED.map(([message]) => message), save("[1]")];
  const input = server.stdin.getWriter();
  const sent = input.write(new TextEncoder().encode(messages.map((each) => `${each}\n`).join("")));
  const replies: Reply[] = [];
  let text = "";
  for await (const piece of server.stdout.pipeThrough(new TextDecoderStream())) {
    const lines = (text + piece).split("\n");
    text = lines.pop()!;
    replies.push(
      ...lines.map((line) => JSON.parse(line) as Reply).filter(({ id }) => id !== undefined),
    );
    if (replies.length === messages.length) break;
  }
  await sent;
  await input.close();
  await server.status;
  await server.stderr.cancel();
  for (const [message, id, code, words] of REFUSED) {
    const reply = replies.find(({ error }) => words.test(error?.message ?? ""));
    assertEquals([reply?.id, reply?.error?.code], [id, code], message);
  }
  assertEquals(replies.filter(({ result }) => result !== undefined).length, 2);
  assertEquals(await registry.load("a"), [1]);
});
