import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import { createHandler } from "../../../../apps/server.ts";
import { openRegistry, type Registry } from "../../../../mod.ts";
import { connect, type Connected, connectTo, tokens } from "./client_of.ts";
import { slowTest } from "../../../support/seeds.ts";
import { mcp } from "../../../../extensions/gateways/mcp/mcp.ts";

async function filled() {
  const registry = await openRegistry("memory:");
  await registry.save("secret:plan", "hidden text");
  await registry.save("team:a", "one", { inputs: ["secret:plan@1.0.0"] });
  await registry.save("secret:made", "two", { inputs: ["team:a@1.0.0"] });
  await registry.setAlias("secret:plan", "hidden-alias", "1.0.0");
  return registry;
}

Deno.test("a token sees no name, size or lineage that it may not read", async () => {
  await using registry = await filled();
  await using it = await connect(registry, { scopes: "read:team:*" });
  const seen: string[] = [];
  const calls: [string, Record<string, unknown>][] = [
    ["find_artifacts", {}],
    ["find_artifacts", { query: "plan" }],
    ["find_artifacts", { prefix: "secret" }],
    ["list_versions", { name: "secret:pla" }],
    ["describe_version", { ref: "team:a", lineage: true }],
    ["read_file", { ref: "team:b" }],
    ["compare_versions", { before: "team:a", after: "team:a" }],
  ];
  for (const [tool, args] of calls) seen.push(JSON.stringify(await it.result(tool, args)));
  seen.push(JSON.stringify(await it.client.listResources()));
  seen.push(JSON.stringify(await it.client.readResource({ uri: "holdfast://team%3Aa@latest" })));
  assertEquals(seen.filter((text) => /secret:(plan|made)|hidden/.test(text)), []);

  const refused: [string, Record<string, unknown>][] = [
    ["list_versions", { name: "secret:plan" }],
    ["describe_version", { ref: "secret:plan" }],
    ["read_file", { ref: "secret:plan@hidden-alias" }],
    ["compare_versions", { before: "team:a", after: "secret:plan" }],
    ["compare_versions", { before: "secret:plan", after: "team:a" }],
  ];
  for (const [tool, args] of refused) {
    const absent = JSON.parse(JSON.stringify(args).replaceAll("plan", "none"));
    const [there, missing] = [await it.call(tool, args), await it.call(tool, absent)].map(String);
    assertMatch(there!, /does not grant/, tool);
    assertEquals(there!.replaceAll("plan", "none"), missing, "it says whether the name exists");
  }
  const uri = "holdfast://secret%3Aplan@latest/text.txt";
  await assertRejects(() => it.client.readResource({ uri }), Error, "does not grant");
});

Deno.test("names, versions and paths are completed, but none that a token may not read", async () => {
  await using registry = await filled();
  await registry.save("team:a", { x: 1 });
  await registry.setAlias("team:a", "best", "1.0.0");
  for (let i = 0; i < 101; i++) await registry.save(`team:b${i}`, i);
  await using all = await connect(registry);
  await using it = await connect(registry, { scopes: "read:team:*" });
  const uri = "holdfast://{name}@{version}/{+path}";
  const complete = async ({ client }: Connected, name: string, value: string, given = {}) => {
    const { completion: { values, hasMore } } = await client.complete({
      ref: { type: "ref/resource", uri },
      argument: { name, value },
      context: { arguments: given },
    });
    return hasMore ? values.length : values;
  };
  const [team, secret] = [{ name: "team:a" }, { name: "secret:plan" }];
  for (const one of [it, all]) {
    assertEquals(await complete(one, "name", "team:"), 100);
    assertEquals(await complete(one, "name", "team:a"), ["team:a"]);
    assertEquals(await complete(one, "version", "", team), ["latest", "best", "2.0.0", "1.0.0"]);
    assertEquals(await complete(one, "version", "b", team), ["best"]);
    assertEquals(await complete(one, "path", "", { ...team, version: "best" }), ["text.txt"]);
    assertEquals(await complete(one, "path", "da", team), ["data.json"]);
    assertEquals(await complete(one, "path", "", { ...team, version: "9" }), []);
    assertEquals(await complete(one, "other", "", {}), []);
  }
  assertEquals(await complete(it, "name", "secret"), []);
  assertEquals(await complete(it, "version", "", secret), []);
  assertEquals(await complete(it, "path", "", secret), []);
  assertEquals(await complete(all, "name", "secret:p"), ["secret:plan"]);
  assertEquals(await complete(all, "version", "h", secret), ["hidden-alias"]);
});

