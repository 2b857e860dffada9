// Models in Chromium, by keyboard.
import { assert, assertEquals } from "@std/assert";
import { localPath, openRegistry } from "../../../../mod.ts";
import { tempRoot } from "../../../../tests/support/temp_root.ts";
import { barriersOf } from "../../support/barriers.ts";
import { IGNORED, openExplorer, SKIPPED } from "../../support/browser.ts";
import { sampleFiles, writeFiles } from "../../support/samples.ts";
import { readModelFile } from "./model_files.ts";

const DAMAGED = new TextEncoder().encode("GGUF and nothing else of one");
const PICKLE = new Uint8Array([0x80, 4, 0x95, 1, 0, 0, 0, 0, 0, 0, 0, 0x4e, 0x2e]);

async function filesOf(version: 1 | 2): Promise<Map<string, Uint8Array>> {
  const samples = await sampleFiles(version);
  return new Map([
    ["tiny.gguf", await readModelFile(version === 1 ? "first.gguf" : "second.gguf")],
    ["net.onnx", await readModelFile("net.onnx")],
    ["keras.h5", await readModelFile(version === 1 ? "old.h5" : "new.h5")],
    ["model.safetensors", samples.get("model.safetensors")!],
    ["weights.pt", samples.get("plates.zip")!],
    ["state.pkl", PICKLE],
    ["unnamed", PICKLE],
    ["damaged.gguf", DAMAGED],
  ]);
}

const placeOf = (path: string) => `#/artifacts/net/1.0.0?${new URLSearchParams({ path })}`;

Deno.test({
  name: `models show their parts, and what changed between two, by keyboard${SKIPPED}`,
  ignore: IGNORED,
  async fn() {
    await using root = await tempRoot();
    await using registry = await openRegistry("memory:");
    for (const version of [1, 2] as const) {
      const folder = root.join(`${version}`);
      await writeFiles(folder, await filesOf(version));
      await registry.save("net", localPath(folder));
    }
    await using explorer = await openExplorer(registry);
    const { page, url, errors, foreign } = explorer;
    await page.emulateMedia({ reducedMotion: "reduce" });
    await page.goto(url);
    const show = (place: string) => page.evaluate((place) => void (location.hash = place), place);
    const list = (unit: string) => page.getByRole("region", { name: `List of ${unit}` });
    const barriers: string[] = [];

    await show(placeOf("tiny.gguf"));
    await list("keys").getByRole("cell", { name: "2048" }).waitFor();
    await page.getByRole("combobox", { name: "Show" }).focus();
    await page.keyboard.type("S"); // "Sizes by layer"
    await list("layers").getByRole("rowheader", { name: "blk.2" }).waitFor();
    barriers.push(...await barriersOf(page));
    await page.getByRole("combobox", { name: "Show" }).selectOption("tensors");
    await page.getByLabel("Filter tensors").pressSequentially("output");
    assertEquals(await list("tensors").getByRole("row").count(), 2);
    await list("tensors").getByText("272 B").waitFor();

    await show(placeOf("net.onnx"));
    await list("inputs and outputs").getByText("batch x 4").waitFor();
    await show(`${placeOf("net.onnx")}&mode=operators`);
    await list("operators").getByText("com.microsoft.FusedGelu").waitFor();

    await show(placeOf("keras.h5"));
    await list("objects").getByText("shuffle, gzip").waitFor();
    await page.getByRole("combobox", { name: "Show" }).focus();
    await page.keyboard.type("A"); // "Attributes"
    await list("attributes").getByText("3.10.0").waitFor();
    barriers.push(...await barriersOf(page));

    await show(placeOf("model.safetensors"));
    await list("tensors").getByText("blocks.42.weight").waitFor();
    await show(placeOf("weights.pt"));
    await page.getByText("a pickle can run code when it is loaded").waitFor();
    await list("entries").getByText("plates/A01.txt").waitFor();
    barriers.push(...await barriersOf(page));
    for (const path of ["state.pkl", "unnamed"]) {
      await show(placeOf(path));
      await page.getByText("00000000").waitFor();
      await page.getByText("This file is never opened").waitFor();
    }
    await show(placeOf("damaged.gguf"));
    await page.getByRole("alert").getByText("its format version is").waitFor();

    const compare = new URLSearchParams({ refs: "net@1.0.0 net@2.0.0", path: "tiny.gguf" });
    await show(`#/compare?${compare}`);
    await page.getByText("Tensors: 1 changed · 7 same").waitFor();
    const tensors = page.getByRole("region", { name: "Tensors", exact: true });
    assertEquals(await tensors.getByRole("rowheader").allInnerTexts(), ["blk.1.attn_q.weight"]);
    await page.getByRole("combobox", { name: "Show" }).focus();
    await page.keyboard.type("L"); // "Layers"
    await page.getByRole("cell", { name: "94 %" }).waitFor();
    barriers.push(...await barriersOf(page));
    await page.setViewportSize({ width: 390, height: 800 });
    assert(await page.evaluate(() => document.documentElement.scrollWidth) <= 390);

    assertEquals(barriers, []);
    assertEquals([...errors, ...foreign], []);
  },
});
