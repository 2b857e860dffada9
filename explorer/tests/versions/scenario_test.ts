// The best of many runs: found, explained, compared, promoted, described and downloaded, by keyboard
// alone; and its page without barriers, in light and dark, on a desktop and a phone.
import { assertEquals } from "@std/assert";
import type { Locator } from "npm:playwright-core@^1.56";
import { localPath, openRegistry, type Registry } from "../../../mod.ts";
import { readAnnotations } from "../../../registry/mod.ts";
import { tempRoot } from "../../../tests/support/temp_root.ts";
import { barriersOf } from "../support/barriers.ts";
import { IGNORED, openExplorer, SKIPPED } from "../support/browser.ts";
import { writeFiles } from "../support/samples.ts";
import { historyBytes, historyOf } from "../support/training.ts";

const AT = "#/artifacts/search%3Anet";

/** Saves runs whose accuracy depends on the rate, and less on the optimizer. */
async function saveSearch(registry: Registry, count: number): Promise<void> {
  for (let run = 1; run <= count; run++) {
    await using root = await tempRoot();
    const history = await historyBytes("csv", historyOf(run, 20));
    await writeFiles(root.path, new Map([["history.csv", history]]));
    const rate = run * 83 % 211 / 1000;
    const optimizer = run % 3 === 0 ? "sgd" : "adam";
    const accuracy = Math.round(1e4 * (0.9 - rate + (optimizer === "adam" ? 0.02 : 0))) / 1e4;
    const metadata = { accuracy, rate, optimizer, layers: run % 4, augment: run % 7 < 3 };
    await registry.save("search:net", localPath(root.path), { metadata });
  }
  await registry.setAlias("search:net", "production", "1.0.0");
}

async function press(at: Locator, key = "Enter"): Promise<void> {
  await at.focus();
  await at.press(key);
}

Deno.test({
  name: "the best of 200 runs is found, explained, compared, promoted and downloaded" + SKIPPED,
  ignore: IGNORED,
  async fn() {
    await using registry = await openRegistry("memory:");
    await saveSearch(registry, 200);
    await using explorer = await openExplorer(registry);
    const { page, url, errors, foreign } = explorer;
    await page.goto(`${url}${AT}`);
    await page.getByText("200 of 200 versions", { exact: true }).waitFor();
    const table = page.getByRole("region", { name: "Versions" });
    await press(table.getByRole("button", { name: "accuracy" }));
    await table.getByRole("columnheader", { name: "accuracy ↓" }).waitFor();
    const links = table.locator("tbody").getByRole("link");
    await table.locator("tbody tr").first().getByText("★").waitFor();
    const [best = "", second = ""] = (await links.allInnerTexts()).slice(0, 2);

    const parameters = page.getByRole("region", { name: "Parameters" }).locator("tbody tr");
    await parameters.first().getByRole("button", { name: "rate" }).waitFor();
    await parameters.nth(1).getByText(/^difference of means: adam .*, sgd /).waitFor();

    for (const version of [best, second]) {
      await press(page.getByLabel(`Compare ${version}`), "Space");
    }
    await press(page.getByRole("link", { name: "Compare 2 versions" }));
    const curve = page.getByRole("figure", { name: /^loss by / });
    await curve.locator("canvas").waitFor();
    const lines = page.getByRole("list", { name: "Lines" });
    for (const line of [best, second]) await lines.getByText(line, { exact: true }).waitFor();

    await page.goBack();
    await press(table.getByRole("link", { name: best, exact: true }));
    await press(page.getByRole("button", { name: "Set alias" }));
    const dialog = page.getByRole("dialog");
    await dialog.getByLabel("Alias").press("p");
    await page.keyboard.type("roduction");
    await press(dialog.getByRole("button", { name: "Move production from 1.0.0" }));
    await page.getByText("production", { exact: true }).first().waitFor();
    await press(page.getByRole("button", { name: "Add notes" }));
    await dialog.getByLabel("Notes").focus();
    await page.keyboard.type("The best of 200");
    await press(dialog.getByRole("button", { name: "Save" }));
    await page.getByRole("region", { name: "Notes" }).getByText("The best of 200").waitFor();
    const download = page.waitForEvent("download");
    await press(page.getByRole("link", { name: /^Download/ }));
    assertEquals((await download).suggestedFilename(), "history.csv");
    assertEquals((await registry.info("search:net@production")).version, best);
    assertEquals((await readAnnotations(registry, `search:net@${best}`))?.notes, "The best of 200");
    assertEquals([errors, foreign], [[], []]);
  },
});

Deno.test({
  name: "a page of runs has no barriers in light and dark, on a desktop and a phone" + SKIPPED,
  ignore: IGNORED,
  async fn() {
    await using registry = await openRegistry("memory:");
    await saveSearch(registry, 12);
    await using explorer = await openExplorer(registry);
    const { page, url, errors } = explorer;
    const found: string[] = [];
    for (
      const query of ["pinned=metadata.rate&color=metadata.optimizer", "group=metadata.layers"]
    ) {
      for (const colorScheme of ["light", "dark"] as const) {
        for (const width of [1280, 390]) {
          await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
          await page.setViewportSize({ width, height: 800 });
          await page.goto(`${url}${AT}?${query}`);
          await page.locator("[aria-label=Parameters] tbody").getByText("rate").waitFor();
          const fits = (most: number) => document.documentElement.scrollWidth <= most;
          await page.waitForFunction(fits, width);
          const barriers = await barriersOf(page);
          found.push(...barriers.map((each) => `${query} ${colorScheme} ${width}: ${each}`));
          if (width < 1280) continue;
          await page.locator("summary").filter({ hasText: "Columns" }).press("Enter");
          found.push(...await barriersOf(page));
          await page.keyboard.press("Escape");
        }
      }
    }
    assertEquals([found, errors], [[], []]);
  },
});
