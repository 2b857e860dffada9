import {
  assert,
  assertEquals,
  assertMatch,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import { createCommandContext } from "../../../../apps/cli/program/command_context.ts";
import { gc } from "../../../../extensions/maintenance/commands/gc.ts";
import { type Backend, createLocalBackend, openRegistry, RegistryError } from "../../../../mod.ts";
import { withAge } from "../../../registry/with_age.ts";
import { damageRecords } from "../../../apps/damage_records.ts";
import { captureIo, type CliTest, cliTest, filledTest, noise } from "../../../apps/captured_io.ts";

function backendOf({ root }: CliTest): Backend {
  return createLocalBackend({ path: root.join(".holdfast") });
}

filledTest("gc keeps young garbage", async (it) => {
  await it.prints("gc", "Nothing to free\n");
  await it.succeeds("rm note@1 --yes");
  for (const line of ["gc --dry-run", "gc"]) {
    assertMatch(await it.succeeds(line), /^Nothing to free yet: the grace period is 24 h\n$/);
  }
  await it.prints("gc --quiet", "");
  const report = await it.json("gc -n --json");
  assertEquals([report.dryRun, report.bytes, report.voids], [true, 0, []]);
  assertMatch(report.markAt, /^\d{4}-/);
});

cliTest("gc --forget forgets names that were deleted long ago", async (it) => {
  await it.succeeds("init");
  await it.succeeds("save gone -", { stdin: noise(20) });
  await it.succeeds("save kept -", { stdin: noise(20) });
  await it.succeeds("rm gone@1 --yes");
  const io = captureIo({ cwd: it.cwd });
  const year = withAge(backendOf(it), 365 * 24 * 3_600_000);
  await using registry = await openRegistry(year, { create: false });
  await using context = createCommandContext({ io, shared: {}, tokens: [] });
  await gc.run([], { forget: true }, { ...context, open: () => Promise.resolve(registry) });
  assertMatch(new TextDecoder().decode(io.output()), /records of forgotten names +2 /);
  assertEquals(await Array.fromAsync(backendOf(it).list("names/gone/")), []);
  assertMatch(await it.succeeds("save gone -", { stdin: noise(20) }), /gone@1\.0\.0/);
});

filledTest("gc keeps unreadable names and exits with 1", async (it) => {
  const [key] = await damageRecords(it.root.join(".holdfast"), "note");
  const { code, err, out } = await it.holdfast("gc");
  assertEquals([code, out], [1, "Freed nothing\n"]);
  assertStringIncludes(err, `stays: ${key}: `);
  assertStringIncludes(
    err,
    "hint: Nothing that is needed was removed. List the damage: holdfast verify\n",
  );
});

cliTest("gc says why it could not remove an object", async (it) => {
  await it.succeeds("init");
  await it.succeeds("save big -", { stdin: noise(200_000) });
  await it.succeeds("rm big@1 --yes");
  const year = withAge(backendOf(it), 365 * 24 * 3_600_000);
  const denied = (key: string) =>
    new RegistryError({ code: "Denied", message: `Cannot delete "${key}": permission denied` });
  const backend: Backend = {
    ...year,
    delete(key, options) {
      return key.startsWith("objects/") ? Promise.reject(denied(key)) : year.delete(key, options);
    },
    deleteMany: undefined,
  };
  const io = captureIo({ cwd: it.cwd });
  await using registry = await openRegistry(backend, { create: false });
  await using context = createCommandContext({ io, shared: {}, tokens: [] });
  const run = gc.run([], {}, { ...context, open: () => Promise.resolve(registry) });
  const { message, hint } = await assertRejects(() => Promise.resolve(run), RegistryError);
  assertMatch(
    message,
    /all garbage: 1 failure, the first: Cannot delete "objects\/big\/.*": permission denied$/,
  );
  assertEquals(hint, "Nothing that is needed was removed. Fix the cause, and run gc again.");
});

filledTest("gc that finds nothing says how to find what killed saves left", async (it) => {
  const first = await it.holdfast("gc");
  assertEquals([first.out, first.err], ["Nothing to free\n", ""], "it inspected every name");
  await backendOf(it).put(
    "objects/note/p7p9p9/01a22bb3-3c65-779d-9b9b-243cb097ec2c/0",
    noise(200_000),
  );
  const skipped = await it.holdfast("gc");
  assertEquals(skipped.out, "Nothing to free\n");
  assertMatch(skipped.err, /^Skipped [1-9]\d* names? without deletions: gc --all inspects every/);
  assertEquals((await it.holdfast("gc --quiet")).err, "");
  const all = await it.holdfast("gc --all");
  assertMatch(all.err, /^1 object \(195 KiB\) can be freed later/);
  assertEquals(all.err.includes("Skipped"), false);
});

cliTest("gc --verbose lists what waits", async (it) => {
  await it.succeeds("init");
  await it.succeeds("save big -", { stdin: noise(200_000) });
  await it.succeeds("rm big@1 --yes");
  const { err } = await it.holdfast("gc --verbose");
  assertMatch(
    err,
    /payload of big@1\.0\.0 \(195 KiB\) waits until \d{4}-\d\d-\d\d \d\d:\d\d: versions that refer to it were/,
  );
  assertMatch(err, /2 objects \(19\d KiB\) can be freed later, the first at \d{4}-/);
});

cliTest("gc --now asks first and frees young garbage", async (it) => {
  await it.succeeds("init");
  await it.succeeds("save big -", { stdin: noise(200_000) });
  await it.succeeds("save kept -", { stdin: noise(100_000) });
  await it.succeeds("rm big@1 --yes");
  const asked = await it.holdfast("gc --now");
  assertEquals(asked.code, 2); // nobody can answer
  assertStringIncludes(asked.err, "--yes");
  assertMatch(await it.succeeds("gc --now --dry-run"), /Would free 19\d KiB\n$/);
  assertMatch(await it.succeeds("gc --now --yes"), /Freed 19\d KiB\n$/);
  await it.prints("verify --quiet", "");
  assertEquals(await Array.fromAsync(backendOf(it).list("objects/big/")), []);
  await it.succeeds("gc --now --yes"); // of the deletion one record is left
  await it.prints("gc --now", "Nothing to free\n"); // without a question
  assertEquals((await it.json("gc --now --json")).dryRun, false);
});

cliTest("the question of gc --now wraps between words", async (it) => {
  await it.succeeds("init");
  await it.succeeds("save big -", { stdin: noise(200_000) });
  await it.succeeds("rm big@1 --yes");
  const { code, err } = await it.holdfast("gc --now", {
    stdin: "n\n",
    terminals: ["stdin", "stderr"],
    columns: 60,
  });
  assertEquals(code, 1);
  assert(err.split("\n").every((line) => line.length <= 60), err);
  assertStringIncludes(err, " now? [y/N] ");
});
