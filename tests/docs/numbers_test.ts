// Numbers of README and the guide that follow from a benchmark: what they say of other programs.
import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { readFile } from "node:fs/promises";
import { join } from "@std/path";
import { decidingRows, rowsAtTop } from "../bench/deciding.ts";
import { REPOSITORY } from "../support/run_deno.ts";

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
