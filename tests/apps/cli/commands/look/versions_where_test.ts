import { assertEquals, assertStringIncludes } from "@std/assert";
import { cliTest, filledTest } from "../../../captured_io.ts";

cliTest("versions --where, --sort and --columns answer which run is best", async (it) => {
  await it.succeeds("init");
  for (const accuracy of ["0.9", "0.95", "0.7"]) {
    await it.succeeds(`save m - -m accuracy:=${accuracy}`, { stdin: accuracy });
  }
  await it.succeeds("save m - -m note=first", { stdin: "none" });
  await it.succeeds("note m@3 -l stage=rejected");
  const versions = async (...flags: string[]) =>
    (await it.succeeds(["versions", "m", "--quiet", ...flags])).trim().split("\n").join(" ");
  assertEquals(await versions("--where", "metadata.accuracy > 0.8"), "2.0.0 1.0.0");
  assertEquals(await versions("--where", "labels.stage != rejected"), "4.0.0 2.0.0 1.0.0");
  assertEquals(await versions("--sort", "-metadata.accuracy"), "2.0.0 1.0.0 3.0.0 4.0.0");
  assertEquals(await versions("--sort", "metadata.accuracy"), "3.0.0 1.0.0 2.0.0 4.0.0");
  assertEquals(await versions("--sort", "version", "--limit", "2"), "1.0.0 2.0.0");
  assertEquals(
    await versions("--where", "version < 3", "--sort", "-metadata.accuracy", "--limit", "1"),
    "2.0.0",
  );
  const columns = "version,metadata.accuracy,labels.stage,metadata.note";
  const table = await it.succeeds(["versions", "m", "--columns", columns, "--range", ">=3"]);
  assertEquals(table.trimEnd().split("\n").map((line) => line.trimEnd().split(/ {2,}/)), [
    ["VERSION", "metadata.accuracy", "labels.stage", "metadata.note"],
    ["4.0.0", "first"],
    ["3.0.0", "0.7", "rejected"],
  ]);
  const [best] = await it.jsonLines("versions m --sort -metadata.accuracy --limit 1 --json");
  assertEquals([best.version, best.metadata], ["2.0.0", { accuracy: 0.95 }]);
  await it.fails("versions m --sort accuracy", 2, 'unknown field "accuracy"');
  for (const field of ["metadata.nope", "-metadata.nope", "labels.nope"]) {
    const state = `no version has "${field.replace("-", "")}"`;
    await it.fails(`versions m --sort ${field}`, 2, state);
  }
  await it.fails("versions m --columns version,__proto__", 2, "unknown field");
  const { err } = await it.holdfast(["versions", "m", "--where", "metadata.accuracy > 1"]);
  assertStringIncludes(err, "matches");
});

cliTest("numbers in text and times are compared by value, with a note", async (it) => {
  await it.succeeds("init");
  const runs = [["9", "09:00:00+02:00"], ["10", "08:30:00Z"], ["100", "01:00:00-08:00"]];
  for (const [epochs, time] of runs) {
    const facts = ["-m", `epochs=${epochs}`, "-m", `started=2026-11-20T${time}`];
    await it.succeeds(["save", "m", "-", ...facts], { stdin: epochs });
  }
  await it.succeeds("save m - -m epochs:=50", { stdin: "50" });
  const versions = async (...flags: string[]) => {
    const { out, err } = await it.holdfast(["versions", "m", "--columns", "version", ...flags]);
    return [
      out.trim().split(/\s+/).slice(1).join(" "),
      /.*is text in \d+ versions?/.exec(err)?.[0],
    ];
  };
  const note = "metadata.epochs is text in 3 versions";
  assertEquals(await versions("--sort", "metadata.epochs"), ["1.0.0 2.0.0 4.0.0 3.0.0", note]);
  assertEquals(await versions("--sort", "-metadata.epochs", "--limit", "1"), ["3.0.0", note]);
  assertEquals(await versions("--where", "metadata.epochs >= 10.0"), ["4.0.0 3.0.0 2.0.0", note]);
  const byTime = ["--sort", "metadata.started", "--where", "metadata.started > 2026-11-20T08:00Z"];
  assertEquals(await versions(...byTime), ["2.0.0 3.0.0", undefined]);
  const { out, err } = await it.holdfast([
    ...["ls", "--where", "metadata.epochs > 60", "--all-versions", "--quiet"],
  ]);
  assertEquals([out.trim(), err], ["m", ""]);
  const listed = await it.holdfast(["ls", "--where", "metadata.epochs > 60", "--all-versions"]);
  assertStringIncludes(listed.err, "metadata.epochs is text in 1 version");
  await it.fails(["versions", "m", "--where", "metadata.day > 2027-02-30"], 2, "there is no date");
  await it.fails("ls --since 2027-02-30", 2, "there is no such date");
});

