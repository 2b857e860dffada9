// A sweep that goes on: all of its runs have curves, and the list has their values.
import { assertEquals } from "@std/assert";
import { openRegistry } from "../../../mod.ts";
import { openRun } from "../../../extensions/runs/mod.ts";
import { barriersInThemes } from "../support/barriers.ts";
import { IGNORED, openExplorer, SKIPPED } from "../support/browser.ts";

const idOf = (i: number) => `trial-${String(i).padStart(2, "0")}`;

Deno.test({
  name: "twelve runs that go on are listed with their values and drawn together, live" + SKIPPED,
  ignore: IGNORED,
  async fn() {
    await using registry = await openRegistry("memory:");
    await registry.save("digits:model", 1);
    await using runs = new AsyncDisposableStack();
    const all = [];
    for (let i = 0; i < 12; i++) {
      const params = { rate: i / 100, layers: 1 + i % 3, seed: 7 };
      const run = await openRun(registry, "digits:model", { id: idOf(i), params });
      all.push(runs.use(run));
      for (const step of [0, 1, 2]) run.log({ step, loss: (1 + i) / (1 + step % 2) });
      await run.flush();
    }
    await all[3]?.fail("the loss is too high");
    await using explorer = await openExplorer(registry);
    const { page, url, errors } = explorer;
    await page.clock.install();
    await page.goto(`${url}#/runs`);
    const listed = page.getByRole("region", { name: "Logged runs" });
    await listed.getByRole("cell", { name: "0.5 ★" }).waitFor();
    assertEquals(await listed.locator("thead th").allInnerTexts(), [
      ...["Run", "Name", "State", "Points", "Last stored"],
      ...["loss", "loss.min", "rate", "layers", "Reason"],
    ]);
    const cells = async (id: string) =>
      (await listed.getByRole("row", { name: id }).innerText()).split("\t").slice(5);
    assertEquals(await cells("trial-00"), ["1 ★", "0.5 ★", "0", "1", ""]);
    assertEquals(await cells("trial-03"), ["4", "2", "0.03", "1", "the loss is too high"]);
    await page.getByRole("searchbox", { name: "Filter runs" }).fill("loss.min<2");
    await listed.getByRole("link", { name: "trial-03" }).waitFor({ state: "detached" });
    assertEquals(await page.getByText("No run meets the filter").isVisible(), false);
    await page.getByRole("searchbox", { name: "Filter runs" }).fill("rate>99");
    await page.getByText("No run meets the filter").waitFor();
    await page.getByRole("button", { name: "Show all runs" }).press("Enter");
    await listed.getByRole("link", { name: "trial-03" }).waitFor();
    assertEquals(await page.getByText("No run meets the filter").count(), 0);

    await page.getByRole("link", { name: "Compare 12 runs" }).press("Enter");
    const loss = page.getByRole("figure", { name: "loss by step" });
    await loss.locator("canvas").waitFor();
    const names = page.getByRole("list", { name: "Lines" }).getByRole("button");
    await names.nth(11).waitFor();
    assertEquals((await names.allInnerTexts()).sort(), [
      ...Array.from({ length: 12 }, (_, i) => idOf(i)),
    ]);
    assertEquals(await page.getByText("are drawn").count(), 0);
    const looks = await names.locator(".line-mark").evaluateAll((marks) =>
      marks.map((mark) => {
        const { borderTopColor, borderTopStyle } = getComputedStyle(mark);
        return `${borderTopColor} ${borderTopStyle}`;
      })
    );
    assertEquals(new Set(looks).size, 12);
    await loss.getByRole("button", { name: "As a table" }).press("Enter");
    await loss.locator("tbody tr").nth(2).waitFor();
    all[11]?.log({ step: 3, loss: 0.125 });
    await all[11]?.flush();
    await page.clock.fastForward(3000);
    await loss.getByRole("cell", { name: "0.125" }).waitFor();
    await page.clock.fastForward(5000);
    await listed.getByRole("cell", { name: "0.125 ★" }).first().waitFor();
    const found = await barriersInThemes(page);
    assertEquals([found, errors], [[], []]);
  },
});

Deno.test({
  name: "of more runs than have a look of their own, the page says which are drawn" + SKIPPED,
  ignore: IGNORED,
  async fn() {
    await using registry = await openRegistry("memory:");
    await registry.save("digits:model", 1);
    await using runs = new AsyncDisposableStack();
    for (let i = 0; i < 18; i++) {
      const run = runs.use(await openRun(registry, "digits:model", { id: idOf(i) }));
      run.log({ step: 0, loss: i });
      await run.flush();
    }
    await using explorer = await openExplorer(registry);
    const { page, url, errors } = explorer;
    await page.goto(`${url}#/logged/digits%3Amodel`);
    await page.getByText("The curves of the last 16 of 18 runs are drawn.").waitFor();
    const names = page.getByRole("list", { name: "Lines" }).getByRole("button");
    await names.nth(15).waitFor();
    const ids = await names.allInnerTexts();
    assertEquals(ids.sort(), Array.from({ length: 16 }, (_, i) => idOf(i + 2)));
    assertEquals(errors, []);
  },
});
