import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { openRegistry } from "../../../../../mod.ts";
import { damageRecords } from "../../../damage_records.ts";
import { cliTest, succeeds } from "../../../captured_io.ts";

/** data -> clean -> model -> report, and clean -> report. */
async function fill(cwd: string): Promise<void> {
  await succeeds("init", { cwd });
  const saves = [
    "data",
    "clean --input data@1",
    "model --input clean@1",
    "report --input model@1 --input clean@1",
  ];
  for (const save of saves) {
    const [name, ...rest] = save.split(" ");
    await succeeds(["save", name, "-", "--as", "text", ...rest], { cwd, stdin: name });
  }
}

cliTest("lineage draws each subtree once", async (it) => {
  await fill(it.cwd);
  await it.prints(
    "lineage report",
    `report@1.0.0

made from
├─ model@1.0.0
│  └─ clean@1.0.0
│     └─ data@1.0.0
└─ clean@1.0.0 (see above)

made into
└─ nothing known
`,
  );
  const near = await it.holdfast("lineage clean --down --depth 1");
  assertEquals(near.out, "clean@1.0.0\n\nmade into\n├─ model@1.0.0\n└─ report@1.0.0\n");
  assertStringIncludes((await it.holdfast("lineage data --depth 1")).err, "There is more");
});

cliTest("lineage prints diagrams and JSON", async (it) => {
  await fill(it.cwd);
  await using registry = await openRegistry(it.root.join(".holdfast"));
  await registry.save(`o"dd]`, "x", { inputs: [{ ref: "clean", digest: null }] }); // as once saved
  assertMatch(
    await it.succeeds(["lineage", `o"dd]`, "--up", "--as", "mermaid"]),
    /^flowchart LR\n {2}b0\["o#34;dd#93;@1\.0\.0"\]\n.*"clean<br\/>version unknown".*b1 --> b0\n/s,
  );
  const down = await it.holdfast("lineage clean --down --json");
  const { root: of, edges, unsure } = JSON.parse(down.out);
  assertEquals([of, edges.length, unsure], ["clean@1.0.0", 3, [`o"dd]@1.0.0`]]);
  assertStringIncludes(down.err, "Perhaps also made from it");
});

cliTest("lineage exits with 3, 2 or 5 on errors", async (it) => {
  await fill(it.cwd);
  await it.fails("lineage nothing", 3);
  await it.fails("lineage data --depth 0", 2);
  await it.fails("lineage", 2);
  await it.fails("lineage data --rebuild", 2);
  await damageRecords(it.root.join(".holdfast"), "model");
  const { code, out, err } = await it.holdfast("lineage clean --down");
  assertEquals(code, 5, err);
  assertStringIncludes(out, "└─ report@1.0.0");
  assertMatch(err, /damaged record: model@1\.0\.0\. See: holdfast verify/);
});

cliTest("verify reports missing notes of lineage", async (it) => {
  await fill(it.cwd);
  await Deno.remove(it.root.join(".holdfast/lineage/clean"), { recursive: true });
  const { code, out, err } = await it.holdfast("verify --shallow");
  assertEquals(code, 1);
  assertStringIncludes(out, 'Cannot read the lineage note of "model@1.0.0"');
  assertStringIncludes(out + err, "Write an empty object with the key lineage/clean/");
});
