// When maintenance last succeeded, for operators.
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { realSystem } from "../../../../../core/system.ts";
import { walkFiles } from "../../../walk_files.ts";
import { filledTest, keepsRunning } from "../../../captured_io.ts";

const COMMANDS = ["gc", "prune", "mirror", "verify", "verify_shallow"];
const DAY_MS = 86_400_000;

filledTest(
  "maintenance that succeeded is in the metrics of a service, and in doctor",
  async (it) => {
    const env = { HOLDFAST_STATE: it.root.join("state"), HOLDFAST_CACHE: it.root.join("cache") };
    const metrics = async () => {
      const { line: url, stop, ended } = await keepsRunning(["serve", "--port", "0"], {
        cwd: it.cwd,
        env,
      });
      const text = await (await fetch(`${url}/metrics`)).text();
      stop();
      assertEquals(await ended, 0);
      return text;
    };
    await it.succeeds("gc --dry-run -q", { env });
    await it.succeeds("verify note -q", { env });
    await it.succeeds("mirror .holdfast copy note --create -q", { env });
    const before = await metrics();
    assert(!before.includes("holdfast_last_success_timestamp_seconds{"), before);
    assertStringIncludes(before, 'holdfast_disk_free_bytes{disk="registry"} ');
    assertStringIncludes(before, "holdfast_ready 1\n");
    assert(!before.includes("holdfast_certificate"), before);
    const lines = ["gc", "prune --keep-last 9 --yes", "verify", "mirror .holdfast copy"];
    const beganAt = realSystem.now() / 1000;
    for (const line of lines) await it.succeeds(`${line} -q`, { env });
    const after = await metrics();
    for (const command of COMMANDS) {
      const [, seconds] = new RegExp(
        `^holdfast_last_success_timestamp_seconds\\{command="${command}"\\} (\\S+)$`,
        "m",
      )
        .exec(after) ?? [];
      assert(Number(seconds) >= beganAt - 1, `${command}: ${seconds}`);
    }
    const examine = async (days: number) => {
      const system = {
        ...realSystem,
        now: () => realSystem.now() + days * DAY_MS,
        env: (name: string) => (env as Record<string, string>)[name],
      };
      const { out } = await it.holdfast("doctor --no-probe --json", { system });
      const checks = out.trim().split("\n").map((line) => JSON.parse(line));
      return checks.find(({ what }) => what === "maintenance");
    };
    assertEquals((await examine(1)).verdict, "ok");
    const late = await examine(8);
    assertEquals([late.verdict, late.advice], [
      "warn",
      "Check the timer, or the log of its unit: gc, prune, mirror, verify_shallow.",
    ]);
  },
);

filledTest("without HOLDFAST_STATE nothing is noted", async (it) => {
  const env = { HOME: it.root.join("home") };
  await it.succeeds("gc -q", { env });
  const { out } = await it.holdfast("doctor --no-probe --json", { env });
  assert(!out.includes('"maintenance"'), out);
});

filledTest("doctor warns if nothing was noted, or a relative HOLDFAST_STATE", async (it) => {
  const warning = async (state: string) => {
    const env = { HOLDFAST_STATE: state };
    const { out } = await it.holdfast("doctor --no-probe --json", { env });
    const checks = out.trim().split("\n").map((line) => JSON.parse(line));
    const { verdict, found } = checks.find(({ what }) => what === "maintenance");
    return [verdict, found];
  };
  const state = it.root.join("state");
  assertEquals(await warning(state), ["warn", `no run has succeeded with ${state}`]);
  const relative = 'HOLDFAST_STATE is "state", not an absolute path';
  assertEquals(await warning("state"), ["warn", relative]);
  const lines = ["gc", "prune --keep-last 9 --yes", "verify", "mirror .holdfast copy --create"];
  for (const line of lines) {
    const { code, err } = await it.holdfast(line, { env: { HOLDFAST_STATE: "state" } });
    assertEquals(code, 0);
    assertStringIncludes(err, `warning: Cannot note that maintenance succeeded: ${relative}\n`);
  }
});

filledTest("verify in parts notes since when all bytes have been read", async (it) => {
  const state = it.root.join("state");
  const noted = async (check: string) => {
    const [folder] = await Array.fromAsync(walkFiles(state));
    const path = folder && folder.replace(/\.[a-z_]+$/, `.${check}`);
    return path && Date.parse((await Deno.readTextFile(path).catch(() => "")).trim());
  };
  const start = realSystem.now();
  const run = async (line: string, day: number) => {
    const system = {
      ...realSystem,
      now: () => start + day * DAY_MS,
      env: (name: string) => name === "HOLDFAST_STATE" ? state : realSystem.env(name),
    };
    return await it.holdfast(line, { system });
  };
  const first = await run("verify --sample 50%", 1);
  assertStringIncludes(first.err, "Coverage: no run has read about 50 % of the bytes yet\n");
  assertEquals([await noted("verify"), await noted("verify_shallow")], [NaN, start + DAY_MS]);
  const second = await run("verify --sample 50%", 3);
  assertMatch(second.err, /^Coverage: all bytes read since \d{4}-.* \(2 days ago\)$/m);
  assertEquals([await noted("verify"), await noted("verify_shallow")], [
    start + DAY_MS,
    start + 3 * DAY_MS,
  ]);
  await run("verify --shard 0/1", 4);
  assertEquals(await noted("verify"), start + 4 * DAY_MS);
  assertEquals(await noted("verify_shallow"), start + 3 * DAY_MS);
});
