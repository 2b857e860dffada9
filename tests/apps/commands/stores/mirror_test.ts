import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { tempRoot } from "../../../support/temp_root.ts";
import { fillRegistry, holdfast, succeeds } from "../../captured_io.ts";

Deno.test("mirror brings all to another registry, and the next time only what is new", async () => {
  await using root = await tempRoot();
  const { path: cwd } = root;
  await fillRegistry(cwd);
  await succeeds("init copy", { cwd });
  assertMatch(
    await succeeds("mirror .holdfast copy", { cwd }),
    /^Mirrored 4 versions \(5 files, \d+ B\), 1 alias, 0 unchanged\n$/,
  );
  const [original, mirrored] = await Promise.all(
    [".holdfast", "copy"].map((place) =>
      succeeds(`info config@production --json -r ${place}`, { cwd })
    ),
  );
  const { commit, origin, ...kept } = JSON.parse(mirrored);
  assertEquals(kept, (({ commit: _, ...rest }) => rest)(JSON.parse(original)));
  assertEquals([origin.commit === commit, origin.commit], [false, JSON.parse(original).commit]);
  assertEquals(
    await succeeds("mirror .holdfast copy", { cwd }),
    "Mirrored 0 versions (0 files, 0 B), 4 unchanged\n",
  );
  await succeeds("rm config@1 --yes", { cwd });
  const report = JSON.parse(await succeeds("mirror .holdfast copy --json", { cwd }));
  assertEquals([report.copied, report.deleted, report.skipped, report.failures], [0, 1, 3, 0]);
  assertEquals(await succeeds("mirror .holdfast copy --quiet", { cwd }), "");
  assertStringIncludes(await succeeds("verify -r copy", { cwd }), "All is well: 3 versions");
});

Deno.test("mirror takes names, a prefix, a range and new names, and says beforehand what it would do", async () => {
  await using root = await tempRoot();
  const { path: cwd } = root;
  await fillRegistry(cwd);
  await succeeds("init copy", { cwd });
  assertMatch(
    await succeeds("mirror .holdfast copy --dry-run", { cwd }),
    /^Would mirror 4 versions /,
  );
  assertEquals(await succeeds("ls -q -r copy", { cwd }), "");
  await succeeds("mirror .holdfast copy config --range ^2 --rename con=my: --rename =all/", {
    cwd,
  });
  await succeeds(
    "mirror .holdfast copy --prefix data --rename con=my: --rename =all/ --no-aliases",
    { cwd },
  );
  assertEquals(await succeeds("ls -q -r copy", { cwd }), "all/data:raw\nmy:fig\n");
  assertEquals(await succeeds("versions my:fig -q -r copy", { cwd }), "2.0.0\n");
  const { err } = await holdfast("mirror .holdfast copy note --rename =t/ --verbose", { cwd });
  assertStringIncludes(err, "copied note@1.0.0 as t/note");
  for (const wrong of ["note --rename note", "note@1", "--range x.y.z.w", "--concurrency 0"]) {
    assertEquals((await holdfast(`mirror .holdfast copy ${wrong}`, { cwd })).code, 2, wrong);
  }
  assertEquals((await holdfast("mirror .holdfast copy nothing", { cwd })).code, 3);
  assertEquals((await holdfast("mirror .holdfast elsewhere", { cwd })).code, 3);
});

Deno.test("mirror shows what could not be mirrored as a table, and ends with 1", async () => {
  await using root = await tempRoot();
  const { path: cwd } = root;
  await fillRegistry(cwd);
  await succeeds("init copy", { cwd });
  await succeeds("save note - --as text -r copy", { cwd, stdin: "another" });
  const { code, out } = await holdfast("mirror .holdfast copy", { cwd });
  assertEquals(code, 1);
  const lines = out.trimEnd().split("\n");
  assertMatch(lines[0], /^REF +CODE +PROBLEM$/);
  assertMatch(lines[1], /^note@1\.0\.0 +Conflict +Cannot mirror to "note@1\.0\.0"/);
  assertMatch(lines.at(-1)!, /^Mirrored 3 versions .*, 1 failed$/);
  const json = (await holdfast("mirror .holdfast copy --json", { cwd })).out.trimEnd().split("\n")
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

Deno.test("mirror of a plain folder is told to save it, and of no folder at all to check the place", async () => {
  await using root = await tempRoot();
  const { path: cwd } = root;
  await Deno.mkdir(root.join("plain"));
  await succeeds("init ./there", { cwd });
  const folder = await holdfast("mirror ./plain ./there", { cwd });
  assertEquals(folder.code, 3);
  assertStringIncludes(folder.err, "Save it: holdfast save NAME ./plain -r ./there\n");
  assertStringIncludes(
    (await holdfast("mirror ./none ./there", { cwd })).err,
    "hint: Check the place",
  );
});
