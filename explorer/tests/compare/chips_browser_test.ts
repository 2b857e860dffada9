// Versions to compare are chips, which the keyboard adds, moves and removes.
import { assert, assertEquals } from "@std/assert";
import { localPath, openRegistry, type Registry } from "../../../mod.ts";
import { tempRoot } from "../../../tests/support/temp_root.ts";
import { movedRef } from "../../src/compare/ref_chips.ts";
import { labelsOf } from "../../src/compare/version_labels.ts";
import { barriersOf } from "../support/barriers.ts";
import { IGNORED, openExplorer, SKIPPED } from "../support/browser.ts";

Deno.test("a ref moves by one place, and never out of the list", () => {
  assertEquals(movedRef(["a", "b", "c"], 2, 1), ["a", "c", "b"]);
  assertEquals(movedRef(["a", "b", "c"], 0, 1), ["b", "a", "c"]);
  assertEquals(movedRef(["a", "b"], 0, -1), ["a", "b"]);
  assertEquals(movedRef(["a", "b"], 1, 5), ["a", "b"]);
});

Deno.test("versions are named by their aliases, and by their name if names differ", () => {
  const aliases = new Map([["a@1.0.0", ["production", "best"]]]);
  const [one, two, other] = [["a", "1.0.0"], ["a", "2.0.0"], ["b", "1.0.0"]]
    .map(([name = "", version = ""]) => ({ name, version }));
  assertEquals(labelsOf([one!, two!], aliases), ["1.0.0 (production, best)", "2.0.0"]);
  assertEquals(labelsOf([one!, other!]), ["a@1.0.0", "b@1.0.0"]);
});

async function saveThree(registry: Registry): Promise<void> {
  for (const i of [1, 2, 3]) {
    const metadata = { params: { rate: 0.30000001192092896 * i }, metrics: { accuracy: i / 10 } };
    await registry.save("net", i, { metadata });
  }
  await registry.setAlias("net", "production", "1.0.0");
  await registry.save("other", 4, { metadata: { metrics: { accuracy: 0.9 } } });
}

Deno.test({
  name: "versions to compare are added, moved, swapped and removed by keyboard" + SKIPPED,
  ignore: IGNORED,
  async fn() {
    await using registry = await openRegistry("memory:");
    await saveThree(registry);
    await using explorer = await openExplorer(registry);
    const { page, url, errors } = explorer;
    await page.goto(`${url}#/compare`);
    const box = page.getByRole("region", { name: "Versions to compare" });
    const chips = box.getByRole("listitem");
    const refs = () => new URLSearchParams(page.url().split("?")[1]).get("refs")?.split(" ");
    const press = async (name: string) => {
      await box.getByRole("button", { name }).focus();
      await page.keyboard.press("Enter");
    };
    const focused = () => page.evaluate(() => document.activeElement?.getAttribute("aria-label"));
    await box.getByLabel("Add a version").focus();
    await page.keyboard.type("net@production");
    await page.keyboard.press("Enter");
    await chips.getByText("1.0.0").waitFor();
    for (const [count, version] of [[2, "2.0.0"], [3, "3"]] as const) {
      await page.keyboard.type(version); // behind the name of the others
      await page.keyboard.press("Enter");
      await chips.nth(count - 1).waitFor();
    }
    assertEquals(refs(), ["net@production", "net@2.0.0", "net@3"]);
    await chips.first().getByText("production", { exact: true }).waitFor();
    await chips.nth(2).getByText("3.0.0").waitFor();

    await press("Move net@3 earlier");
    await chips.nth(1).getByText("3.0.0").waitFor();
    assertEquals(await focused(), "Move net@3 earlier");
    await page.keyboard.press("Enter");
    await chips.first().getByText("3.0.0").waitFor();
    assertEquals(refs(), ["net@3", "net@production", "net@2.0.0"]);
    assertEquals(await focused(), "Move net@3 later"); // it is the first
    await box.getByText("net@3 is number 1 of 3").waitFor({ state: "attached" });
    await press("Remove net@3");
    await chips.nth(2).waitFor({ state: "detached" });
    assertEquals(await focused(), "Remove net@production");
    await press("Swap");
    await chips.first().getByText("2.0.0").waitFor();
    assertEquals(refs(), ["net@2.0.0", "net@production"]);
    const heads = page.getByRole("region", { name: "Facts" }).getByRole("columnheader");
    await heads.nth(2).getByText("production").waitFor();

    await box.getByLabel("Add a version").fill("other@1.0.0");
    await page.keyboard.press("Enter");
    await chips.nth(2).getByText("other@1.0.0").waitFor();
    await page.locator("td.best").filter({ hasText: "0.9 ★" }).waitFor();
    await box.getByLabel("Add a version").fill("net@9.0.0");
    await page.keyboard.press("Enter");
    await chips.nth(3).getByText("not opened").waitFor();
    await page.locator("td.best").filter({ hasText: "0.9 ★" }).waitFor(); // others are compared
    await press("Remove net@9.0.0");
    await chips.nth(3).waitFor({ state: "detached" });
    assert(errors.every((text) => text.includes("404")), errors.join());
  },
});

