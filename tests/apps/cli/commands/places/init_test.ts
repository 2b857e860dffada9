import { assertEquals, assertStringIncludes } from "@std/assert";
import { cliTest, filesIn } from "../../../captured_io.ts";

cliTest("init creates a registry once", async (it) => {
  const first = await it.holdfast("init");
  assertEquals(first.code, 0);
  assertEquals(
    first.out,
    `Created a registry in ${it.root.join(".holdfast")} (versioned, immutable, grace 24 h)\n`,
  );
  assertEquals(first.err, "Next: holdfast save NAME FILE\n");
  const again = await it.holdfast("init");
  assertEquals([again.code, again.err], [0, ""]);
  assertStringIncludes(again.out, "Found a registry in ");
});

cliTest("init fixes what is asked for, and refuses anything else later", async (it) => {
  const said = await it.succeeds("init --mutable --unversioned --grace 48h --json");
  const { created, settings } = JSON.parse(said);
  assertEquals(created, true);
  assertEquals([settings.mutable, settings.versioned, settings.graceMs], [
    true,
    false,
    48 * 3600_000,
  ]);
  await it.fails("init --grace 24h", 2);
  await it.fails("init", 0);
});

cliTest("init can create a registry whose versions share whole files alone", async (it) => {
  const share = async () => JSON.parse(await it.succeeds("settings --json")).share;
  await it.succeeds("init --share files");
  assertEquals(await share(), "files");
  await it.succeeds("init --share files");
  await it.fails("init --share bytes", 2, "holdfast settings --share bytes");
  assertEquals(await share(), "files");
});

cliTest("init refuses a file, a short grace and an unknown scheme", async (it) => {
  await Deno.writeTextFile(it.root.join("file"), "");
  for (
    const line of ["init file", "init --grace 5m", "init --grace soon", "init nothing://there"]
  ) {
    await it.fails(line, 2, "hint: ");
  }
});

cliTest("init leaves a folder alone that holds other files, unless it is forced", async (it) => {
  await Deno.mkdir(it.root.join("photos"));
  await Deno.writeTextFile(it.root.join("photos/a.jpg"), "");
  const { code, err } = await it.holdfast("init photos");
  assertEquals(code, 4);
  assertStringIncludes(err, "contains other files");
  assertStringIncludes(err, "--force");
  assertEquals(await filesIn(it.root.join("photos")), ["a.jpg"]);
  await it.succeeds("init photos --force");
  await it.succeeds("init photos");
});

cliTest("init takes up what a run that was stopped began, and an empty folder", async (it) => {
  await Deno.mkdir(it.root.join("r/.stage"), { recursive: true });
  await Deno.mkdir(it.root.join("empty"));
  await it.succeeds("init r");
  await it.succeeds("init empty");
});
