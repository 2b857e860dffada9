import { assertEquals, assertRejects } from "@std/assert";
import { RegistryError } from "../../../core/errors.ts";
import {
  createEngines,
  createQueueEngine,
  createStepHandler,
  openEngine,
} from "../../../operators/engines/mod.ts";
import { createLocalEngine } from "../../../operators/engines/local.ts";
import { createMemoryQueue } from "../../../extensions/queues/memory.ts";

const STEP = { run: "r@1", step: "clean", name: "clean-1", cwd: "/", env: {}, resources: {} };

Deno.test("openEngine() opens engines by URL, without showing a password", async () => {
  await using local = await openEngine("local:");
  assertEquals([local.kind, local.location], ["local", "local:"]);
  await using slurm = await openEngine("slurm:?partition=gpu");
  assertEquals(slurm.kind, "slurm");
});

Deno.test("openEngine() opens engines of schemes that a program registers", async () => {
  await using engines = createEngines();
  const urls: string[] = [];
  engines.register("mine", {
    help: "mine:HOST",
    open(url) {
      urls.push(url);
      return createLocalEngine({ cores: 1 });
    },
  });
  await using _mine = await openEngine("MINE:host", { engines });
  await using local = await openEngine("local:", { engines });
  assertEquals([urls, local.kind], [["MINE:host"], "local"]);
  const error = await assertRejects(() => openEngine("mine:host"), RegistryError);
  assertEquals([error.code, error.state], ["Invalid", "unknown scheme"]);
});

Deno.test("openEngine() refuses invalid URLs without showing secrets", async () => {
  const urls = [
    "",
    "kafka://user:secret@host",
    "slurm://host",
    "local:8",
    "constructor:",
    "slurm:?Bad Name=1",
  ];
  for (const url of [...urls, "redis://x?queue=a:secret b"]) {
    const error = await assertRejects(() => openEngine(url), RegistryError);
    assertEquals([error.code, /user|host\b.*secret/.test(error.message)], ["Invalid", false], url);
  }
});

Deno.test("an unreachable server is Unavailable in time, without the password", async () => {
  const { openQueue } = await import("../../../extensions/queues/mod.ts");
  const opening = openQueue("redis://me:secret@127.0.0.1:9", { connectWithinMs: 300 });
  const error = await assertRejects(() => opening, RegistryError);
  assertEquals(
    [error.code, /secret/.test(`${error.message}${error.hint}`)],
    ["Unavailable", false],
    error.message,
  );
});

Deno.test("engines that execute steps refuse one without a command", async () => {
  const step = { ...STEP, command: [] };
  for (const url of ["local:", "slurm:"]) {
    await using engine = await openEngine(url);
    await assertRejects(
      () => engine.submit(step),
      RegistryError,
      `Cannot submit step "clean": it has no command`,
    );
  }
});

Deno.test("a failed job has the error line of its command as reason", async () => {
  await using queue = createMemoryQueue();
  await using engine = createQueueEngine(queue);
  const command = ["sh", "-c", "echo more; echo 'error: no data' >&2; exit 3"];
  const done = Promise.withResolvers<void>();
  await using _worker = await queue.work(createStepHandler(() => ({ command, cwd: "/" })), {
    onEvent: ({ event }) => event === "done" && done.resolve(),
  });
  const id = await engine.submit({ ...STEP, command });
  await done.promise;
  const [{ state, exitCode, reason }] = await engine.poll([id]);
  assertEquals([state, exitCode, reason], ["failed", 3, "no data"]);
});