cliTest("NaN and infinities of metadata are compared and sorted as numbers", async (it) => {
  await it.succeeds("init");
  for (const loss of [":=1", "=NaN", "=Infinity", "=-Infinity", ":=-2"]) {
    await it.succeeds(["save", "m", "-", "-m", `loss${loss}`], { stdin: loss });
  }
  await it.succeeds("save m - -m note=none", { stdin: "none" });
  const versions = async (...flags: string[]) =>
    (await it.succeeds(["versions", "m", ...flags])).trim().split(/\s+/).join(" ");
  const sorted = (sort: string) => versions("--columns", "metadata.loss", "--sort", sort);
  assertEquals(await sorted("metadata.loss"), "metadata.loss -Infinity -2 1 Infinity NaN");
  assertEquals(await sorted("-metadata.loss"), "metadata.loss Infinity 1 -2 -Infinity NaN");
  const matching = (where: string) => versions("--quiet", "--where", where);
  assertEquals(await matching("metadata.loss > 0"), "3.0.0 1.0.0");
  assertEquals(await matching("metadata.loss < Infinity"), "5.0.0 4.0.0 1.0.0");
  assertEquals(await matching("metadata.loss = NaN"), "2.0.0");
  const shown = await it.jsonLines("versions m --json --range ^2");
  assertEquals(shown.map(({ metadata }) => metadata), [{ loss: "NaN" }]);
});

filledTest("ls --where says that it looked at latest versions, or looks at all", async (it) => {
  const told = "Only the latest versions were compared";
  const latest = await it.holdfast(["ls", "--where", "version = 1", "--quiet"]);
  assertEquals(latest.out.trim().split("\n"), ["data:raw", "note"]);
  const run = (...flags: string[]) => it.holdfast(["ls", "--where", "version = 1", ...flags]);
  assertStringIncludes((await run()).err, told);
  const all = await run("--all-versions", "--json");
  assertEquals(all.err.includes(told), false);
  const rows = all.out.trim().split("\n").map((line) => JSON.parse(line));
  assertEquals(rows.map(({ name, version, versions }) => [name, version, versions]), [
    ["config", "1.0.0", 2],
    ["data:raw", "1.0.0", 1],
    ["note", "1.0.0", 1],
  ]);
  assertStringIncludes((await run("--all-versions")).out, "VERSION ");
  await it.fails("ls --all-versions --alias production", 2, "one version");
});

cliTest("a column that no version has is named", async (it) => {
  await it.succeeds("init");
  for (const loss of [0.3, 0.2]) {
    await it.succeeds(["save", "m", "-", "--as", "json", "--metadata", `loss:=${loss}`], {
      stdin: String(loss),
    });
  }
  const listed = async (...flags: string[]) => (await it.holdfast(["versions", "m", ...flags])).err;
  const columns = "version,metadata.los,metadata.loss,labels.stage";
  const note = "None of these versions has metadata.los, labels.stage.";
  assertStringIncludes(await listed("--columns", columns), `${note} Keys of the latest: holdfast`);
  assertEquals(await listed("--columns", "version,metadata.loss"), "");
  assertEquals(await listed("--columns", columns, "--quiet"), "");
});
