import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { walkFiles } from "../../apps/walk_files.ts";
import { filledTest } from "../../apps/captured_io.ts";

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
  const ofVersion = await it.holdfast("verify note@1 --shallow");
  assertStringIncludes(ofVersion.err, "Not checked: 2 other names");
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

filledTest("verify reads a sample each day, and says how much", async (it) => {
  await it.succeeds("save big -", { stdin: new Uint8Array(200_000) });
  assertMatch(
    await it.succeeds("verify --sample 1/30"),
    /^No problems: 5 versions, \d files?, [\d.]+ (B|kB|KiB) of 19[\d.]+ KiB \(one run of 30\)\n$/,
  );
  const { later, bytes, unseen } = JSON.parse(await it.succeeds("verify --sample 1% --json"));
  assertEquals([later.runs, bytes + later.bytes > 200_000], [100, true]);
  assertEquals(unseen.files, later.bytes > 0 ? 1 : 0);
  assertMatch(
    await it.succeeds("verify --sample 100%"),
    /^No problems: 5 versions, 6 files, [^(]*\n$/,
  );
});

filledTest("verify refuses samples that make no sense", async (it) => {
  const wrong = ["0%", "101%", "1", "0.01", "5/4", "1/0", "0/3", "-1%", "0.001%", "1/20000", "%"];
  for (const sample of wrong) {
    const { code, err } = await it.holdfast(`verify --sample=${sample}`);
    assertEquals(code, 2, sample);
    assertStringIncludes(err, `Cannot read sample "${sample}": not a part from 0.01% to 100%`);
    assertStringIncludes(err, "hint: Write 1% or 1/30.");
  }
  await it.fails("verify --sample 1% --shallow", 2, "--sample cannot be used with --shallow");
});

filledTest("verify checks one shard of several", async (it) => {
  await it.succeeds("save big -", { stdin: new Uint8Array(200_000) });
  const whole = JSON.parse(await it.succeeds("verify --json"));
  const sum = { versions: 0, records: 0, files: 0, bytes: 0 };
  for (const shard of ["0/3", "1/3", "2/3"]) {
    const report = JSON.parse(await it.succeeds(`verify --shard ${shard} --json`));
    for (const count of Object.keys(sum) as (keyof typeof sum)[]) sum[count] += report[count];
  }
  const { versions, records, files, bytes } = whole;
  assertEquals(sum, { versions, records, files, bytes });
  assertStringIncludes((await it.holdfast("verify --shard 1/3")).err, "Shard 1/3 (--shard)\n");
  await it.fails("verify --shard 3/3", 2, "not INDEX/COUNT");
  await it.fails("verify --shard auto", 2, "no scheduler variable is set");
});
