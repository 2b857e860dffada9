import { assert, assertEquals, assertMatch } from "@std/assert";
import { RegistryError } from "../../../core/errors.ts";
import type { Backend } from "../../../core/backend.ts";
import type { Logger } from "../../../core/registry.ts";
import { createScriptedSystem } from "../../support/scripted_system.ts";
import { rejected } from "../rejected.ts";
import { withHooks } from "../with_hooks.ts";
import { keysOf, noise, testInMemory, testOnEach } from "../registries.ts";

function recordLines(): { lines: string[]; logger: Logger } {
  const lines: string[] = [];
  const at = (level: string) => (...parts: unknown[]) =>
    void lines.push(`${level} ${parts.map(String).join(" ")}`);
  return {
    lines,
    logger: { debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error") },
  };
}

/** A store that loses the first creates of versions, or their replies. */
function losing(inner: Backend, losses: ("request" | "reply")[]): Backend {
  const lost = () =>
    new RegistryError({
      code: "Unavailable",
      message: "Cannot put: no reply",
      hint: "Try again.",
      maybeWritten: true,
    });
  const next = (what: "request" | "reply", { verb, key }: { verb: string; key: string }) => {
    if (verb !== "put" || !key.includes("/versions/") || losses[0] !== what) return;
    losses.shift();
    throw lost();
  };
  return withHooks(inner, {
    before: (call) => next("request", call),
    after: (call) => next("reply", call),
  });
}

testOnEach("retries and read-backs are logged", async ({ open }) => {
  const { lines, logger } = recordLines();
  const system = createScriptedSystem({ startAt: 1_800_000_000_000 });
  const registry = await open(
    { logger, system },
    (inner) => losing(inner, ["request", "request", "reply"]),
  );
  const saved = await registry.save("a", "x", { version: "1" });
  assertEquals((await registry.info("a")).commit, saved.commit);
  assertEquals(
    lines.filter((line) => /^debug .*save "a@1": create of .* failed/.test(line)).length,
    3,
    lines.join("\n"),
  );
  assertEquals(
    lines.filter((line) => /^debug .*save "a@1": read back .*: won/.test(line)).length,
    1,
    lines.join("\n"),
  );
});

testOnEach("an unreadable base is a warning", async ({ registry, backend, open }) => {
  await registry.save("a", noise(400_000));
  const [key] = await keysOf(backend, "names/a/");
  await backend.put(key, noise(300));
  const { lines, logger } = recordLines();
  await (await open({ logger })).save("a", noise(400_000));
  assertEquals(lines.filter((line) => line.startsWith("warn")).length, 1);
  assertMatch(lines.find((line) => line.startsWith("warn"))!, /shares nothing/);
});

testInMemory("logs and errors contain no values or metadata", async ({ open, backend }) => {
  const secret = "hunter2-secret";
  const { lines, logger } = recordLines();
  const system = createScriptedSystem({ startAt: 1_800_000_000_000 });
  const registry = await open({ logger, system }, (inner) => losing(inner, ["request", "reply"]));
  await registry.save("a", secret, { metadata: { secret }, version: "1" });
  const [key] = await keysOf(backend, "names/a/");
  const errors = [
    await rejected(
      "AlreadyExists",
      registry.save("a", secret, { version: "1", metadata: { secret } }),
    ),
  ];
  await backend.put(key, new TextEncoder().encode(`{"secret":"${secret}"}\n`));
  errors.push(await rejected("Corrupt", registry.load("a")));
  for (const { message, hint } of errors) assert(!`${message} ${hint}`.includes(secret));
  assert(lines.length > 0 && !lines.join().includes(secret));
});

testInMemory("a failing logger does not fail a save", async ({ open, registry }) => {
  const failing = () => {
    throw new Error("disk of the log is full");
  };
  const logger: Logger = { debug: failing, info: failing, warn: failing, error: failing };
  const system = createScriptedSystem({ startAt: 1_800_000_000_000 });
  const careless = await open({ logger, system }, (inner) => losing(inner, ["reply"]));
  const outcome = await careless.save("a", "x", { version: "1" }).catch((error) => error);
  assertEquals(await registry.load("a"), "x");
  assertEquals(outcome.version ?? outcome.message, "1.0.0");
});
