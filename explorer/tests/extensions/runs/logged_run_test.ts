// Runs that programs log to: listed, and their curves live.
import { assertEquals } from "@std/assert";
import { openRegistry } from "../../../../mod.ts";
import { finishRun, openRun } from "../../../../extensions/runs/mod.ts";
import { barriersOf } from "../../support/barriers.ts";
import { IGNORED, openExplorer, SKIPPED } from "../../support/browser.ts";

Deno.test({
  name: "a run is listed and drawn while its program logs, until it is a version" + SKIPPED,
  ignore: IGNORED,
  async fn() {
    await using registry = await openRegistry("memory:");
    await registry.save("digits:model", 1);
    await using failed = await openRun(registry, "digits:model", { id: "first" });
    failed.log({ loss: NaN });
    await failed.fail("the loss is NaN");
    await using run = await openRun(registry, "digits:model", { id: "7", params: { rate: 0.1 } });
    run.log({ step: 1, loss: 0.5, test: { loss: 0.6 } });
    run.log({ step: 2, loss: 0.4, test: { loss: NaN } });
    await run.flush();
    await using explorer = await openExplorer(registry);
    const { page, url, errors } = explorer;
    await page.clock.install();
    await page.goto(`${url}#/runs`);
    const all = page.getByRole("region", { name: "Logged runs" });
    await all.getByText("the loss is NaN").waitFor();
    await page.goto(`${url}#/artifacts/digits%3Amodel`);
    const runs = page.getByRole("region", { name: "Versions" });
    await runs.getByRole("cell", { name: "0.1", exact: true }).waitFor();
    await runs.getByRole("link", { name: "7", exact: true }).press("Enter");

    await page.getByText("2 points").waitFor();
    await page.getByText("holdfast runs show digits:model 7").first().waitFor({
      state: "attached",
    });
    const curves = page.getByRole("region", { name: "Curves" });
    await curves.getByRole("figure", { name: "loss by step" }).first().waitFor();
    await curves.getByText("× marks 1 value of NaN or infinity.").waitFor();
    run.log({ step: 3, loss: 0.3, accuracy: 0.9 });
    run.log({ step: 4, loss: 0.2, accuracy: 0.95 });
    await run.flush();
    await page.clock.fastForward(3000);
    await page.getByText("4 points").waitFor();
    await curves.getByRole("figure", { name: "accuracy by step" }).first().waitFor();
    assertEquals(await barriersOf(page), []);
    await run.finish("the weights");
    await page.clock.fastForward(3000);
    await page.getByRole("link", { name: "digits:model@2.0.0" }).press("Enter");
    await curves.getByRole("figure", { name: "accuracy by step" }).first().waitFor();
    // The value is shown first, not the curve.
    await page.getByRole("region", { name: "Preview" }).getByText("the weights").waitFor();
    assertEquals(errors, []);
  },
});

Deno.test({
  name: "curves stay while the service is away, and go on when it is back" + SKIPPED,
  ignore: IGNORED,
  async fn() {
    await using registry = await openRegistry("memory:");
    await registry.save("m", 1);
    await using run = await openRun(registry, "m", { id: "7" });
    for (const step of [1, 2]) run.log({ step, loss: 1 / step });
    await run.flush();
    await using explorer = await openExplorer(registry);
    const { page, url } = explorer;
    await page.clock.install();
    await page.goto(`${url}#/logged/m/7`);
    const curve = page.getByRole("figure", { name: "loss by step" }).first();
    await curve.waitFor();
    await page.route("**/runs/**", (route) => route.abort());
    await page.clock.fastForward(3000);
    const away = page.getByRole("alert").filter({ hasText: "Cannot reach the service" });
    await away.waitFor();
    assertEquals(await curve.isVisible(), true);
    await page.unroute("**/runs/**");
    run.log({ step: 3, loss: 0.1 });
    await run.flush();
    await page.clock.fastForward(3000);
    await page.getByText("3 points").waitFor();
    assertEquals(await away.count(), 0);
  },
});

