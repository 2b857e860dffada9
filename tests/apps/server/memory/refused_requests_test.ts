// A refused request leaves no trace in what the service remembers for all.
import { assert, assertEquals } from "@std/assert";
import { createApp } from "../../../../apps/server/app.ts";
import { createAccess, parseScope } from "../../../../apps/server/access/access.ts";
import type { TokenCheck } from "../../../../apps/server/access/token_file.ts";
import { createServiceMemory } from "../../../../apps/server/memory/service_memory.ts";
import type { ServiceMemory } from "../../../../apps/server/memory/service_memory.ts";
import { WrittenNames } from "../../../../apps/server/memory/written_names.ts";
import { searchBlocks } from "../../../../apps/server/search/search_blocks.ts";
import { SearchIndexReader } from "../../../../apps/server/search/search_index.ts";
import { unavailable } from "../../../../core/errors.ts";
import { realSystem, silentLogger } from "../../../../core/system.ts";
import { openRegistry, saveMany } from "../../../../mod.ts";
import { openQueue } from "../../../../extensions/queues/mod.ts";
import { worstRequests } from "../../../bench/service/worst/requests.ts";
import { fill } from "../../../bench/service/worst/state.ts";
import { rejected } from "../../../registry/rejected.ts";
import { dav } from "../../../../extensions/gateways/dav/dav.ts";
import { hub } from "../../../../extensions/gateways/hub/hub.ts";
import { mcp } from "../../../../extensions/gateways/mcp/mcp.ts";
import { createJobsGateway } from "../../../../extensions/queues/surface/jobs.ts";

const NO_COUNTS = { numbers: {}, running: {}, durations: {}, highest: {} };

/** Uses the text after `Bearer ` as scopes, separated by commas. */
const tokens: TokenCheck = {
  find(authorization) {
    const [, text = ""] = /^Bearer (.+)$/.exec(authorization ?? "") ?? [];
    return Promise.resolve(createAccess(text, text.split(",").map(parseScope)));
  },
};

/** Calls that change nothing, those of the limit of requests, and locks, which are of one token. */
const HARMLESS =
  /^(folders\.get|objects\.uploadsOf|repos\.has|drafts\.isBy|writes\.since|rates\.|trail\.|locks\.)/;

/** Returns the memory of a service, and what is called to change it. */
function recorded(): { memory: ServiceMemory; changes: string[] } {
  const changes: string[] = [];
  const recordedPart = (part: string, methods: object) =>
    new Proxy(methods, {
      get(target, name) {
        const method = Reflect.get(target, name);
        if (typeof method !== "function") return method;
        return (...args: unknown[]) => {
          const call = `${part}.${String(name)}`;
          if (!HARMLESS.test(call)) changes.push(`${call} ${JSON.stringify(args)}`);
          return method.apply(target, args);
        };
      },
    });
  const parts = Object.entries(createServiceMemory(realSystem));
  const memory = parts.map(([part, methods]) => [part, recordedPart(part, methods)]);
  return { memory: Object.fromEntries(memory), changes };
}

/** The requests of each route that are accepted with all rights. */
async function everyRequest(
  use: (at: string, request: (token?: string) => Promise<Response>) => Promise<void>,
  memory: ServiceMemory,
): Promise<void> {
  const scale = 0.0005;
  await using registry = await openRegistry("memory:");
  await fill(registry, scale);
  await using jobs = await openQueue("memory:");
  const parts = { processes: 1, memory, allCounts: () => Promise.resolve(NO_COUNTS) };
  await using app = createApp(registry, {
    tokens,
    gateways: [createJobsGateway(jobs), hub, dav, mcp],
  }, parts);
  for (const [route, all] of Object.entries(worstRequests(scale))) {
    const [first] = typeof all === "string" ? [] : all;
    if (first === undefined || first.before !== undefined) continue; // needs the id of an upload
    const [path, body, given = {}] = first.sent("");
    const method = route.split(" ")[0]!;
    const sent = typeof given === "string" ? { "content-type": given } : given;
    await use(route, (token) => {
      const headers = { ...sent, ...token !== undefined && { authorization: `Bearer ${token}` } };
      const url = `http://127.0.0.1${path.replace("NEW", "new")}`;
      return app(new Request(url, { method, body, headers }));
    });
  }
}

