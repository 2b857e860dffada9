// Data sets of Hugging Face: classes have names, and images are images. `datasets` writes the file.
import { assertEquals, assertRejects } from "@std/assert";
import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { localPath, openRegistry } from "../../../mod.ts";
import { findPython } from "../../../tests/support/numpy.ts";
import { tempRoot } from "../../../tests/support/temp_root.ts";
import { readTable } from "../../src/previews/tables/read_table.ts";
import { findRows } from "../../src/previews/tables/table_rows.ts";
import { barriersInThemes } from "../support/barriers.ts";
import { IGNORED, openExplorer, SKIPPED } from "../support/browser.ts";
import { fakeFile } from "../support/fake_file.ts";

const python = await findPython("datasets, pyarrow", undefined, "HOLDFAST_HF_PYTHON");
const NO_PYTHON = python === undefined ? " (ignored: no Python with datasets)" : "";
const WRITER = fileURLToPath(new URL("hub_features.py", import.meta.url));

async function writeDataset(path: string): Promise<string> {
  await promisify(execFile)(python!, [WRITER, path]);
  return path;
}

Deno.test({
  name: `numbers of classes are their names, and media are no digits${NO_PYTHON}`,
  ignore: python === undefined,
  async fn() {
    await using root = await tempRoot();
    const path = await writeDataset(root.join("a.parquet"));
    const file = fakeFile("a.parquet", await readFile(path));
    let { read } = file;
    const table = await readTable({ ...file, read: (...range) => read(...range) });
    assertEquals(table.columns.map(({ type }) => type), ["class", "image", "audio"]);
    const { rows } = await table.page({ from: 0, count: 8 });
    assertEquals(rows.map(([label]) => label), [
      ...["dog", "cat", "dog", "cat", "dog"],
      ...[null, "dog", "-1"],
    ]);
    assertEquals(rows[1]!.slice(1), ["1.png, 93 B", "a.wav, 1.17 KiB"]);
    assertEquals([rows[2]![1], rows[4]![1]], [null, "image, 21 B"]);
    const sort = { column: 0, isDown: false };
    const found = await findRows(table, [0, 1], { filter: "label=cat", sort });
    assertEquals([found.matched, found.places.slice(0, 3)], [58, [1, 3, 9]]);
    const png = new TextEncoder().encode("PNG");
    read = () => Promise.reject(new Error("away"));
    await assertRejects(() => table.media!(1, 119), Error, "away");
    read = file.read;
    assertEquals((await table.media!(1, 119))?.slice(1, 4), png);
  },
});

Deno.test({
  name: `images of a table are shown, also of rows that are found${SKIPPED || NO_PYTHON}`,
  ignore: IGNORED || python === undefined,
  async fn() {
    await using root = await tempRoot();
    await using registry = await openRegistry("memory:");
    await registry.save("demo:set", localPath(await writeDataset(root.join("a.parquet"))));
    await using explorer = await openExplorer(registry);
    const { page } = explorer;
    await page.goto(`${explorer.url}#/artifacts/demo%3Aset/1.0.0?path=a.parquet`);
    const colorOf = (text: RegExp) =>
      page.getByRole("img", { name: text }).evaluate((canvas) => {
        const { width, height } = canvas as HTMLCanvasElement;
        const { data } = (canvas as HTMLCanvasElement).getContext("2d")!.getImageData(9, 9, 1, 1);
        return [width, height, ...data];
      });
    assertEquals(await colorOf(/^49\.png/), [40, 20, 49, 206, 7, 255]);
    assertEquals(await page.getByRole("cell", { name: "image, 21 B" }).count(), 1);
    assertEquals(await barriersInThemes(page), []);
    await page.getByLabel("Filter rows").fill("label=cat");
    await page.getByText("58 of 120 rows").waitFor();
    await page.getByRole("button", { name: "Next" }).click();
    assertEquals(await colorOf(/^119\.png/), [40, 20, 119, 136, 7, 255]);
    assertEquals([...explorer.errors, ...explorer.foreign], []);
  },
});