Deno.test({
  name: "a run that failed has its last values, and is saved as a version by keyboard" + SKIPPED,
  ignore: IGNORED,
  async fn() {
    await using registry = await openRegistry("memory:");
    await registry.save("digits:model", 1);
    const params = { optimizer: { rate: 0.1, name: "adam" } };
    await using run = await openRun(registry, "digits:model", { id: "7", params });
    for (const step of [1, 2]) run.log({ step, loss: 1 / (1 + step), grad_norm: 3, scale: NaN });
    await run.fail("out of memory");
    await using explorer = await openExplorer(registry);
    const { page, url, errors } = explorer;
    await page.goto(`${url}#/artifacts/digits%3Amodel`);
    await page.getByRole("region", { name: "Versions" }).getByText("out of memory").waitFor();
    await page.goto(`${url}#/logged/digits%3Amodel/7`);
    const tiles = page.getByRole("region", { name: "Metrics" });
    await tiles.getByText("0.3333", { exact: true }).waitFor();
    assertEquals(await tiles.locator(".tile").allInnerTexts(), [
      "NaN\nscale", // it may explain the failure
      "0.3333\nloss\nmin 0.3333 at 2",
      "3\ngrad_norm",
    ]);
    await page.getByRole("figure", { name: "grad_norm by step" }).waitFor();
    const shown = page.getByLabel("Parameters", { exact: true });
    const names = await shown.locator("h3, dt").allInnerTexts();
    assertEquals(names, ["optimizer", "rate", "name"]);
    assertEquals(await barriersOf(page), []);
    await page.getByRole("button", { name: "Save as a version" }).press("Enter");
    await page.getByRole("link", { name: "digits:model@2.0.0" }).waitFor();
    await page.getByRole("heading", { name: "7 failed" }).waitFor();
    await page.getByRole("link", { name: "digits:model@2.0.0" }).press("Enter");
    await page.getByRole("heading", { name: "2.0.0" }).waitFor();
    await page.getByText("out of memory").first().waitFor();
    assertEquals(await page.getByRole("button", { name: "Save as a version" }).count(), 0);
    assertEquals(errors, []);
  },
});

Deno.test({
  name: "the curves of runs that are not finished are drawn together and live" + SKIPPED,
  ignore: IGNORED,
  async fn() {
    await using registry = await openRegistry("memory:");
    await registry.save("digits:model", 1);
    const open = (id: string) => openRun(registry, "digits:model", { id, params: { id } });
    await using first = await open("a");
    await using second = await open("b");
    await using third = await open("c");
    for (const run of [first, second]) {
      for (const step of [0, 1]) run.log({ step, loss: 1 / (1 + step) });
    }
    third.log({ epoch: 0, lr: 0.1 });
    for (const run of [first, second, third]) await run.flush();
    await using explorer = await openExplorer(registry);
    const { page, url, errors } = explorer;
    await page.clock.install();
    await page.goto(`${url}#/runs`);
    await page.getByRole("link", { name: "Compare 3 runs" }).press("Enter");
    const loss = page.getByRole("figure", { name: "loss by step" });
    await loss.locator("canvas").waitFor();
    const names = page.getByRole("list", { name: "Lines" }).getByRole("button");
    assertEquals((await names.allInnerTexts()).sort(), ["a", "b", "c"]);
    await page.getByText(/^Only [ab], [ab]\.$/).first().waitFor(); // the third logs no step
    await loss.getByRole("button", { name: "As a table" }).press("Enter");
    const rows = loss.locator("tbody tr");
    assertEquals(await rows.allInnerTexts(), ["0\t1\t1", "1\t0.5\t0.5"]);
    const listed = page.getByRole("region", { name: "Logged runs" });
    assertEquals(await listed.locator("thead th").allInnerTexts(), [
      ...["Run", "State", "Points", "Last stored", "loss", "loss.min", "id"],
    ]);
    second.log({ step: 2, loss: 0.25 });
    await second.finish();
    await page.clock.fastForward(3000);
    await rows.nth(2).waitFor();
    await page.clock.fastForward(5000);
    await page.getByRole("region", { name: "Logged runs" }).getByRole("link", {
      name: "b",
      exact: true,
    }).waitFor({ state: "detached" });
    assertEquals(await rows.count(), 3); // a run that has finished stays drawn
    await using late = await open("late");
    late.log({ step: 0, loss: 9 });
    await late.flush();
    await page.clock.fastForward(5000);
    await page.getByRole("link", { name: "late", exact: true }).waitFor();
    await page.clock.fastForward(3000);
    await loss.getByRole("cell", { name: "9", exact: true }).waitFor();
    assertEquals(await rows.first().innerText(), "0\t1\t1\t9");
    assertEquals(await barriersOf(page), []);
    await page.goto(`${url}#/logged/digits%3Amodel?ids=a+gone`);
    await page.getByText("gone: Cannot").waitFor();
    assertEquals(await page.getByText("no points").count(), 0);
    await loss.locator("canvas").waitFor();
    await page.goto(`${url}#/logged/digits%3Amodel?ids=gone+lost`);
    await page.getByRole("alert").getByText("gone").first().waitFor();
    await page.goto(`${url}#/logged/digits%3Aother`);
    await page.getByText("No run of this name is unfinished").waitFor();
    assertEquals(errors.filter((error) => !error.includes("404")), []);
  },
});