Deno.test("a token that may only read gets no tool that writes", async () => {
  await using registry = await filled();
  await using reader = await connect(registry, { scopes: "read:*" });
  const { tools } = await reader.client.listTools();
  assert(tools.every(({ annotations }) => annotations?.readOnlyHint === true));
  await assertRejects(() => reader.result("save_version", { name: "a", text: "" }));
  await using writer = await connect(registry, { scopes: "read:team:*,write:team:*" });
  assertEquals(
    (await writer.call("save_version", { name: "team:b", text: "" })).ref,
    "team:b@1.0.0",
  );
  const refused: [string, Record<string, unknown>][] = [
    ["save_version", { name: "secret:x", text: "" }],
    ["save_version", { name: "team:c", text: "", inputs: ["secret:plan@1"] }],
    ["set_alias", { name: "secret:plan", alias: "hidden-alias", version: null }],
    ["annotate", { ref: "secret:plan", notes: "x" }],
  ];
  for (const [tool, args] of refused) {
    assertMatch(String(await writer.call(tool, args)), /does not grant/, tool);
  }
  assertEquals(await registry.has("team:c"), false);
  const offered = (await writer.client.listTools()).tools.map(({ name }) => name);
  assertEquals(offered.includes("delete_version"), false);
});

Deno.test("a read-only service offers no tool that writes", async () => {
  await using registry = await filled();
  await using it = await connect(registry, { readOnly: true });
  const { tools } = await it.client.listTools();
  assertEquals(tools.map(({ name }) => name), [
    ...["find_artifacts", "list_versions", "describe_version", "read_file", "compare_versions"],
  ]);
});

const MESSAGE = { jsonrpc: "2.0", id: 1, method: "tools/list", params: {} };

function post(body: BodyInit, headers: Record<string, string> = {}): Request {
  const accept = "application/json, text/event-stream";
  return new Request("http://localhost/mcp", {
    method: "POST",
    body,
    duplex: "half",
    headers: { "content-type": "application/json", accept, ...headers },
  } as RequestInit);
}

Deno.test("/mcp needs a token like every route, and exists only if it is served", async () => {
  await using registry = await filled();
  const body = JSON.stringify(MESSAGE);
  await using handler = createHandler(registry, { gateways: [mcp], tokens });
  assertEquals((await handler(post(body))).status, 401);
  assertEquals((await handler(post(body, { authorization: "Bearer metrics" }))).status, 403);
  assertEquals((await handler(post(body, { origin: "https://evil.example" }))).status, 403);
  const allowed = await handler(post(body, { authorization: "Bearer read:*" }));
  assertEquals(allowed.status, 200);
  await allowed.body?.cancel();
  assertEquals((await handler(new Request("http://localhost/mcp"))).status, 405);
  await using other = createHandler(registry);
  assertEquals((await other(post(body))).status, 404);
});

Deno.test("bodies over the limit are refused, and invalid ones are answered", async () => {
  await using registry = await openRegistry("memory:");
  await using handler = createHandler(registry, {
    gateways: [mcp],
    limits: { maxBodyBytes: 9_000_000 },
  });
  const call = (text: string) => ({
    ...MESSAGE,
    method: "tools/call",
    params: { name: "save_version", arguments: { name: "big", text } },
  });
  const huge = JSON.stringify(call("x".repeat(10_000_000)));
  assertEquals((await handler(post(huge))).status, 413);
  assertEquals(await registry.has("big"), false);
  for (const body of ["", "{", "[]", "null", '"x"', '{"jsonrpc":"2.0"}', "\u0000"]) {
    const { status } = await handler(post(body));
    assert(status >= 400 && status < 500, `${JSON.stringify(body)}: ${status}`);
  }
});

Deno.test("a client that dies while it sends a save leaves nothing", async () => {
  await using registry = await openRegistry("memory:");
  await using handler = createHandler(registry, { gateways: [mcp] });
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      const text = JSON.stringify({ ...MESSAGE, method: "tools/call" }).slice(0, -1);
      controller.enqueue(new TextEncoder().encode(text));
    },
    pull: (controller) => controller.error(new Error("gone")),
  });
  const { status } = await handler(post(body));
  assert(status >= 400);
  assertEquals(await Array.fromAsync(registry.names()), []);
});

slowTest("50 connected clients keep nothing open", async () => {
  await using registry = await filled();
  const handler = createHandler(registry, { gateways: [mcp] });
  const clients = await Promise.all(Array.from({ length: 50 }, () => connectTo(handler)));
  const answers = clients.flatMap((each) => each.answers);
  assertEquals(answers.filter(({ headers }) => headers.has("mcp-session-id")), []);
  const found = await Promise.all(clients.map((each) => each.call("find_artifacts")));
  assertEquals(found.filter(({ items }) => (items as unknown[]).length === 3).length, 50);
  await handler.close(); // ends only when no request is running
});

Deno.test("clients do not see the message of a fault of the service", async () => {
  await using registry = await filled();
  const names = () => {
    throw new Error("postgres://user:password@host");
  };
  const logged: string[] = [];
  const error = (...args: unknown[]) => void logged.push(args.join(" "));
  const logger = { debug() {}, info() {}, warn() {}, error };
  await using it = await connect({ ...registry, names } as unknown as Registry, { logger });
  const { content, isError } = await it.result("find_artifacts");
  assert(isError && !JSON.stringify(content).includes("password"), JSON.stringify(content));
  const failed = await assertRejects(() => it.client.listResources(), Error);
  assert(!failed.message.includes("password"), failed.message);
  assert(logged.some((line) => line.includes("password")));
});