const ELSEWHERE = ["read", "save", "promote", "delete"].map((right) => `${right}:else`).join();

Deno.test("a request that is refused for its rights changes nothing that others get", async () => {
  const { memory, changes } = recorded();
  const refused = { "": 0, [ELSEWHERE]: 0 };
  await everyRequest(async (route, request) => {
    for (const token of Object.keys(refused)) {
      const answer = await request(token === "" ? undefined : token);
      await answer.body?.cancel();
      if (answer.status !== 401 && answer.status !== 403) {
        changes.length = 0;
        continue;
      }
      refused[token]!++;
      assertEquals(changes, [], `${route} with ${JSON.stringify(token)}`);
    }
  }, memory);
  for (const [token, count] of Object.entries(refused)) assert(count > 30, `${token}: ${count}`);
});

Deno.test("a name that no artifact can have, and a save that only checks, are not noted", async () => {
  const { memory, changes } = recorded();
  await using registry = await openRegistry("memory:");
  const parts = { processes: 1, memory, allCounts: () => Promise.resolve(NO_COUNTS) };
  await using app = createApp(registry, { tokens, gateways: [hub] }, parts);
  const json = { "content-type": "application/json" };
  const materializer = { id: "folder", formatVersion: 1 };
  const ask = async (path: string, body: BodyInit, headers: Record<string, string> = json) => {
    const authorization = { authorization: "Bearer admin" };
    const init = { method: "POST", body, headers: { ...headers, ...authorization } };
    const answer = await app(new Request(`http://localhost${path}`, init));
    await answer.body?.cancel();
    return answer.status;
  };
  const save = JSON.stringify({ materializer, files: [] });
  const form = new FormData();
  form.set("name", "x@y");
  form.set("file", new File(["1"], "a.txt"));
  assertEquals(await ask("/artifacts/x%40y/versions", save), 400);
  assertEquals(await ask("/artifacts/m/versions", "{"), 400);
  assertEquals(await ask("/artifacts/m/versions", JSON.stringify({ materializer })), 204);
  assertEquals(await ask("/upload", form, {}), 400);
  const repo = { name: "x@y", files: [{ path: "a", content: "", encoding: "base64" }] };
  assertEquals(await ask("/api/repos/create", JSON.stringify(repo)), 400);
  assertEquals(changes, []);
  assertEquals(await ask("/artifacts/m/versions", save), 201);
  assertEquals(changes, ['writes.note ["m"]']);
  const existing = { name: "m", files: [{ path: "a", content: "", encoding: "base64" }] };
  assertEquals(await ask("/api/repos/create", JSON.stringify(existing)), 409);
  assertEquals(changes.filter((change) => !change.startsWith("writes.")), []);
});

Deno.test("a search leaves out names that it cannot read, and fails without their names", async () => {
  await using registry = await openRegistry("memory:");
  await saveMany(registry, ["a", "b"].map((name) => ({ name, value: 1 })));
  let isAway = false;
  const read = new Proxy(registry, {
    get(target, member) {
      if (member === "aliases" && isAway) {
        throw unavailable("list the aliases of", '"secret"', "no answer", {
          hint: "Try it later.",
        });
      }
      const value = Reflect.get(target, member);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
  const writes = new WrittenNames();
  const { signal: closing } = new AbortController();
  const options = { system: realSystem, logger: silentLogger, closing, writes };
  const index = new SearchIndexReader(read, options);
  const all = { offset: 0, limit: 10, mayRead: () => true };
  const found = async () => {
    const { items } = await searchBlocks(await index.read(), "", all);
    return items.map(({ name }) => name);
  };
  assertEquals(await found(), ["a", "b"]);
  await writes.note("x@y");
  await writes.note("x".repeat(300));
  assertEquals(await found(), ["a", "b"]);
  await writes.note("secret");
  isAway = true;
  const { message, subject, key } = await rejected("Unavailable", index.read());
  assert(!JSON.stringify([message, subject, key]).includes("secret"), message);
});
