// Releases, notes and rules.
import { assertEquals, assertStringIncludes } from "@std/assert";
import { filledTest } from "../../captured_io.ts";

filledTest("publish, members and alias --rollback move members together", async (it) => {
  await it.tells(
    "publish serving c=config@1 n=note -a live",
    "Published serving@1.0.0 (2 members)",
  );
  await it.tells("publish serving c=config@2 n=note -a live", "serving@live is 2.0.0");
  assertStringIncludes(await it.succeeds("members serving@live --json"), '"ref":"config@2.0.0"');
  await it.tells("alias serving live --rollback", "serving@live is 1.0.0 again");
  assertStringIncludes(await it.succeeds("members serving@live --json"), '"ref":"config@1.0.0"');
  await it.succeeds("load serving@live/c --json");
  await it.fails("rm config@2 --yes", 4);
  await it.fails("load serving@live/other", 3);
  await it.fails("publish serving nothing", 2);
});

filledTest("note writes notes and labels, which ls and info show", async (it) => {
  await it.tells(
    "note config@2 Good -l stage=checked -l score:=0.9",
    "Changed config@2 (revision 1)",
  );
  assertStringIncludes(await it.succeeds("info config@2"), "stage   checked");
  assertStringIncludes(await it.succeeds("ls --where labels.stage=checked"), "config");
  await it.fails("note config@2 Bad --if-revision 0", 4);
  await it.succeeds("note config@2 --unlabel stage");
  const { labels, notes } = JSON.parse(await it.succeeds("note config@2 --json"));
  assertEquals([labels, notes], [{ score: 0.9 }, "Good"]);
  assertStringIncludes(await it.succeeds("log config"), "notes and labels of 2.0.0");
  const long = JSON.stringify({ signature: "x".repeat(40) });
  await it.succeeds(["note", "config@2", "--label", `signed:=${long}`, "--label", "by=bob"]);
  assertStringIncludes(await it.succeeds("log config"), '"signed":"…","by":"bob"');
  assertStringIncludes(await it.succeeds("log config --json"), long);
});

filledTest("rules are kept, and prune --rules follows them", async (it) => {
  await it.tells("rules set conf* --keep-last 1", "Rule for conf*: keep last 1");
  await it.tells("rules set note --protect", "Rule for note: protected");
  assertStringIncludes(await it.succeeds("rules ls"), "conf*");
  assertStringIncludes(await it.succeeds("rules test config"), "prune --rules follows conf*");
  await it.fails("rm note@1 --yes", 4);
  await it.fails("prune --rules --keep-last 1 --yes", 2);
  await it.succeeds("prune --rules --dry-run");
  await it.fails("rules set conf* --keep-daily 3", 4);
  await it.tells(
    "rules set conf* --keep-daily 3 --replace",
    "Rule for conf*: keep daily 3 (no longer: keepLast)",
  );
  await it.succeeds("rules rm conf*");
  await it.fails("rules rm conf*", 3);
  const changes = (await it.succeeds("rules log --json")).trim().split("\n").map((line) => {
    const { pattern, rule } = JSON.parse(line);
    return [pattern, rule ? rule.keepLast ?? rule.protect : "removed"];
  });
  assertEquals(changes, [["conf*", "removed"], ["conf*", undefined], ["note", true], ["conf*", 1]]);
});
