import { assertEquals, assertStringIncludes } from "@std/assert";
import { tempRoot } from "../../../support/temp_root.ts";
import { holdfast, succeeds } from "../../captured_io.ts";

Deno.test("init creates a registry here and says what to do next; again it changes nothing", async () => {
  await using root = await tempRoot();
  const first = await holdfast("init", { cwd: root.path });
  assertEquals(first.code, 0);
  assertEquals(
    first.out,
    `Created a registry in ${root.join(".holdfast")} (versioned, immutable, grace 24 h)\n`,
  );
  assertEquals(first.err, "Next: holdfast save NAME FILE\n");
  const again = await holdfast("init", { cwd: root.path });
  assertEquals([again.code, again.err], [0, ""]);
  assertStringIncludes(again.out, "There is a registry in ");
});

Deno.test("init in a folder of its own says how to name it", async () => {
  await using root = await tempRoot();
  const { err } = await holdfast("init ./team", { cwd: root.path });
  assertEquals(err, "Next: holdfast save NAME FILE --registry ./team\n");
  await succeeds("ls -r team", { cwd: root.path });
});

Deno.test("init fixes what is asked for, and refuses anything else later", async () => {
  await using root = await tempRoot();
  const said = await succeeds("init --mutable --unversioned --grace 48h --json", {
    cwd: root.path,
  });
  const { created, settings } = JSON.parse(said);
  assertEquals(created, true);
  assertEquals([settings.mutable, settings.versioned, settings.graceMs], [
    true,
    false,
    48 * 3600_000,
  ]);
  assertEquals((await holdfast("init --grace 24h", { cwd: root.path })).code, 2);
  assertEquals((await holdfast("init", { cwd: root.path })).code, 0);
});

Deno.test("init refuses a file, a grace that is too short, and a place that it cannot open", async () => {
  await using root = await tempRoot();
  await Deno.writeTextFile(root.join("file"), "");
  for (
    const line of ["init file", "init --grace 5m", "init --grace soon", "init nothing://there"]
  ) {
    const { code, err } = await holdfast(line, { cwd: root.path });
    assertEquals(code, 2, `${line}: ${err}`);
    assertStringIncludes(err, "hint: ");
  }
});

Deno.test("init names the flags that differ from what the registry was created with", async () => {
  await using root = await tempRoot();
  const { path: cwd } = root;
  await succeeds("init", { cwd });
  const cases: [line: string, says: string][] = [
    ["--mutable", "with --mutable: there is one that was created without it"],
    ["--unversioned", "with --unversioned: there is one that was created without it"],
    ["--grace 48h", "with --grace 48h: there is one that was created with a grace of 24 h"],
    ["--locking file", "with --locking file: there is one that was created with --locking link"],
  ];
  for (const [flags, says] of cases) {
    const { code, err } = await holdfast(`init ${flags}`, { cwd });
    assertEquals(code, 2);
    assertStringIncludes(err, says);
    assertStringIncludes(err, `hint: Leave out ${flags.split(" ")[0]}`);
  }
  await succeeds("init --grace 24h --locking link", { cwd });
  assertStringIncludes(
    (await holdfast("init new --grace 5m", { cwd })).err,
    "--grace 5m: it is less than an hour",
  );
});

Deno.test("init leaves a folder alone that holds other files, unless it is forced", async () => {
  await using root = await tempRoot();
  const { path: cwd } = root;
  await Deno.mkdir(root.join("photos"));
  await Deno.writeTextFile(root.join("photos/a.jpg"), "");
  const { code, err } = await holdfast("init photos", { cwd });
  assertEquals(code, 4);
  assertStringIncludes(err, "holds other files and no registry");
  assertStringIncludes(err, "--force");
  assertEquals(await Array.fromAsync(Deno.readDir(root.join("photos")), ({ name }) => name), [
    "a.jpg",
  ]);
  await succeeds("init photos --force", { cwd });
  await succeeds("init photos", { cwd });
});

Deno.test("init takes up what a run that was stopped began, and an empty folder", async () => {
  await using root = await tempRoot();
  await Deno.mkdir(root.join("r/.stage"), { recursive: true });
  await Deno.mkdir(root.join("empty"));
  await succeeds("init r", { cwd: root.path });
  await succeeds("init empty", { cwd: root.path });
});
