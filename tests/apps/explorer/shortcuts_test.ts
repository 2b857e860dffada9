// Short ways in Chromium: typed addresses, keys, copied refs, and a lineage that fits.
import { assert, assertEquals } from "@std/assert";
import { foldNames, type Lineage } from "../../../apps/explorer/views/lineage/lineage_part.ts";
import { openRegistry } from "../../../mod.ts";
import { IGNORED, openExplorer, SKIPPED } from "./support/browser.ts";

Deno.test("versions of one name are one node, until it is opened", () => {
  const node = (ref: string, state: "present" | "missing" = "present") => ({ ref, state });
  const lineage: Lineage = {
    root: "data@1.0.0",
    nodes: [
      ...["data@1.0.0", "model@1.0.0", "model@2.0.0", "report@1.0.0"].map((ref) => node(ref)),
      node("model@3.0.0", "missing"),
    ],
    edges: [
      { from: "data@1.0.0", to: "model@1.0.0" },
      { from: "data@1.0.0", to: "model@2.0.0" },
      { from: "model@1.0.0", to: "model@3.0.0" },
      { from: "model@2.0.0", to: "report@1.0.0" },
    ],
    cut: false,
  };
  const folded = foldNames(lineage, new Set());
  assertEquals(folded.nodes, [
    node("data@1.0.0"),
    { ref: "model", state: "missing", count: 3 },
    node("report@1.0.0"),
  ]);
  assertEquals(folded.edges, [
    { from: "data@1.0.0", to: "model" },
    { from: "model", to: "report@1.0.0" },
  ]);
  assertEquals(foldNames(lineage, new Set(["model"])).edges, [...lineage.edges]);
});

Deno.test({
  name: "a lineage of many dependents fits the view, and its folded versions open" + SKIPPED,
  ignore: IGNORED,
  async fn() {
    await using registry = await openRegistry("memory:");
    await registry.save("data", 0);
    for (let i = 0; i < 30; i++) await registry.save(`model-${i}`, i, { inputs: ["data@1.0.0"] });
    for (let i = 0; i < 5; i++) await registry.save("sweep", i, { inputs: ["data@1.0.0"] });
    await using explorer = await openExplorer(registry);
    const { page, url, errors } = explorer;
    await page.goto(`${url}#/lineage?ref=data%401.0.0`);
    await page.locator(".graph .node").nth(31).waitFor();
    const outside = await page.evaluate(() => {
      const { top, bottom } = document.querySelector(".graph")!.getBoundingClientRect();
      return [...document.querySelectorAll(".graph .node")].filter((node) => {
        const box = node.getBoundingClientRect();
        return box.top < top || box.bottom > bottom;
      }).length;
    });
    assertEquals(outside, 0);
    await page.locator(".graph .node").filter({ hasText: "5 versions" }).click();
    await page.locator(".graph .node").nth(35).waitFor();
    assert(page.url().includes("open=sweep"));
    assertEquals(errors, []);
  },
});

Deno.test({
  name: "addresses and searches that a person types lead to the version" + SKIPPED,
  ignore: IGNORED,
  async fn() {
    await using registry = await openRegistry("memory:");
    for (const epochs of [2, 5]) {
      await registry.save("team:nets/small", epochs, { metadata: { epochs } });
    }
    await using explorer = await openExplorer(registry);
    const { page, url, errors } = explorer;
    await page.goto(`${url}#/team:nets/small@1.0.0`);
    await page.getByRole("heading", { name: "small 1.0.0" }).waitFor();
    await page.context().grantPermissions(["clipboard-read", "clipboard-write"]);
    await page.getByRole("button", { name: "Copy: ref" }).click();
    await page.getByText("Copied").first().waitFor();
    assertEquals(
      await page.evaluate(() => navigator.clipboard.readText()),
      "team:nets/small@1.0.0",
    );
    await page.goto(`${url}#/`);
    await page.getByRole("tree").waitFor();
    await page.keyboard.press("/");
    await page.keyboard.type("epochs>3");
    await page.waitForFunction(() => {
      const options = [...document.querySelectorAll('[role="option"]')];
      return location.hash.endsWith("3") && options.length === 1;
    });
    await page.getByRole("option", { name: "2.0.0" }).waitFor();
    await page.getByPlaceholder("Search names").fill("team:nets/small@2.0.0");
    await page.getByRole("link", { name: "team:nets/small@2.0.0" }).click();
    await page.getByRole("heading", { name: "small 2.0.0" }).waitFor();
    await page.locator("main").focus();
    await page.keyboard.press("?");
    await page.getByRole("dialog", { name: "Keyboard" }).waitFor();
    await page.keyboard.press("Escape");
    await page.getByRole("dialog", { name: "Keyboard" }).waitFor({ state: "hidden" });
    assertEquals(errors, []);
  },
});