Deno.test({
  name: "aliases that cannot be read are named, and the versions are shown" + SKIPPED,
  ignore: IGNORED,
  async fn() {
    await using registry = await openRegistry("memory:");
    await saveThree(registry);
    await using explorer = await openExplorer(registry, {
      async between(request, answer) {
        if (!request.url.includes("/net/aliases")) return await answer(request);
        const problem = { code: "Corrupt", detail: "Cannot read the alias: damaged record" };
        return Response.json(problem, { status: 500 });
      },
    });
    const { page, url } = explorer;
    const note = page.getByText("The aliases of net could not be read");
    const places = [
      "compare?refs=net%401.0.0+other%401.0.0",
      "lineage?ref=net%401.0.0",
    ];
    for (const place of places) {
      await page.goto(`${url}#/${place}`);
      await note.filter({ hasText: "damaged record" }).waitFor();
      await page.getByText(/net@?1.0.0|Nothing is connected/).first().waitFor();
    }
  },
});

Deno.test({
  name: "facts of many versions use the window, and keep their names in view" + SKIPPED,
  ignore: IGNORED,
  async fn() {
    await using registry = await openRegistry("memory:");
    await saveThree(registry);
    await using explorer = await openExplorer(registry);
    const { page, url, errors } = explorer;
    await page.setViewportSize({ width: 900, height: 800 });
    const refs = [1, 2, 3].flatMap((n) => [`net@${n}.0.0`, `net@${n}`, `net@${n}.0`]);
    await page.goto(`${url}#/compare?refs=${encodeURIComponent(refs.join(" "))}`);
    const facts = page.getByRole("region", { name: "Facts" });
    await facts.locator("td.best").first().waitFor();
    await facts.evaluate((box) => box.scrollLeft = 400);
    const { x } = (await facts.boundingBox())!;
    for (const role of ["columnheader", "rowheader"] as const) {
      const name = (await facts.getByRole(role).first().boundingBox())!;
      assert(Math.abs(name.x - x) < 3, `${role}: ${name.x}, ${x}`);
    }
    assertEquals(errors, []);
  },
});

Deno.test({
  name: "versions beyond those that are drawn are not said to lack curves" + SKIPPED,
  ignore: IGNORED,
  async fn() {
    await using registry = await openRegistry("memory:");
    await using root = await tempRoot();
    for (let at = 1; at <= 18; at++) {
      const text = at === 3 ? "none" : `step,loss\n0,${at}\n1,${at / 2}\n`;
      await Deno.writeTextFile(root.join("history.csv"), text);
      await registry.save("run", localPath(root.path));
    }
    await using explorer = await openExplorer(registry);
    const { page, url, errors } = explorer;
    const refs = Array.from({ length: 18 }, (_, at) => `run@${at + 1}.0.0`);
    await page.goto(`${url}#/compare?refs=${encodeURIComponent(refs.join(" "))}`);
    await page.getByText("The curves are those of the first 16 versions.").waitFor();
    const note = page.getByText("no file with steps");
    await note.waitFor();
    assertEquals([await note.innerText(), errors], ["3.0.0: no file with steps.", []]);
  },
});

Deno.test({
  name: "chips of compared versions have no barriers, and fit a phone" + SKIPPED,
  ignore: IGNORED,
  async fn() {
    await using registry = await openRegistry("memory:");
    await saveThree(registry);
    await using explorer = await openExplorer(registry);
    const { page, url, errors } = explorer;
    const found: string[] = [];
    for (const colorScheme of ["light", "dark"] as const) {
      for (const width of [1280, 390]) {
        await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
        await page.setViewportSize({ width, height: 800 });
        await page.goto(`${url}#/compare?refs=net%401.0.0+net%402.0.0+net%403.0.0+other%401.0.0`);
        await page.locator("td.best").first().waitFor();
        const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
        if (wide > 0) found.push(`${wide} wider than ${width}`);
        found.push(...(await barriersOf(page)).map((each) => `${colorScheme} ${width}: ${each}`));
      }
    }
    assertEquals([found, errors], [[], []]);
  },
});
