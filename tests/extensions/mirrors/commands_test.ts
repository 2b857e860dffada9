import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { filesIn, filledTest } from "../../apps/captured_io.ts";

filledTest("mirror copies everything, then only what is new", async (it) => {
  await it.succeeds("init copy");
  assertMatch(
    await it.succeeds("mirror .holdfast copy"),
    /^Mirrored 4 versions \(5 files, \d+ B\), 1 alias, 0 unchanged\n$/,
  );
  const [original, mirrored] = await Promise.all(
    [".holdfast", "copy"].map((place) => it.succeeds(`info config@production --json -r ${place}`)),
  );
  const { commit, origin, ...kept } = JSON.parse(mirrored);
  assertEquals(kept, (({ commit: _, ...rest }) => rest)(JSON.parse(original)));
  assertEquals([origin.commit === commit, origin.commit], [false, JSON.parse(original).commit]);
  await it.prints("mirror .holdfast copy", "Mirrored 0 versions (0 files, 0 B), 4 unchanged\n");
  await it.succeeds("rm config@1 --yes");
  const report = await it.json("mirror .holdfast copy --json");
  assertEquals([report.copied, report.deleted, report.skipped, report.failures], [0, 1, 3, 0]);
  await it.prints("mirror .holdfast copy --quiet", "");
  await it.tells("verify -r copy", "No problems: 3 versions");
});

filledTest(
  "mirror --check writes nothing, and exits with 1 if the target is behind",
  async (it) => {
    await it.succeeds("init copy");
    const changes = ["alias config old 1", "save note - --as text", "rm config@1 --yes --force"];
    for (const change of ["ls", ...changes]) {
      await it.succeeds(change, { stdin: "another" });
      const { code, out } = await it.holdfast("mirror .holdfast copy --check");
      assertEquals([code, out.startsWith("Would mirror ")], [1, true], change);
      await it.succeeds("mirror .holdfast copy");
      const checked = await it.succeeds("mirror .holdfast copy --check");
      assertMatch(checked, /^Would mirror 0 versions/, change);
    }
  },
);

filledTest("a mirror into the registry itself renames an artifact", async (it) => {
  await it.succeeds("note config@1 Good");
  await it.succeeds("mirror .holdfast .holdfast config --rename config=new:config");
  await it.prints("versions new:config -q", "2.0.0\n1.0.0\n");
  const [old, now] = await Promise.all(
    ["config", "new:config"].map((name) => it.json(`info ${name}@1 --json`)),
  );
  assertEquals([now.digest, now.createdAt], [old.digest, old.createdAt]);
  assertStringIncludes(await it.succeeds("note new:config@1"), "Good");
  assertStringIncludes(await it.succeeds("alias new:config"), "production");
  await it.succeeds("rm config --all --yes --force");
  await it.prints("ls -q", "data:raw\nnew:config\nnote\n");
});

filledTest("a registry is not its own backup", async (it) => {
  const lines = ["mirror .holdfast .holdfast", "mirror .holdfast ./.holdfast/ config --check"];
  for (const line of [...lines, "verify --repair-from ./.holdfast"]) {
    const { code, err } = await it.holdfast(line);
    assertEquals(code, 2, line);
    assertMatch(err, /^error: Cannot (mirror|repair): both registries are file:.*\/\.holdfast\n/);
  }
});

filledTest("mirror selects, renames and previews", async (it) => {
  await it.succeeds("init copy");
  assertMatch(await it.succeeds("mirror .holdfast copy --dry-run"), /^Would mirror 4 versions /);
  await it.prints("ls -q -r copy", "");
  await it.succeeds("mirror .holdfast copy config --range ^2 --rename con=my: --rename =all/");
  await it.succeeds(
    "mirror .holdfast copy --prefix data --rename con=my: --rename =all/ --no-aliases",
  );
  await it.prints("ls -q -r copy", "all/data:raw\nmy:fig\n");
  await it.prints("versions my:fig -q -r copy", "2.0.0\n");
  const { err } = await it.holdfast("mirror .holdfast copy note --rename =t/ --verbose");
  assertStringIncludes(err, "copied note@1.0.0 as t/note");
  const unused = await it.holdfast("mirror .holdfast copy note --rename zz:=x: --rename no=t/no");
  assertStringIncludes(unused.err, 'No name to rename begins with "zz:"');
  assertEquals(unused.err.includes("t/no"), false);
  await it.fails("mirror .holdfast copy --rename con=-x", 2);
  await it.prints("ls -q -r copy", "all/data:raw\nmy:fig\nt/note\n");
  for (const wrong of ["note --rename note", "note@1", "--range x.y.z.w", "--concurrency 0"]) {
    await it.fails(`mirror .holdfast copy ${wrong}`, 2);
  }
  await it.fails("mirror .holdfast copy nothing", 3);
  await it.fails("mirror .holdfast elsewhere", 3);
});

