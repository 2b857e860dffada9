import { assertEquals, assertStringIncludes } from "@std/assert";
import { damageRecords } from "../../damage_records.ts";
import { cliTest, filledTest } from "../../captured_io.ts";

const ASKING = ["stdin", "stderr"] as ("stdin" | "stderr")[];

filledTest("rm asks on a terminal and deletes only on yes", async (it) => {
  const no = await it.holdfast("rm config@1", { terminals: ASKING, stdin: "\n" });
  assertEquals(no.code, 1);
  assertStringIncludes(no.err, "Delete config@1.0.0 (");
  assertStringIncludes(no.err, "[y/N] Nothing was deleted");
  const yes = await it.holdfast("rm config@1", { terminals: ASKING, stdin: "y\n" });
  assertEquals([yes.code, yes.out], [0, "Deleted config@1.0.0\n"]);
  await it.prints("versions config -q", "2.0.0\n");
});

filledTest("rm without a terminal needs --yes", async (it) => {
  await it.fails("rm note@1", 2, "hint: In scripts pass --yes.", { stdin: "y\n" });
  await it.prints("rm note@1 --yes --json", `{"deleted":[{"name":"note","version":"1.0.0"}]}\n`);
  await it.fails("load note", 3);
});

filledTest(
  "rm of a bare name needs --all, and prints how many versions it would delete",
  async (it) => {
    await it.fails(
      "rm note --yes",
      2,
      "hint: Pick one: holdfast versions note. For all: holdfast rm note --all",
    );
    await it.fails("rm config --all --yes", 4);
    await it.prints("rm config --all --yes --force", "Deleted config (2 versions)\n");
    await it.prints("ls -q", "data:raw\nnote\n");
  },
);

filledTest("rm of a version that an alias names needs --force", async (it) => {
  await it.fails("rm config@production --yes", 4, "hint: ");
  await it.prints("rm config@production --yes -f", "Deleted config@2.0.0\n");
});

filledTest("rm refuses ranges, --all with a version, and what is not there", async (it) => {
  const bad: [line: string, code: number][] = [["config@^1", 2], ["config@1 --all", 2], [
    "nothing --all",
    3,
  ], ["note@7", 3]];
  for (const [line, expected] of bad) {
    const { code, err } = await it.holdfast(`rm ${line} --yes`);
    assertEquals(code, expected, `${line}: ${err}`);
  }
});

cliTest("rm takes a bare name where names have no versions", async (it) => {
  await it.succeeds("init --unversioned");
  await it.succeeds("save a -");
  await it.succeeds("rm a --yes");
  await it.fails("load a", 3);
});

filledTest("rm deletes a damaged version with --force", async (it) => {
  await damageRecords(it.root.join(".holdfast"), "config");
  await it.fails(
    "rm config@1 --yes",
    5,
    "hint: Delete it anyway: holdfast rm config@1.0.0 --force\n",
  );
  const asked = await it.holdfast("rm config@1 --force", { terminals: ASKING, stdin: "y\n" });
  assertEquals([asked.code, asked.out], [0, "Deleted config@1.0.0\n"]);
  assertStringIncludes(asked.err, "Delete config@1.0.0 (damaged)? [y/N]");
  await it.prints("rm config@production --force --yes", "Deleted config@2.0.0\n");
  await it.prints("ls -q", "data:raw\nnote\n");
});

filledTest("rm --dry-run fails where rm does, and neither deletes a part", async (it) => {
  await it.succeeds("publish serving n=note");
  await it.succeeds("publish zoo n=note");
  await it.succeeds("rules set data:* --protect");
  for (
    const refs of [
      ...["config@2", "config@1 config@2", "config --all", "data:raw@1", "config@1 data:raw@1"],
      ...["note@1 zoo@1", "zoo@1 note@1", "serving note zoo --all", "'*' --all"],
    ]
  ) {
    const line = refs.replaceAll("'", "");
    const runs = [await it.holdfast(`rm ${line} --dry-run`), await it.holdfast(`rm ${line} --yes`)];
    assertEquals(runs.map(({ code }) => code), [4, 4], refs);
    assertEquals(runs[0]!.err, runs[1]!.err);
    await it.prints("ls -q", "config\ndata:raw\nnote\nserving\nzoo\n");
    await it.prints("versions config -q", "2.0.0\n1.0.0\n");
  }
  await it.succeeds("rm * --all --force --yes");
  await it.prints("ls -q", "");
});
