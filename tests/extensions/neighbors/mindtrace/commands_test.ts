import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { cp, rm, writeFile } from "node:fs/promises";
import { join } from "@std/path";
import { unpackFixture } from "../../../support/mindtrace_fixtures.ts";
import { cliTest } from "../../../apps/captured_io.ts";

cliTest("import mindtrace imports everything, then only what is new", async (it) => {
  await unpackFixture("0.12.0", join(it.cwd, "old"));
  const dry = await it.succeeds("import mindtrace old/versioned .holdfast --create --dry-run");
  assertMatch(dry, /^Would import 22 versions \(30 files, 3\.0 KiB\), 0 unchanged\n$/);
  const { code, out, err } = await it.holdfast("import mindtrace old/versioned .holdfast --create");
  assertEquals(code, 0);
  assertMatch(out, /^Imported 22 versions \(30 files, 3\.0 KiB\), 0 unchanged\n$/);
  assertStringIncludes(err, "nested-files@1.0.0: Holdfast does not know NestedFiles");
  await it.prints("load text@1.0.9", "between");
  await rm(join(it.cwd, "old/versioned/pair/1.0.0/data.json"));
  await it.prints(
    "import mindtrace old/versioned .holdfast --quiet --prefix team",
    "",
  );
  const lines = (await it.succeeds("import mindtrace old/versioned .holdfast --json")).trim()
    .split("\n").map((line) => JSON.parse(line));
  assertEquals(lines[0], {
    action: "kept",
    name: "nested-files",
    version: "1.0.0",
    reason: "Holdfast does not know NestedFiles",
  });
  assertEquals([lines[1].imported, lines[1].skipped, lines[1].failures], [0, 22, 0]);
});

cliTest("import mindtrace reports damaged versions by name, and ends with 1", async (it) => {
  await unpackFixture("0.16.0", join(it.cwd, "old"));
  const folder = join(it.cwd, "old/versioned");
  await writeFile(join(folder, "dict/1.0.0/data.json"), "{}");
  await cp(join(folder, "_meta_pair@1.0.0.yaml"), join(folder, "_meta_pair@1.0.0.1.yaml"));
  const { code, out, err } = await it.holdfast("import mindtrace old/versioned .holdfast --create");
  assertEquals(code, 1);
  const lines = out.trimEnd().split("\n");
  assertMatch(lines[0]!, /^REF +CODE +PROBLEM$/);
  assertMatch(lines[1]!, /^dict@1\.0\.0 +Corrupt +Cannot read mindtrace version "dict@1\.0\.0"/);
  assertMatch(lines[2]!, /^pair@1\.0\.0\.1 +Invalid +Cannot import "pair@1\.0\.0\.1"/);
  assertMatch(lines.at(-1)!, /^Imported 21 versions \(\d+ files, .*\), 0 unchanged, 2 failed$/);
  assertStringIncludes(err, "hint: Save it again in mindtrace, or restore the registry");
  assertStringIncludes(err, "hint: Save it in mindtrace under a version of one to three numbers");
  const json = (await it.holdfast("import mindtrace old/versioned .holdfast --json")).out.trimEnd()
    .split("\n").map((line) => JSON.parse(line));
  assertEquals(json.map(({ name }) => name), ["nested-files", "dict", "pair", undefined]);
  assertEquals(json.at(-1).failures, 2);
});

cliTest("import mindtrace refuses a folder without a mindtrace registry", async (it) => {
  await it.fails("import mindtrace nowhere .holdfast --create", 3);
  await it.fails("ls", 3); // nothing was created
  await it.succeeds("init");
  await it.fails("import mindtrace .holdfast .holdfast", 3);
  await unpackFixture("0.16.0", join(it.cwd, "old"));
  await it.fails("import mindtrace old/versioned missing", 3);
  await it.fails("import mindtrace old/versioned", 2);
});

cliTest("export mindtrace writes versions, and reports those that do not fit", async (it) => {
  await it.succeeds("init");
  await it.succeeds("save my:config - --as json", { stdin: '{"a": 1}' });
  await it.succeeds("save my:config - --as json", { stdin: '{"a": 2}' });
  await it.succeeds("save team/model - --as text", { stdin: "x" });
  await it.prints(
    "export mindtrace my:config --to out --dry-run",
    "Would export 1 version to out, 0 unchanged\n",
  );
  await it.prints(
    "export mindtrace my:config --to out",
    "Exported 1 version to out, 0 unchanged\n",
  );
  await it.prints(
    "export mindtrace 'my:*' --all-versions --to out".replaceAll("'", ""),
    "Exported 1 version to out, 1 unchanged\n",
  );
  const { code, out, err } = await it.holdfast("export mindtrace team/model --to out");
  assertEquals(code, 1);
  assertStringIncludes(out, "mindtrace cannot find names with /");
  assertStringIncludes(err, "--rename team/=team:");
  await it.succeeds("export mindtrace team/model --rename team/=team: --to out");
  await it.succeeds("import mindtrace out copy --create");
  await it.prints("ls -q -r copy", "my:config\nteam:model\n");
  await it.prints("load team:model -r copy", "x");
  await it.fails("export mindtrace my:config", 2);
  await it.fails("export mindtrace nothing --to out", 3);
  await it.fails("export mindtrace my:config --to .holdfast", 4);
});
