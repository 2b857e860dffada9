// Ways through the explorer: back, steps of the history, titles, and addresses of members.
import { assert, assertEquals } from "@std/assert";
import { titleOf } from "../src/views/mod.ts";
import { VIEWS, viewsOf } from "../src/views/view.ts";
import { parsePlace } from "../src/framework/router.ts";
import { localPath, openRegistry, publishRelease } from "../../mod.ts";
import { tempRoot } from "../../tests/support/temp_root.ts";
import { IGNORED, openExplorer, SKIPPED } from "./support/browser.ts";
import { writeFiles } from "./support/samples.ts";

for (const count of [90, 260]) { // the page scrolls, or the table by itself
  Deno.test({
    name: `Back finds ${count} versions as they were left, scrolled and ticked${SKIPPED}`,
    ignore: IGNORED,
    async fn() {
      await using registry = await openRegistry("memory:");
      for (let i = 1; i <= count; i++) await registry.save("model", i, { metadata: { i } });
      await using explorer = await openExplorer(registry);
      const { page, url, errors } = explorer;
      await page.goto(`${url}#/artifacts/model`);
      await page.getByText(`${count} of ${count} versions`, { exact: true }).waitFor();
      for (const version of [count, count - 1]) {
        await page.getByLabel(`Compare ${version}.0.0`).check();
      }
      const box = page.locator(count > 200 ? ".table-wrap" : "html").first();
      await box.evaluate((each) => each.scrollTop = 1500);
      const name = `${count - 50}.0.0`;
      const found = page.getByRole("link", { name, exact: true });
      const topOf = () => found.evaluate((each) => Math.round(each.getBoundingClientRect().top));
      const scroll = () => box.evaluate((each) => Math.round(each.scrollTop));
      await found.waitFor();
      const before = [await scroll(), await topOf()];
      await found.evaluate((each) => (each as HTMLElement).click());
      await page.getByRole("heading", { name }).waitFor();
      assertEquals(await page.evaluate(() => scrollY), 0);
      await page.goBack();
      await found.waitFor();
      await page.waitForFunction(
        ([selector, top]) => Math.round(document.querySelector(selector)!.scrollTop) === top,
        [count > 200 ? ".table-wrap" : "html", before[0]] as const,
      );
      assertEquals([await scroll(), await topOf()], before);
      assertEquals(before[0]! > 0, true);
      await box.evaluate((each) => each.scrollTop = 0);
      await page.getByRole("link", { name: "Compare 2 versions" }).waitFor();
      assert(await page.getByLabel(`Compare ${count}.0.0`).isChecked());
      assertEquals(errors, []);
    },
  });
}

Deno.test({
  name: "a file that is opened is a step of the history, which Back closes" + SKIPPED,
  ignore: IGNORED,
  async fn() {
    await using root = await tempRoot();
    const files = ["first", "second", "third"].map((name) =>
      [`${name}.txt`, new TextEncoder().encode(`text of ${name}`)] as const
    );
    await writeFiles(root.path, new Map(files));
    await using registry = await openRegistry("memory:");
    await registry.save("model", localPath(root.path));
    await using explorer = await openExplorer(registry);
    const { page, url, errors } = explorer;
    await page.goto(`${url}#/artifacts/model`);
    await page.getByRole("link", { name: "1.0.0" }).press("Enter");
    await page.getByText("text of first").waitFor();
    const tree = page.getByRole("tree", { name: "Files" });
    for (const name of ["second", "third"]) {
      await tree.press("ArrowDown");
      await tree.press("Enter");
      await page.getByText(`text of ${name}`).waitFor();
      assertEquals(await page.title(), `model@1.0.0 · ${name}.txt · Holdfast`);
    }
    for (const name of ["second", "first"]) {
      await page.goBack();
      await page.getByText(`text of ${name}`).waitFor();
    }
    await page.goBack();
    await page.getByRole("navigation", { name: "Parts" }).waitFor();
    assertEquals(errors, []);
  },
});

Deno.test("the title of a tab begins with what differs from others", () => {
  for (
    const [fragment, title] of [
      ["#/", "Names · Holdfast"],
      ["#/?q=bert", "bert · Names · Holdfast"],
      ["#/artifacts/team%3Amodel", "team:model · Versions · Holdfast"],
      ["#/artifacts/team%3Amodel?tab=storage", "team:model · Storage · Holdfast"],
      ["#/artifacts/model/3.0.0", "model@3.0.0 · Version · Holdfast"],
      ["#/artifacts/model/3.0.0?path=a%2Fb.csv", "model@3.0.0 · a/b.csv · Holdfast"],
      ["#/compare?refs=a%401+b%402", "a@1, b@2 · Compare · Holdfast"],
      ["#/lineage?ref=a%401", "a@1 · Lineage · Holdfast"],
      ["#/runs/fit%401/train", "fit@1 / train · Runs · Holdfast"],
      ["#/other", "Holdfast"],
    ]
  ) assertEquals(titleOf(parsePlace(fragment!), VIEWS), title);
});

Deno.test({
  name: "a member of a release has an address, also in a comparison and a lineage" + SKIPPED,
  ignore: IGNORED,
  async fn() {
    await using registry = await openRegistry("memory:");
    for (const depth of [1, 2]) await registry.save("team:net/large", { depth });
    await publishRelease(registry, "serving", { model: "team:net/large@1" });
    await registry.setAlias("serving", "live", "1");
    await using explorer = await openExplorer(registry);
    const { page, url, errors } = explorer;
    await page.goto(`${url}#/`);
    await page.getByPlaceholder("Search names").fill("serving@live/model");
    await page.getByRole("link", { name: "serving@live/model" }).click();
    await page.waitForURL(/#\/artifacts\/team%3Anet%2Flarge\/1\.0\.0$/);
    await page.getByRole("heading", { name: "large 1.0.0" }).waitFor();
    await page.goBack();
    await page.getByPlaceholder("Search names").waitFor();
    for (
      const [place, text] of [
        ["serving@live/model", "large 1.0.0"],
        ["compare?refs=serving%40live%2Fmodel+team%3Anet%2Flarge%402", "Differences only"],
        ["lineage?ref=serving%40live%2Fmodel", "Lineage of serving@live/model"],
      ]
    ) {
      await page.goto(`${url}#/${place}`);
      await page.getByText(text!).first().waitFor();
      await page.waitForFunction(() => document.querySelector(".loading") === null);
      assertEquals(await page.getByRole("alert").count(), 0, place);
    }
    await page.goto(`${url}#/serving@live/none`);
    await page.getByText("no such member").waitFor();
    assertEquals(errors.filter((text) => !text.includes("404")), []);
  },
});

Deno.test("a view of an extension replaces that with its address, else it is before the last", () => {
  const view = (at: string) => ({ at, title: `own ${at}`, load: () => Promise.reject(at) });
  const extensions = [{ name: "own", views: [view("runs"), view("more")] }];
  const own = VIEWS.map(({ at, title }) => at === "runs" ? "own runs" : title);
  own.splice(-1, 0, "own more");
  assertEquals(viewsOf({ extensions }).map(({ title }) => title), own);
  assertEquals(viewsOf({ extensions: [] }), VIEWS);
});
