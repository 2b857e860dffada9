// An image of OME-Zarr in Chromium: the picture of its channels, and sliders.
import { assertEquals } from "@std/assert";
import type { Page } from "npm:playwright-core@^1.56";
import { createMemoryFiles } from "../../../../files/mod.ts";
import { createImagePyramid } from "../../../../files/ome.ts";
import { zarrStore } from "../../../../formats/zarr.ts";
import { openRegistry } from "../../../../mod.ts";
import { barriersOf } from "../../support/barriers.ts";
import { IGNORED, openExplorer, SKIPPED } from "../../support/browser.ts";

const [WIDTH, HEIGHT, PLANES] = [32, 16, 3];

/** Returns an image: the first channel is bright on the left, the second in its last plane. */
async function imageFiles() {
  const files = createMemoryFiles();
  const size = WIDTH * HEIGHT;
  const data = Uint16Array.from({ length: 2 * PLANES * size }, (_, i) => {
    const [channel, plane] = [Math.floor(i / size / PLANES), Math.floor(i / size) % PLANES];
    if (channel === 0) return i % WIDTH < WIDTH / 2 ? 1000 : 0;
    return plane === PLANES - 1 ? 500 : 0;
  });
  const space = (name: string) => ({ name, type: "space", unit: "micrometer" });
  await createImagePyramid(zarrStore(files), "", {
    image: { data, shape: [2, PLANES, HEIGHT, WIDTH], dtype: "uint16" },
    axes: [{ name: "c", type: "channel" }, space("z"), space("y"), space("x")],
    scale: [1, 2, 0.65, 0.65],
    levels: 1,
    channels: [
      { label: "DAPI", color: "0000FF" },
      { label: "GFP", color: "00FF00", window: { start: 0, end: 500, min: 0, max: 65_535 } },
    ],
  });
  const found: { path: string; content: Uint8Array }[] = [];
  const walk = async (folder: string) => {
    for await (const { path, kind } of files.list(folder)) {
      if (kind === "folder") await walk(path);
      else found.push({ path, content: await (await files.open(path)).bytes() });
    }
  };
  await walk("");
  return found;
}

/** Waits until the picture has these colors on its left and on its right. */
async function shows(page: Page, colors: number[][]): Promise<void> {
  await page.waitForFunction((colors) => {
    const canvas = document.querySelector("canvas");
    const context = canvas?.getContext("2d");
    if (!canvas || !context) return false;
    const at = (x: number) => [...context.getImageData(x, 4, 1, 1).data.slice(0, 3)];
    return JSON.stringify([at(2), at(canvas.width - 3)]) === JSON.stringify(colors);
  }, colors);
}

Deno.test({
  name: "an image of OME-Zarr opens as a picture with channels and sliders" + SKIPPED,
  ignore: IGNORED,
  async fn() {
    await using registry = await openRegistry("memory:");
    const files = await imageFiles();
    await registry.save("cells", undefined, {
      as: { id: "folder", formatVersion: 1, save: () => files, load: () => 0 },
    });
    await using explorer = await openExplorer(registry);
    const { page, url, errors } = explorer;
    await page.goto(`${url}#/artifacts/cells/1.0.0`);
    await page.getByText(
      "32 x 16 pixels · pixel size 0.65 µm · 2 channels · 3 planes of z, 2 µm apart",
    )
      .waitFor();
    const [black, blue, green, cyan] = [[0, 0, 0], [0, 0, 255], [0, 255, 0], [0, 255, 255]];
    await shows(page, [blue!, black!]);
    await page.getByRole("slider").fill("2");
    await shows(page, [cyan!, green!]);
    assertEquals(await barriersOf(page), []);
    await page.getByRole("checkbox", { name: "DAPI" }).uncheck();
    await shows(page, [green!, green!]);
    await page.getByRole("checkbox", { name: "GFP" }).uncheck();
    await shows(page, [black!, black!]);
    await page.getByRole("checkbox", { name: "DAPI" }).check();
    await shows(page, [blue!, black!]);
    await page.reload(); // the address has all of this
    await shows(page, [blue!, black!]);
    await page.getByText("Slices, numbers and statistics").click();
    await page.getByText("Standard deviation").first().waitFor();
    await page.setViewportSize({ width: 390, height: 800 });
    await page.waitForFunction(() => document.documentElement.scrollWidth <= 390);
    assertEquals(errors, []);
  },
});
