// Durations in milliseconds: a timer with one that is not a number fires at once, and a comparison
// with it is never true.
import { assertEquals, assertMatch } from "@std/assert";
import { openHttpRegistry } from "../../apps/client.ts";
import { createHandler, listen, openTokenFile } from "../../apps/server.ts";
import { changeToken, createToken, rotateToken } from "../../apps/server.ts";
import { createGcsBackend } from "../../backends/gcs.ts";
import { openBackend } from "../../backends/mod.ts";
import { createS3Backend } from "../../backends/s3.ts";
import { isRegistryError } from "../../core/errors.ts";
import { createMemoryBackend, openRegistry } from "../../mod.ts";
import {
  createWebhooks,
  openEventBus,
  verifyWebhook,
} from "../../extensions/plugins/events/mod.ts";
import { openJobStorage, openQueue } from "../../extensions/queues/mod.ts";
import { prune } from "../../extensions/maintenance/pruning/mod.ts";
import { changeSettings } from "../../registry/tools/settings.ts";
import { probeBackend } from "../../registry/tools/probe_backend.ts";
import { createMemoryBus } from "../../extensions/plugins/events/memory.ts";
import { createMemoryQueue } from "../../extensions/queues/memory.ts";
import { testInRoot } from "../support/temp_root.ts";

testInRoot(
  "every entry point refuses a duration that is not a number, or is negative",
  async (root) => {
    await using registry = await openRegistry("memory:");
    await using queue = createMemoryQueue();
    await using bus = createMemoryBus();
    await using handler = createHandler(registry);
    const file = root.join("tokens.json");
    const { stored: { id } } = await createToken(file, { scopes: ["admin"] });
    const request = () => new Request("http://localhost/", { method: "POST" });
    const bucket = { bucket: "b", region: "r" };
    const hooks = { bus, queue, targets: [] };
    type Call = (ms: number) => unknown;
    const calls: Record<string, Call> = {
      "openRegistry retryForMs": (ms) => openRegistry("memory:", { retryForMs: ms }),
      "openRegistry graceMs": (ms) => openRegistry(createMemoryBackend(), { graceMs: ms }),
      "openBackend retryForMs": (ms) => openBackend("memory:", { retryForMs: ms }),
      "openHttpRegistry timeoutMs": (ms) => openHttpRegistry("http://localhost", { timeoutMs: ms }),
      "openHttpRegistry retryForMs": (ms) =>
        openHttpRegistry("http://localhost", { retryForMs: ms }),
      "createS3Backend requestTimeoutMs": (ms) =>
        createS3Backend({ ...bucket, requestTimeoutMs: ms }),
      "createS3Backend connectionTimeoutMs": (ms) =>
        createS3Backend({ ...bucket, connectionTimeoutMs: ms }),
      "createS3Backend retryForMs": (ms) => createS3Backend({ ...bucket, retryForMs: ms }),
      "createGcsBackend retryForMs": (ms) => createGcsBackend({ bucket: "b", retryForMs: ms }),
      "watch intervalMs": (ms) => Array.fromAsync(registry.watch("m", { intervalMs: ms })),
      "prune olderThanMs": (ms) => prune(registry, { olderThanMs: ms }),
      "changeSettings graceMs": (ms) => changeSettings(registry, { graceMs: ms }),
      "probeBackend maxClockOffsetMs": (ms) =>
        probeBackend(createMemoryBackend(), { maxClockOffsetMs: ms }),
      "createHandler bodyTimeoutMs": (ms) =>
        createHandler(registry, { limits: { bodyTimeoutMs: ms } }),
      "listen headersTimeoutMs": (ms) => listen(handler, { limits: { headersTimeoutMs: ms } }),
      "listen idleTimeoutMs": (ms) => listen(handler, { limits: { idleTimeoutMs: ms } }),
      "listen keepAliveMs": (ms) => listen(handler, { limits: { keepAliveMs: ms } }),
      "createToken expiresInMs": (ms) => createToken(file, { scopes: ["admin"], expiresInMs: ms }),
      "changeToken expiresInMs": (ms) => changeToken(file, id, { expiresInMs: ms }),
      "rotateToken keepForMs": (ms) => rotateToken(file, id, { keepForMs: ms }),
      "openQueue connectWithinMs": (ms) => openQueue("memory:", { connectWithinMs: ms }),
      "openJobStorage keepMs": (ms) => openJobStorage("memory:", { keepMs: ms }),
      "openEventBus takeOverAfterMs": (ms) => openEventBus("memory:", { takeOverAfterMs: ms }),
      "verifyWebhook toleranceMs": (ms) => verifyWebhook(request(), "whsec_", { toleranceMs: ms }),
      "createWebhooks backoffMs": (ms) => createWebhooks({ ...hooks, backoffMs: ms }),
      "createWebhooks timeoutMs": (ms) => createWebhooks({ ...hooks, timeoutMs: ms }),
    };
    for (const [label, call] of Object.entries(calls)) {
      for (const ms of [NaN, -1, "5s" as unknown as number]) {
        let failure: unknown = "it was accepted";
        try {
          await call(ms);
        } catch (error) {
          failure = error;
        }
        const shown = isRegistryError(failure) ? failure.code : String(failure);
        assertEquals(shown, "Invalid", `${label}: ${ms}`);
        assertMatch(
          (failure as Error).message,
          new RegExp(label.split(" ")[1]!),
          `${label}: ${ms}`,
        );
      }
    }
    assertEquals(typeof (await openTokenFile(file)).find, "function");
  },
);

testInRoot("a token without an end or a date is refused with a hint", async (root) => {
  const file = root.join("tokens.json");
  const { stored: { id } } = await createToken(file, { scopes: ["admin"], expiresInMs: Infinity });
  const calls = [
    () => rotateToken(file, id, { keepForMs: Infinity }),
    () => rotateToken(file, id, { keepForMs: 1e300 }),
    () => createToken(file, { scopes: ["admin"], expiresInMs: 1e300 }),
    () => changeToken(file, id, { expiresInMs: Number.MAX_SAFE_INTEGER }),
  ];
  for (const call of calls) {
    const error = await call().then(() => undefined, (error) => error);
    assertEquals([error?.code, typeof error?.hint], ["Invalid", "string"], String(call));
  }
});

Deno.test("a service without limits of time answers", async () => {
  await using registry = await openRegistry("memory:");
  const limits = { headersTimeoutMs: Infinity, idleTimeoutMs: Infinity, keepAliveMs: Infinity };
  const server = await listen(createHandler(registry), { port: 0, limits });
  try {
    const answers = [await fetch(`${server.url}/health`), await fetch(`${server.url}/health`)];
    for (const answer of answers) assertEquals(await answer.json(), { status: "ok" });
  } finally {
    await server.stop({ withinMs: 0 });
  }
});
