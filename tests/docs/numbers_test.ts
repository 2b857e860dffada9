// Numbers of README and the guide that follow from a benchmark or from the tests.
import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { readFile } from "node:fs/promises";
import { join } from "@std/path";
import { SCHEDULES } from "../simulate/schedules/mod.ts";
import { decidingRows, rowsAtTop } from "../bench/deciding.ts";
import { readmeSamples } from "../dev/npm/readme_samples.ts";
import { REPOSITORY } from "../support/run_deno.ts";
import { sourceFiles } from "../support/source_files.ts";

const PAIRS = /^## Second versions[^]*?(?=^## )/m;

Deno.test("the pages say of second versions what the table of docs/performance.md has", async () => {
  const [table] = PAIRS.exec(await readText("docs/performance.md"))!;
  const [restic, holdfast] = ["restic: \\w+", "save \\w+"].map((row) => addedOf(table, row));
  assertEquals([restic.length, holdfast.length], [8, 8]);
  const lower = restic.filter((value, i) => value < holdfast[i]).length;
  assertEquals(lower, 1, "kinds of which restic adds less: docs/version_cost.md names one");
  for (const page of ["README.md", "docs/version_cost.md"]) {
    const text = await readProse(page);
    assertMatch(text, new RegExp(`adds ${mean(holdfast).toPrecision(2)} % `), page);
    assertMatch(text, new RegExp(`adds ${mean(restic).toPrecision(2)} %`), page);
  }
});

Deno.test("the rows that decide are those of the tables below them", async () => {
  const page = await readText("docs/performance.md");
  assertEquals(rowsAtTop(page), decidingRows(page));
});

Deno.test("README says how much slower downloads are than with s5cmd, and from MinIO", async () => {
  const page = await readText("docs/performance.md"), readme = await readProse("README.md");
  const [, service] = /^\| the service: GET of 8 MiB[^|]*\|[^|]*\| \**([\d.]+)/m.exec(page)!;
  assertStringIncludes(readme, `8 MiB from the service ${service} times as long as from MinIO`);
  const sections = page.split(/^## /m)
    .filter((text) => / in a bucket|bucket compared with s5cmd/.test(text.split("\n", 1)[0]!));
  const ratios = sections.flatMap((text) =>
    Array.from(
      text.matchAll(/^\| download [^|]*\|[^|]*\| \**([\d.]+)\** .*s5cmd/gm),
      ([, times]) => Number(times),
    )
  );
  const most = Math.max(...ratios);
  assertStringIncludes(readme, `up to ${most} times as long as with s5cmd`);
});

Deno.test("the programs of README parse on the Node that it names", async () => {
  const readme = await readProse("README.md");
  assertStringIncludes(readme, "run on Deno 2.9, Node 22.12, Bun");
  for (const { text } of await readmeSamples()) {
    assertEquals(/\busing\b/.test(text), false, text); // Node 24 is the first with it
  }
});

Deno.test("README counts the tests that it names", async () => {
  const readme = await readProse("README.md");
  const seeds = /HOLDFAST_SEEDS:-(\d+)/.exec(await readText(".ci/run"))![1];
  const schedules = Math.floor((SCHEDULES.length - 1) / 10) * 10; // "over" that
  const tested = `${grouped(seeds)} random runs of over ${schedules} schedules`;
  assertStringIncludes(readme, tested);

  const judge = await readText("tests/judges/linearizability/linearizability_test.ts");
  const models = /^const MODELS.*\[(.*)\]/m.exec(judge)![1].split(",").length;
  const [long, short] = /^const SIMULATED = isLong \? (\d+) : (\d+)/m.exec(judge)!.slice(1);
  const byProcesses = [...judge.matchAll(/histories: isLong \? (\d+) : (\d+)/g)];
  const histories = (simulated: string, index: number) =>
    (models + 1) * Number(simulated) + // releases too
    byProcesses.reduce((sum, counts) => sum + models * Number(counts[index]), 0);
  const [fewer, more] = [histories(short, 2), histories(long, 1)]
    .map((count) => grouped(Math.floor(count / 100) * 100));
  assertMatch(readme, new RegExp(`checks over ${fewer} histories.*, and over ${more} before`));

  const power = await readText("tests/judges/power_loss/power_loss_test.ts");
  const rounds = /^const ROUNDS.*ext4: (\d+), xfs: \1 .*ext4: (\d+), xfs: (\d+)/m.exec(power)!;
  const [, before, ext4, xfs] = rounds;
  assertMatch(
    readme,
    new RegExp(`${xfs} to ${ext4} times; before a release, ${before} times each`),
  );

  const files = (await sourceFiles(["tests"])).filter((path) => path.endsWith("_test.ts"));
  const texts = await Promise.all(files.map(readText));
  const killing = texts.filter((text) => /SIGKILL|server\.kill\(/.test(text)).length;
  assertStringIncludes(readme, `Some ${Math.round(killing / 10) * 10} test files kill`);
});

async function readText(path: string): Promise<string> {
  return await readFile(join(REPOSITORY, path), "utf8");
}

/** The text of a page on one line. */
async function readProse(path: string): Promise<string> {
  return (await readText(path)).replace(/\s+/g, " ");
}

/** The percentages in the rows of the table whose names match. */
function addedOf(table: string, row: string): number[] {
  const rows = table.matchAll(new RegExp(`^\\| ${row} +\\|.*added: ([\\d.]+) %`, "gm"));
  return Array.from(rows, ([, percent]) => Number(percent));
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function grouped(count: number | string): string {
  return Number(count).toLocaleString("en");
}