filledTest("mirror shows what could not be mirrored as a table, and ends with 1", async (it) => {
  await it.succeeds("init copy");
  await it.succeeds("save note - --as text -r copy", { stdin: "another" });
  const { code, out } = await it.holdfast("mirror .holdfast copy");
  assertEquals(code, 1);
  const lines = out.trimEnd().split("\n");
  assertMatch(lines[0], /^REF +CODE +PROBLEM$/);
  assertMatch(lines[1], /^note@1\.0\.0 +Conflict +Cannot mirror to "note@1\.0\.0"/);
  assertMatch(lines.at(-1)!, /^Mirrored 3 versions .*, 1 failed$/);
  const json = (await it.holdfast("mirror .holdfast copy --json")).out.trimEnd().split("\n")
    .map((line) => JSON.parse(line));
  assertEquals([json[0].code, json[0].name, json.at(-1).failures, json.at(-1).skipped], [
    "Conflict",
    "note",
    1,
    3,
  ]);
  assertStringIncludes(json[0].hint, "--rename");
  assertStringIncludes(json[0].hint, "--range");
});

filledTest("mirror --create creates nothing if source or pattern are mistyped", async (it) => {
  const before = await filesIn(it.cwd);
  await it.fails("mirror .holdfst copy --create", 3, "the first one must be an existing registry");
  await it.fails("mirror data copy --create", 3);
  await it.fails(["mirror", ".holdfast", "copy", "nt*", "--create"], 3, "no name matches");
  assertEquals(await filesIn(it.cwd), before);
});

filledTest("mirror of a release brings its members", async (it) => {
  await it.succeeds("publish kit model=config@1");
  await it.succeeds("publish app kit=kit@1 --alias production");
  assertMatch(await it.succeeds("mirror .holdfast copy app --create"), /^Mirrored 3 versions /);
  await it.succeeds("load app@production/kit -r copy");
  const { code, out } = await it.holdfast("mirror .holdfast other --create --rename =t/");
  assertEquals(code, 1);
  assertStringIncludes(out, 'its member "kit@1.0.0" is not in the target');
});

filledTest("a lost registry comes back from its mirror with rules and settings", async (it) => {
  await it.each([
    ["settings --grace 7d", 0],
    ["settings --share files", 0],
    ["rules set config --protect-alias production --keep-last 50", 0],
    ["mirror .holdfast backup --create", 0],
    ["rules set tmp:* --keep-last 3", 0],
    ["settings --grace 9d", 0],
    [
      "mirror .holdfast backup --create",
      0,
      "does not have 1 rule of the source. Copy them with --settings",
    ],
    ["mirror .holdfast backup --settings", 0],
    ["mirror .holdfast backup --check", 0],
  ]);
  await Deno.rename(it.root.join(".holdfast"), it.root.join("lost"));
  await it.each([
    ["mirror backup .holdfast --create", 0],
    ["rules ls", 0, "protected aliases production", "tmp:*"],
    ["alias config production 1", 4, "protects this alias"],
    ["settings", 0, /grace +216 h/, "whole files"],
  ]);
  const settings = (where: string) => it.json(`settings --json -r ${where}`);
  assertEquals(await settings(".holdfast"), await settings("lost"));
});

filledTest("a mirror leaves the rules of a target that has its own", async (it) => {
  await it.each([
    ["init copy", 0],
    ["rules set ** --protect -r copy", 0],
    ["rules set config --keep-last 5", 0],
    ["mirror .holdfast copy --create", 0, "does not have 1 rule"],
    ["mirror .holdfast copy --settings --dry-run", 0],
    ["rules ls -r copy", 0, "protect"],
    ["mirror .holdfast copy --settings", 0],
    ["rules ls -r copy", 0, "keep last 5"],
  ]);
  assertEquals((await it.succeeds("rules ls -r copy")).includes("**"), false);
  const { missingRules } = await it.json("mirror .holdfast copy --json");
  assertEquals(missingRules, 0);
});
