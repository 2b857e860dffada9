// The graph of a lineage fills the window, and shows the kind of each node.
import { assert, assertEquals } from "@std/assert";
import { openRegistry, publishRelease } from "../../../mod.ts";
import type { LineageNode } from "../../src/views/lineage/lineage_part.ts";
import { looksOf } from "../../src/views/lineage/node_looks.ts";
import { linesOf, sizeOf } from "../../src/views/lineage/graph_node.ts";
import { barriersOf } from "../support/barriers.ts";
import { IGNORED, openExplorer, SKIPPED } from "../support/browser.ts";
import { fillRuns } from "../support/demo_work.ts";

const node = (ref: string, more: Partial<LineageNode> = {}): LineageNode => (
  { ref, state: "present", ...more }
);

Deno.test("each kind of node has a color and a word, steps and missing versions also a shape", () => {
  const made = { pipeline: "p", run: "p@1", step: "train" };
  const nodes = [
    node("data@ -1", { kind: "directory", count: 7 }),
    node("a@1.0.0", { kind: "json", aliases: ["production"] }),
    node("train of p@1", { made }),
    node("gone@1.0.0", { state: "missing" }),
    node("old@1.0.0"),
  ];
  const { lookOf, legend } = looksOf(nodes);
  assertEquals(legend.map(({ label, shape, count }) => [label, shape, count]), [
    ["directory", "version", 7],
    ["json", "version", 1],
    ["step of a pipeline", "step", 1],
    ["missing", "odd", 1],
    ["version", "version", 1],
  ]);
  assertEquals(new Set(nodes.map((each) => lookOf(each).color)).size, nodes.length);
  assertEquals(nodes.map((each) => linesOf(each)[1]), [
    "7 versions · directory",
    "1.0.0 · production · json",
    "run 1",
    "1.0.0 · missing",
    "1.0.0 · version",
  ]);
  assert(sizeOf(nodes[0]!).width > sizeOf(nodes[2]!).width);
});

Deno.test("of many kinds, rare ones share a color", () => {
  const nodes = Array.from(
    { length: 8 },
    (_, i) => node(`${i}@1.0.0`, { kind: `kind-${i}`, count: 3 + i }),
  );
  const { legend } = looksOf(nodes);
  assertEquals(legend.map(({ label }) => label).sort(), [
    ...["kind-4", "kind-5", "kind-6", "kind-7", "other kinds"],
  ]);
  assertEquals(legend.reduce((sum, { count }) => sum + count, 0), 52);
});

Deno.test({
  name: "a lineage uses the window, and its kinds have words and a legend" + SKIPPED,
  ignore: IGNORED,
  async fn() {
    await using registry = await openRegistry("memory:");
    await using _runs = await fillRuns(registry);
    await registry.save("report", "# good", { inputs: ["vision:unet/weights@1.0.0"] });
    await publishRelease(registry, "serving", { model: "vision:unet/weights@1.0.0" });
    await registry.setAlias("serving", "live", "1.0.0");
    await using explorer = await openExplorer(registry);
    const { page, url, errors } = explorer;
    const found: string[] = [];
    for (const colorScheme of ["light", "dark"] as const) {
      for (const [width, least] of [[1280, 440], [390, 320]] as const) {
        await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
        await page.setViewportSize({ width, height: 800 });
        await page.goto(`${url}#/lineage?ref=vision%3Aunet%2Fweights%401.0.0`);
        const legend = page.getByRole("list", { name: "Kinds" });
        await legend.getByText("step of a pipeline").waitFor();
        await legend.getByText("release").waitFor();
        await page.locator(".graph .node").getByText("1.0.0 · live · release").waitFor();
        const box = (await page.locator(".graph").boundingBox())!;
        assert(box.height >= least, `${width}: ${box.height}`);
        const end = await page.evaluate(() => document.documentElement.scrollHeight);
        assert(width < 700 || end <= 810, `${end} pixels`); // nothing is below the window
        const steps = page.locator(".graph .node").filter({ hasText: "train of segmentation" });
        await steps.press("Enter");
        const details = page.getByRole("region", { name: "Details of train of segmentation" });
        await details.getByText("Parameters").waitFor();
        const beside = (await details.boundingBox())!;
        if (width > 1000) {
          assert(beside.x > box.x && beside.y < box.y + 10, "details are beside the graph");
          assert(beside.height <= box.height + 1, "they scroll");
        }
        found.push(...(await barriersOf(page)).map((each) => `${colorScheme} ${width}: ${each}`));
      }
    }
    assertEquals([found, errors], [[], []]);
  },
});
