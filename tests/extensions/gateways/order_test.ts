// Gateways of one service: each request has the same answer in whatever order they are given.
import { assertEquals, assertThrows } from "@std/assert";
import { createApp } from "../../../apps/server/app.ts";
import type { Gateway } from "../../../apps/server/gateways/gateway.ts";
import { route } from "../../../apps/server/describe.ts";
import { openRegistry } from "../../../mod.ts";
import { openAllGateways } from "./all_gateways.ts";

/** Paths that several gateways could take, beside those of all routes. */
const CONTESTED = [
  "/api/2.0/mlflow/experiments/get-by-name?experiment_name=new",
  "/api/2.0/mlflow/none",
  "/api/2.0/mlflow",
  "/api/none",
  "/holdfast/a@1.0.0/resolve/main/f",
  "/holdfast",
  "/dav/a/resolve/main/f",
  "/mcp/none",
  "/none",
];

/** Returns the status of each answer, and the form of its body. */
async function answersOf(gateways: readonly Gateway[]): Promise<Record<string, string>> {
  await using registry = await openRegistry("memory:");
  await registry.save("a", new Uint8Array([1]), { version: "1.0.0" });
  await using app = createApp(registry, { gateways });
  const paths = app.routes.map(({ path }) => path.replace(/:\w+(\{[^}]*\})?/g, "x"));
  const answers: Record<string, string> = {};
  for (const path of [...new Set([...paths, ...CONTESTED])].sort()) {
    for (const method of ["GET", "POST"]) {
      const body = method === "GET" ? undefined : "{}";
      const headers = { "content-type": "application/json" };
      const sent = new Request(`http://127.0.0.1${path}`, { method, body, headers });
      const answer = await app(sent);
      const isEndless = answer.headers.get("content-type") === "text/event-stream";
      if (isEndless) await answer.body?.cancel();
      const text = isEndless ? "" : await answer.text();
      answers[`${method} ${path}`] = `${answer.status} ${formOf(text)}`;
    }
  }
  return answers;
}

/** Returns the members of JSON, or the first element of other text. */
function formOf(text: string): string {
  if (text.startsWith("{")) return Object.keys(JSON.parse(text)).sort().join();
  return /<\w+/.exec(text)?.[0] ?? "";
}

Deno.test("answers do not depend on the order of gateways", async () => {
  await using all = await openAllGateways();
  const expected = await answersOf(all.gateways);
  // Each pair in both orders: no more than two have a say in one request.
  assertEquals(await answersOf(all.gateways.toReversed()), expected);
  assertEquals(expected["GET /api/2.0/mlflow/none"], "404 error_code,message");
  assertEquals(expected["GET /holdfast/a@1.0.0/resolve/main/f"], "404 <Error");
});

Deno.test("two gateways with the same route are refused", async () => {
  await using registry = await openRegistry("memory:");
  const create = (name: string, path: `/${string}`): Gateway => ({
    name,
    addRoutes: (routes) =>
      route(routes, `GET ${path}`, {
        id: name,
        tag: name,
        summary: "Answers",
        scope: "open",
        answers: { 200: { description: "An answer" } },
        answer: ({ c }) => c.json({ name }),
      }),
  });
  const same = [create("one", "/w/:a"), create("two", "/w/:b")];
  assertThrows(
    () => createApp(registry, { gateways: same }),
    Error,
    "Cannot serve two at GET /w/:",
  );
  const gateways = [create("two", "/w/:b/x"), create("one", "/w/special/x")];
  for (const each of [gateways, gateways.toReversed()]) {
    await using app = createApp(registry, { gateways: each });
    const answer = await app(new Request("http://127.0.0.1/w/special/x"));
    assertEquals(await answer.json(), { name: "one" });
  }
});