Deno.test({
  name: "the first run of a name is listed, and becomes its first version" + SKIPPED,
  ignore: IGNORED,
  async fn() {
    await using registry = await openRegistry("memory:");
    await using run = await openRun(registry, "digits:first", { id: "7" });
    run.log({ step: 1, loss: 0.5 });
    await run.flush();
    await using explorer = await openExplorer(registry);
    const { page, url, errors } = explorer;
    await page.goto(url);
    await page.getByRole("treeitem", { name: "first" }).getByText("running").waitFor();
    await page.getByRole("tree", { name: "Names" }).focus();
    await page.keyboard.press("End");
    await page.keyboard.press("Enter");
    const rows = page.getByRole("region", { name: "Versions" });
    await rows.getByRole("link", { name: "7", exact: true }).waitFor();
    assertEquals(await page.getByText("deleted, or never saved").count(), 0);
    assertEquals(await barriersOf(page), []);
    await run.finish();
    await rows.getByRole("link", { name: "1.0.0", exact: true }).waitFor();
    await rows.getByText("running").waitFor({ state: "detached" });
    assertEquals(errors.filter((error) => !error.includes("404")), []);
  },
});

Deno.test({
  name: "a version of a run that failed has its state, is found by it, and is never the best" +
    SKIPPED,
  ignore: IGNORED,
  async fn() {
    await using registry = await openRegistry("memory:");
    for (const [id, loss] of [["a", 0.5], ["b", 0.25], ["bad", 0.001], ["stop", 0.002]] as const) {
      await using run = await openRun(registry, "digits:model", { id });
      run.log({ step: 1, loss });
      if (id < "bad") await run.finish();
      else {
        await run.fail(id === "bad" ? "out of memory" : "KILLED"); // as clients of MLflow write it
        await finishRun(registry, "digits:model", { id });
      }
    }
    await using explorer = await openExplorer(registry);
    const { page, url, errors } = explorer;
    await page.goto(`${url}#/artifacts/digits%3Amodel`);
    const versions = page.getByRole("region", { name: "Versions" });
    await versions.waitFor();
    const rows = () => versions.locator("tbody tr").allInnerTexts();
    const texts = (await rows()).map((text) => text.replaceAll(/\s+/g, " "));
    assertEquals(texts.map((text) => /^ ?\w+ (\S+ \w+ [\d.]+(?: ★)?)/.exec(text)?.[1]), [
      "4.0.0 killed 0.002",
      "3.0.0 failed 0.001",
      "2.0.0 finished 0.25 ★",
      "1.0.0 finished 0.5",
    ]);
    await page.getByLabel("Filter versions").fill("state=failed");
    await page.getByText("1 of 4 versions").waitFor();
    await page.getByLabel("Filter versions").fill("state!=failed loss<1");
    await page.getByText("3 of 4 versions").waitFor();
    await page.getByLabel("Filter versions").fill("state=killed");
    await versions.getByRole("link", { name: "4.0.0" }).waitFor();
    await page.getByText("1 of 4 versions").waitFor();
    await page.goto(`${url}#/compare?refs=${joinRefs(3)}`);
    const best = page.getByRole("region", { name: "Facts" }).locator("td.best");
    await best.waitFor();
    assertEquals(await best.allInnerTexts(), ["0.25 ★−0.25"]);
    const states = page.getByRole("row", { name: /^State/ });
    assertEquals((await states.innerText()).split(/\s+/), [
      ...["State", "finished", "finished", "failed"],
    ]);
    await page.goto(url);
    await page.getByLabel("Search").fill("state=failed");
    await page.getByRole("option", { name: "digits:model" }).getByText("3.0.0").waitFor();
    await page.getByRole("option", { name: "digits:model" }).getByText("failed").first().waitFor();
    assertEquals(errors, []);
  },
});

