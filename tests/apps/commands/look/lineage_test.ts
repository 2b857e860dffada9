import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { tempRoot } from "../../../support/temp_root.ts";
import { damageRecords } from "../../damage_records.ts";
import { holdfast, succeeds } from "../../captured_io.ts";

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

Deno.test("lineage draws what a version was made from and into, each subtree once", async () => {
  await using root = await tempRoot();
  const { path: cwd } = root;
  await fill(cwd);
  assertEquals(
    await succeeds("lineage report", { cwd }),
    `report@1.0.0

made from
├─ model@1.0.0
│  └─ clean@1.0.0
│     └─ data@1.0.0
└─ clean@1.0.0 (its own are above)

made into
└─ nothing that is known
`,
  );
  const near = await holdfast("lineage clean --down --depth 1", { cwd });
  assertEquals(near.out, "clean@1.0.0\n\nmade into\n├─ model@1.0.0\n└─ report@1.0.0\n");
  assertStringIncludes((await holdfast("lineage data --depth 1", { cwd })).err, "There is more");
});

Deno.test("lineage says as a diagram and as JSON what it says as text", async () => {
  await using root = await tempRoot();
  const { path: cwd } = root;
  await fill(cwd);
  await succeeds(["save", `o"dd]`, "-", "--as", "text", "--input", "clean"], { cwd, stdin: "x" });
  const drawn = (as: string) => succeeds(["lineage", `o"dd]`, "--up", "--as", as], { cwd });
  assertMatch(
    await drawn("mermaid"),
    /^flowchart LR\n {2}b0\["o#34;dd#93;@1\.0\.0"\]\n.*"clean<br\/>which version is not known".*b1 --> b0\n/s,
  );
  assertMatch(await drawn("dot"), /^digraph/);
  const svg = await drawn("svg");
  assert(svg.startsWith("<svg ") && svg.endsWith("</svg>\n"));
  assertStringIncludes(svg, "which version is not known");
  const down = await holdfast("lineage clean --down --json", { cwd });
  const { root: of, edges, unsure } = JSON.parse(down.out);
  assertEquals([of, edges.length, unsure], ["clean@1.0.0", 3, [`o"dd]@1.0.0`]]);
  assertStringIncludes(down.err, "May be made from it too");
});

Deno.test("lineage of nothing is exit code 3, of no depth 2, beside a damaged record 5", async () => {
  await using root = await tempRoot();
  const { path: cwd } = root;
  await fill(cwd);
  assertEquals((await holdfast("lineage nothing", { cwd })).code, 3);
  assertEquals((await holdfast("lineage data --depth 0", { cwd })).code, 2);
  assertEquals((await holdfast("lineage", { cwd })).code, 2);
  assertEquals((await holdfast("lineage data --rebuild", { cwd })).code, 2);
  await damageRecords(root.join(".holdfast"), "model");
  const { code, out, err } = await holdfast("lineage clean --down", { cwd });
  assertEquals(code, 5, err);
  assertStringIncludes(out, "└─ report@1.0.0");
  assertMatch(err, /damaged record: model@1\.0\.0\. See: holdfast verify/);
});

Deno.test("lineage --rebuild notes what is missing; until then looking down says that it read all", async () => {
  await using root = await tempRoot();
  const { path: cwd } = root;
  await fill(cwd);
  const before = await holdfast("lineage data --down", { cwd });
  assertEquals(before.err, "");
  await Deno.remove(root.join(".holdfast/lineage"), { recursive: true });
  const scanned = await holdfast("lineage data --down", { cwd });
  assertEquals(scanned.out, before.out);
  assertStringIncludes(scanned.err, "Every record was read for this");
  assertStringIncludes(
    (await holdfast("verify --shallow", { cwd })).err,
    "Lineage: not all is noted",
  );
  assertEquals(
    await succeeds("lineage --rebuild", { cwd }),
    "Noted 4 inputs that were missing, of 4 records\n",
  );
  assertEquals(JSON.parse(await succeeds("lineage --rebuild --json", { cwd })).noted, 0);
  assertEquals(await holdfast("lineage data --down", { cwd }), before);
});

Deno.test("lineage --rebuild beside a damaged record is exit code 5, and verify names a note that is missing", async () => {
  await using root = await tempRoot();
  const { path: cwd } = root;
  await fill(cwd);
  await Deno.remove(root.join(".holdfast/lineage/clean"), { recursive: true });
  const { code, out, err } = await holdfast("verify --shallow", { cwd });
  assertEquals(code, 1);
  assertStringIncludes(out, 'Cannot find the note of what "model@1.0.0" is made from');
  assertStringIncludes(out + err, "holdfast lineage --rebuild");
  await damageRecords(root.join(".holdfast"), "model");
  const rebuilt = await holdfast("lineage --rebuild", { cwd });
  assertEquals(rebuilt.code, 5);
  assertMatch(
    rebuilt.err,
    /damaged record: model@1\.0\.0\. See: holdfast verify\n.*reads? every record/s,
  );
});
