import { assert, assertEquals, assertRejects } from "@std/assert";
import { join } from "@std/path";
import { openRegistry } from "../../../../mod.ts";
import { changeToken, createHandler, createToken, openTokenFile } from "../../../../apps/server.ts";
import { removeToken } from "../../../../apps/server/access/change_tokens.ts";
import { createMemoryQueue } from "../../../../extensions/queues/memory.ts";
import { createScriptedSystem } from "../../../support/scripted_system.ts";
import { tempRoot } from "../../../support/temp_root.ts";
import { readEvents } from "../event_text.ts";
import { slowTest } from "../../../support/seeds.ts";
import { hub } from "../../../../extensions/gateways/hub/hub.ts";
import { createJobsGateway } from "../../../../extensions/queues/surface/jobs.ts";

const DAY_MS = 24 * 3_600_000;

/** Starts a service with a token. The test advances its clock and ends its sleeps. */
async function serve(scopes: string[]) {
  const root = await tempRoot();
  const file = join(root.path, "tokens.json");
  let beat = () => {};
  const scripted = createScriptedSystem();
  const system = {
    ...scripted,
    sleep: (_ms: number, signal?: AbortSignal) =>
      new Promise<void>((resolve, reject) => {
        beat = resolve;
        signal?.addEventListener("abort", () => reject(signal.reason));
      }),
  };
  const { token, stored } = await createToken(file, { scopes, expiresInMs: DAY_MS, system });
  const jobs = createMemoryQueue();
  const registry = await openRegistry("memory:");
  await registry.save("a", new Uint8Array(4_000_000));
  await jobs.add({ id: "j", group: "g", kind: "k", data: { name: "a" } });
  const handler = createHandler(registry, {
    tokens: await openTokenFile(file, { system }),
    system,
    gateways: [createJobsGateway(jobs), hub],
  });
  return {
    registry,
    advance: scripted.advance,
    heartbeat: () => beat(),
    remove: () => removeToken(file, stored.id),
    setScopes: (scopes: string[]) => changeToken(file, stored.id, { scopes }),
    send: (path: string, init: RequestInit = {}) =>
      handler(
        new Request(`http://localhost${path}`, {
          ...init,
          headers: { ...init.headers, authorization: `Bearer ${token}` },
        }),
      ),
    async [Symbol.asyncDispose]() {
      await handler.close();
      await jobs[Symbol.asyncDispose]();
      await registry[Symbol.asyncDispose]();
      await root[Symbol.asyncDispose]();
    },
  };
}

for (const path of ["/artifacts/a/watch", "/jobs/j/events"]) {
  for (const reason of ["is removed", "has expired"]) {
    Deno.test(`${path} ends with its next heartbeat once its token ${reason}`, async () => {
      await using service = await serve(["read:*"]);
      const events = readEvents(await service.send(path));
      await events.until("data: ");
      if (reason === "is removed") await service.remove();
      service.advance(reason === "is removed" ? 1001 : DAY_MS);
      const ended = events.end();
      service.heartbeat();
      assertEquals(await ended, true);
      assertEquals((await service.send(path)).status, 401);
    });
  }
}

Deno.test("events after the removal of the token are not sent", async () => {
  await using service = await serve(["read:*"]);
  const response = await service.send("/artifacts/a/watch?intervalMs=100");
  const events = readEvents(response);
  await events.until("data: ");
  await service.remove();
  service.advance(1001);
  await service.registry.save("a", "secret");
  await assertRejects(() => events.until("2.0.0"), Error, "ended");
});

slowTest("downloads and listings fail after their token is removed", async () => {
  await using service = await serve(["read:*"]);
  const { files: [{ path }] } = await service.registry.info("a");
  for (let n = 0; n < 2000; n++) await service.registry.setAlias("a", `alias-${n}`, "1");
  const lines = { headers: { accept: "application/x-ndjson" } };
  const answers = await Promise.all([
    service.send(`/artifacts/a/versions/1/files/${path}`),
    service.send("/artifacts/a/aliases", lines),
  ]);
  const readers = answers.map(({ body }) => body!.getReader());
  for (const reader of readers) assert((await reader.read()).value!.byteLength > 0);
  await service.remove();
  service.advance(1001);
  for (const reader of readers) {
    await assertRejects(async () => {
      while (!(await reader.read()).done);
    });
  }
});

const saved = { materializer: { id: "x", formatVersion: 1 }, files: [] };

const LINES = [
  { key: "header", value: { summary: "s" } },
  { key: "file", value: { path: "x", content: "aGk=", encoding: "base64" } },
].map((line) => `${JSON.stringify(line)}\n`).join("");

/** Requests that save or read after their body has come. */
const BODIES: [path: string, body: string, type?: string][] = [
  ["/artifacts/b/versions", JSON.stringify(saved)],
  ["/artifacts/a/versions/latest/copy", JSON.stringify({ to: "b" })],
  ["/api/models/b/commit/main", LINES, "application/x-ndjson"],
  ["/api/models/a/commit/main", LINES, "application/x-ndjson"],
  ["/api/models/a/paths-info/main", JSON.stringify({ paths: ["data.bin"] })],
  [
    "/a.git/info/lfs/objects/batch",
    JSON.stringify({ operation: "upload", objects: [{ oid: "0".repeat(64), size: 5 }] }),
    "application/vnd.git-lfs+json",
  ],
];

for (const [path, text, type = "application/json"] of BODIES) {
  Deno.test(`a token is checked again when the body of ${path} has come`, async () => {
    for (const [change, expected] of [["none", 2], ["removed", 4], ["less", 4]] as const) {
      await using service = await serve(["write:*", "read:*"]);
      const body = new ReadableStream<Uint8Array>({
        async pull(controller) { // when the service reads it, after the check of the headers
          if (change === "removed") await service.remove();
          if (change === "less") await service.setScopes(["write:other", "read:other"]);
          service.advance(1001);
          controller.enqueue(new TextEncoder().encode(text));
          controller.close();
        },
      }, { highWaterMark: 0 });
      const init = { method: "POST", body, headers: { "content-type": type }, duplex: "half" };
      const { status } = await service.send(path, init as RequestInit);
      assertEquals(Math.floor(status / 100), expected, `${change}: ${status}`);
      if (change === "none") continue;
      const versions = await Array.fromAsync(service.registry.versions("a"));
      assertEquals([versions.length, await service.registry.has("b")], [1, false], change);
    }
  });
}

Deno.test("an upload whose token is removed saves nothing", async () => {
  await using service = await serve(["write:*"]);
  const body = new ReadableStream<Uint8Array>({
    async pull(controller) {
      controller.enqueue(new Uint8Array(100_000));
      await service.remove();
      service.advance(1001);
      controller.close();
    },
  }, { highWaterMark: 0 });
  const init = { method: "POST", body, duplex: "half" } as RequestInit;
  assertEquals((await service.send("/upload?name=b", init)).status, 401);
  assertEquals(await service.registry.has("b"), false);
});
