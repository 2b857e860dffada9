import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { walkFiles } from "../../walk_files.ts";
import { filledTest } from "../../captured_io.ts";

filledTest("verify reports the checked amounts", async (it) => {
  assertMatch(await it.succeeds("verify"), /^No problems: 4 versions, 5 files, \d+ B\n$/);
  await it.prints("verify note config --quiet", "");
});

filledTest("verify lists damage and exits with 1", async (it) => {
  await it.succeeds("save big -", { stdin: new Uint8Array(200_000) });
  const [payload] = await Array.fromAsync(walkFiles(it.root.join(".holdfast/objects")));
  await Deno.remove(payload);
  const { code, out } = await it.holdfast("verify");
  assertEquals(code, 1);
  const lines = out.trimEnd().split("\n");
  assertMatch(lines[0], /^REF +CODE +PROBLEM$/);
  assertMatch(lines[1], /^big@1\.0\.0 +Corrupt +/);
  assertMatch(lines.at(-1)!, /^1 problem in 5 versions/);
  const json = (await it.holdfast("verify --json")).out.trimEnd().split("\n").map((line) =>
    JSON.parse(line)
  );
  assertEquals([json[0].code, json.at(-1).ok, json.at(-1).problems], ["Corrupt", false, 1]);
  await it.tells("verify note", "No problems");
});

filledTest("verify reports unchecked objects and broken aliases", async (it) => {
  await Deno.writeTextFile(it.root.join(".holdfast/readme.txt"), "by ann");
  const { err } = await it.holdfast("verify note --shallow");
  assertStringIncludes(err, "Not checked: 2 other names; 1 file\n");
  assertStringIncludes(
    (await it.holdfast("verify")).err,
    "Not checked: 1 object of other programs\n",
  );
  await it.succeeds("alias config live 2");
  await it.succeeds("rm config@2 --force --yes");
  const { code, out } = await it.holdfast("verify");
  assertEquals(code, 1);
  assertMatch(
    out,
    /\nconfig@live +NotFound +Cannot find .*points to version 2\.0\.0, which was deleted/,
  );
  assertStringIncludes(out, "holdfast alias config live --delete");
  const [, report] = (await it.holdfast("verify --json")).out.trimEnd().split("\n").slice(-2);
  const { unseen, records } = JSON.parse(report);
  assertEquals([unseen.strangers, unseen.generations, records > 5], [1, 1, true]);
});

filledTest("verify repairs damage from a mirror, and a mirror from its original", async (it) => {
  await it.succeeds("save big -", { stdin: new Uint8Array(200_000) });
  await it.succeeds("mirror .holdfast copy --create");
  for (const [place, other] of [[".holdfast", "copy"], ["copy", ".holdfast"]]) {
    const [payload] = await Array.fromAsync(walkFiles(it.root.join(`${place}/objects`)));
    await Deno.remove(payload);
    const { code, out } = await it.holdfast(`verify big@1 -r ${place}`);
    assertEquals(code, 1);
    assertStringIncludes(out, "--repair-from MIRROR");
    assertMatch(
      await it.succeeds(`verify big -r ${place} --repair-from ${other}`),
      /^Repaired 1 problem\. No problems: /,
    );
    await it.tells(`verify -r ${place}`, "No problems: 5 versions");
  }
});

filledTest("verify refuses a missing mirror, and does not advise to create one", async (it) => {
  for (const place of ["nowhere", "./empty"]) {
    const { code, err } = await it.holdfast(`verify --repair-from ${place}`);
    assertEquals([code, err.includes("holdfast init")], [3, false], err);
    assertStringIncludes(
      err,
      "hint: Check the location: --repair-from takes an existing registry.",
    );
  }
});
