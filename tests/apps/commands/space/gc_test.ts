import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { tempRoot } from "../../../support/temp_root.ts";
import { createCommandContext } from "../../../../apps/program/command_context.ts";
import { gc } from "../../../../apps/commands/space/gc.ts";
import { createLocalBackend, openRegistry } from "../../../../mod.ts";
import { withAge } from "../../../registry/with_age.ts";
import { damageRecords } from "../../damage_records.ts";
import { captureIo, fillRegistry, holdfast, noise, succeeds } from "../../captured_io.ts";

Deno.test("gc leaves what is young, and says so", async () => {
  await using root = await tempRoot();
  const { path: cwd } = root;
  await fillRegistry(cwd);
  await succeeds("rm note@1 --yes", { cwd });
  for (const line of ["gc --dry-run", "gc"]) {
    assertMatch(await succeeds(line, { cwd }), /^Nothing to free yet: .* grace of 24 h\n$/);
  }
  assertEquals(await succeeds("gc --quiet", { cwd }), "");
  const report = JSON.parse(await succeeds("gc -n --json", { cwd }));
  assertEquals([report.dryRun, report.bytes, report.voids], [true, 0, []]);
  assertMatch(report.markAt, /^\d{4}-/);
});

Deno.test("gc --verbose names each thing that goes, and why", async () => {
  await using root = await tempRoot();
  const { path: cwd } = root;
  await succeeds("init", { cwd });
  await succeeds("save big -", { cwd, stdin: noise(200_000) });
  await succeeds("rm big@1 --yes", { cwd });
  const io = captureIo({ cwd });
  const week = withAge(createLocalBackend({ path: root.join(".holdfast") }), 7 * 24 * 3_600_000);
  await using registry = await openRegistry(week, { create: false });
  await using context = createCommandContext({
    io,
    shared: { verbose: true },
    loadCommands: () => Promise.resolve([]),
  });
  await gc.run([], {}, { ...context, open: () => Promise.resolve(registry) });
  assertMatch(io.errors(), /debug: payload of big@1\.0\.0 \(195 KiB\): no version refers to it\n/);
  assertMatch(
    io.errors(),
    /debug: content of the record of big@1\.0\.0 \(.*\): replaced longer ago than the grace\n/,
  );
  assertStringIncludes(new TextDecoder().decode(io.output()), "Freed 195 KiB");
});

Deno.test("gc --forget forgets names that were deleted long ago", async () => {
  await using root = await tempRoot();
  const { path: cwd } = root;
  await succeeds("init", { cwd });
  await succeeds("save gone -", { cwd, stdin: noise(20) });
  await succeeds("save kept -", { cwd, stdin: noise(20) });
  await succeeds("rm gone@1 --yes", { cwd });
  const io = captureIo({ cwd });
  const year = withAge(createLocalBackend({ path: root.join(".holdfast") }), 365 * 24 * 3_600_000);
  await using registry = await openRegistry(year, { create: false });
  await using context = createCommandContext({
    io,
    shared: {},
    loadCommands: () => Promise.resolve([]),
  });
  await gc.run([], { forget: true }, { ...context, open: () => Promise.resolve(registry) });
  assertMatch(new TextDecoder().decode(io.output()), /records of forgotten names +2 /);
  assertEquals(
    await Array.fromAsync(createLocalBackend({ path: root.join(".holdfast") }).list("names/gone/")),
    [],
  );
  assertMatch(await succeeds("save gone -", { cwd, stdin: noise(20) }), /gone@1\.0\.0/);
});

Deno.test("gc says what it left because of damage, and ends with 1", async () => {
  await using root = await tempRoot();
  const { path: cwd } = root;
  await fillRegistry(cwd);
  const [key] = await damageRecords(root.join(".holdfast"), "note");
  const { code, err, out } = await holdfast("gc", { cwd });
  assertEquals([code, out], [1, "Freed nothing\n"]);
  assertStringIncludes(err, `stays: ${key}: `);
  assertStringIncludes(
    err,
    "hint: Nothing that is needed was removed. See what is damaged: holdfast verify\n",
  );
});

Deno.test("gc --verbose names what waits, and until when; gc says how much it is", async () => {
  await using root = await tempRoot();
  const { path: cwd } = root;
  await succeeds("init", { cwd });
  await succeeds("save big -", { cwd, stdin: noise(200_000) });
  await succeeds("rm big@1 --yes", { cwd });
  const { err } = await holdfast("gc --verbose", { cwd });
  assertMatch(
    err,
    /payload of big@1\.0\.0 \(195 KiB\) waits until \d{4}-\d\d-\d\d \d\d:\d\d: what refers to it was/,
  );
  assertMatch(err, /2 things \(19\d KiB\) may go later, the first at \d{4}-/);
});

Deno.test("gc --now asks, says what it risks, and frees what is young", async () => {
  await using root = await tempRoot();
  const { path: cwd } = root;
  await succeeds("init", { cwd });
  await succeeds("save big -", { cwd, stdin: noise(200_000) });
  await succeeds("save kept -", { cwd, stdin: noise(100_000) });
  await succeeds("rm big@1 --yes", { cwd });
  const asked = await holdfast("gc --now", { cwd });
  assertEquals(asked.code, 2); // nobody can answer
  assertStringIncludes(asked.err, "--yes");
  assertMatch(await succeeds("gc --now --dry-run", { cwd }), /Would free 19\d KiB\n$/);
  assertMatch(await succeeds("gc --now --yes", { cwd }), /Freed 19\d KiB\n$/);
  assertEquals(await succeeds("verify --quiet", { cwd }), "");
  assertEquals(
    await Array.fromAsync(
      createLocalBackend({ path: root.join(".holdfast") }).list("objects/big/"),
    ),
    [],
  );
  await succeeds("gc --now --yes", { cwd }); // of the deletion one record is left
  assertMatch(await succeeds("gc --now --yes", { cwd }), /^Nothing to free/);
});