function joinRefs(count: number): string {
  return Array.from({ length: count }, (_, i) => `digits%3Amodel%40${i + 1}.0.0`).join("+");
}

Deno.test({
  name: "the console of a run is shown while its program prints, at its end" + SKIPPED,
  ignore: IGNORED,
  async fn() {
    await using registry = await openRegistry("memory:");
    await registry.save("m", 1);
    await using run = await openRun(registry, "m", { id: "7" });
    const draft = await registry.openDraft("m", { id: "run:7" });
    let sent = 0;
    const print = async (offset: number, lines: readonly string[]) => {
      const content = lines.map((line) => `2026-01-02T03:04:05.000 ${line}`);
      const text = new TextEncoder().encode(JSON.stringify({ offset, content }));
      const part = `stream-${String(++sent).padStart(15, "0")}-${offset + lines.length}-0-c-a`;
      await draft.addPart(part, [{ path: "output.log", content: text }]);
    };
    await print(0, ["begun", "", "\x1b[32m10 %"]);
    await using explorer = await openExplorer(registry);
    const { page, url, errors } = explorer;
    await page.clock.install();
    await page.goto(`${url}#/logged/m/7`);
    const console = page.getByRole("region", { name: "Text of the console" });
    await console.getByText("10 %").waitFor();
    assertEquals(await console.textContent(), "begun\n\n10 %");
    assertEquals(await barriersOf(page), []);
    // A progress bar writes over its line.
    await print(2, ["20 %"]);
    await page.clock.fastForward(3000);
    await console.getByText("20 %").waitFor();
    assertEquals(await console.textContent(), "begun\n\n20 %");
    const isAtEnd = () =>
      console.evaluate(({ scrollTop, scrollHeight, clientHeight }) =>
        scrollTop > 0 && scrollTop + clientHeight >= scrollHeight - 2
      );
    await print(3, Array.from({ length: 1500 }, (_, i) => `line ${i}`));
    await page.clock.fastForward(3000);
    await console.getByText("line 1499").waitFor();
    assertEquals((await console.textContent())!.split("\n").length, 1000);
    await page.getByText("Only the end is shown.").waitFor();
    assertEquals(await isAtEnd(), true);
    // A reader who has scrolled up stays there.
    await console.evaluate((box) => box.scrollTop = 100);
    run.log({ loss: 1 });
    await run.flush();
    await print(1503, ["last"]);
    await run.finish();
    await page.clock.fastForward(3000);
    await page.getByRole("link", { name: "m@2.0.0" }).waitFor();
    await console.getByText("last").waitFor();
    assertEquals(await console.evaluate((box) => box.scrollTop), 100);
    assertEquals(errors, []);
  },
});
