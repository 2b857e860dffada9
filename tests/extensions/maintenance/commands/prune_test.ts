import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { realSystem } from "../../../../core/system.ts";
import { damageRecords } from "../../../apps/damage_records.ts";
import { cliTest, fillRegistry, succeeds } from "../../../apps/captured_io.ts";

async function saveFive(cwd: string): Promise<void> {
  await fillRegistry(cwd);
  for (let i = 0; i < 3; i++) await succeeds("save config - --as json", { cwd, stdin: `${i}` }); // 3, 4, 5
}

cliTest("prune keeps the newest versions and aliased ones", async (it) => {
  await saveFive(it.cwd);
  const dry = await it.holdfast("prune --keep-last 2 --dry-run");
  assertEquals(dry.out, "config@3.0.0\nconfig@1.0.0\n");
  assertStringIncludes(dry.err, "Would delete 2 versions, kept");
  assertStringIncludes(dry.err, "stays: config@2.0.0: alias ");
  await it.prints("versions config -q", "5.0.0\n4.0.0\n3.0.0\n2.0.0\n1.0.0\n");
  await it.succeeds("prune --keep-last 2 --yes");
  await it.prints("versions config -q", "5.0.0\n4.0.0\n2.0.0\n");
});

cliTest("prune --json prints each version, and a report as its last line", async (it) => {
  await saveFive(it.cwd);
  const deleted = ["3.0.0", "1.0.0"].map((version) => ({ name: "config", version }));
  for (const dryRun of [true, false]) {
    const lines = await it.jsonLines(
      `prune config --keep-last 2 --json ${dryRun ? "--dry-run" : "--yes"}`,
    );
    assertEquals(lines, [...deleted, { dryRun, deleted: 2, kept: 3, failures: [] }]);
  }
  const last = await it.json("prune config --keep-last 2 --json --yes");
  assertEquals([last.deleted, last.kept], [0, 3]);
});

cliTest("prune keeps versions by day and by metadata", async (it) => {
  await saveFive(it.cwd);
  const dry = async (rules: string) =>
    await it.succeeds(["prune", "-n", "config", ...rules.split("|")]);
  assertEquals(
    await dry("--keep-where|metadata.epochs = 3"),
    "config@5.0.0\nconfig@4.0.0\n" +
      "config@3.0.0\nconfig@1.0.0\n",
  );
  assertEquals(await dry("--keep-monthly|9|--keep-weekly|9|--keep-daily|9|--keep-last|5"), "");
  assertStringIncludes(await dry("--keep-daily|1"), "config@1.0.0\n");
  await it.fails("prune --keep-where nonsense", 2);
});

cliTest("prune asks first, takes names, and keeps what is young", async (it) => {
  await saveFive(it.cwd);
  await it.fails("prune --keep-last 1", 2);
  const no = await it.holdfast("prune --keep-last 1 config", {
    terminals: ["stdin", "stderr"],
    stdin: "no\n",
  });
  assertEquals(no.code, 1);
  assertMatch(
    no.err,
    /^(would delete: \S+@\S+\n){3}(stays: \S+: alias \S+\n)*Delete 3 versions\? \[y\/N\] Nothing was deleted/,
  );
  await it.prints("prune --keep-last 1 note --yes", "");
  await it.prints("prune --older-than 30d --yes", "");
  await it.fails("prune --yes", 2);
});

cliTest("prune keeps unreadable versions and exits with 1", async (it) => {
  await saveFive(it.cwd);
  await damageRecords(it.root.join(".holdfast"), "note");
  const { code, out, err } = await it.holdfast("prune --keep-last 0 --yes");
  const config = [5, 4, 3, 1].map((n) => `config@${n}.0.0\n`).join("");
  assertEquals([code, out], [1, `${config}data:raw@1.0.0\n`]);
  assertStringIncludes(
    err,
    'stays: note@1.0.0: Cannot prune "note@1.0.0": a record cannot be read: ',
  );
  assertStringIncludes(err, "holdfast verify");
});

cliTest("prune shows its progress", async (it) => {
  await saveFive(it.cwd);
  let now = 0;
  const system = { ...realSystem, env: () => undefined, monotonic: () => now += 300 };
  const terminals = ["stdin" as const, "stderr" as const];
  const looked = { terminals, system, stdin: "yes\n" };
  const { err } = await it.holdfast("prune --keep-last 1", looked);
  assertMatch(err, /prune {2}\d+% {2}\d of 3 versions/);
});

cliTest("prune reports names that a rule protects", async (it) => {
  await saveFive(it.cwd);
  await it.succeeds("rules set con* --protect");
  for (const flags of ["--dry-run", "--yes"]) {
    const { out, err } = await it.holdfast(`prune config --keep-last 1 ${flags}`);
    assertEquals(out, "");
    assertStringIncludes(err, "Left out 1 name that a rule protects: holdfast rules ls\n");
  }
});

cliTest("ages in m are refused: minutes here, and months in other tools", async (it) => {
  await saveFive(it.cwd);
  for (const command of ["prune --yes", "rules set config"]) {
    await it.fails(`${command} --older-than 6m`, 2, "180d");
    await it.succeeds(`${command} --older-than 0.1h`);
  }
  await it.prints("versions config -q", "5.0.0\n4.0.0\n3.0.0\n2.0.0\n1.0.0\n");
});
