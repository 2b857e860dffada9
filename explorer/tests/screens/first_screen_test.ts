// The first screen of views: on a slow line, of a version, of a comparison, of a search.
import { assertEquals } from "@std/assert";
import { openRegistry, type Registry } from "../../../mod.ts";
import { bestOf } from "../../src/compare/facts.ts";
import { conditionsOf, inOrderOf } from "../../src/views/names/found_order.ts";
import { barriersOf } from "../support/barriers.ts";
import { IGNORED, openExplorer, SKIPPED } from "../support/browser.ts";

Deno.test("a search with a bound shows the best side of it first", () => {
  const found = (accuracy: unknown) => ({
    name: "m",
    version: "1.0.0",
    aliases: [],
    kind: "json",
    createdAt: "2026-01-01",
    size: 1,
    metadata: { accuracy },
  });
  const order = (search: string) =>
    inOrderOf(conditionsOf(search), [0.9, undefined, "0.95", 0.8].map(found))
      .map(({ metadata }) => metadata.accuracy);
  assertEquals(order("adam metadata.accuracy > 0.1"), ["0.95", 0.9, 0.8, undefined]);
  assertEquals(order("metadata.accuracy<1"), [0.8, 0.9, "0.95", undefined]);
  assertEquals(order("metadata.accuracy=1 kind=json"), [0.9, undefined, "0.95", 0.8]);
});

Deno.test("the best of compared values is that of a metric which differs", () => {
  const best = (name: string, values: unknown[], isSame = false) =>
    bestOf({ name, values, isSame, isMetadata: true });
  assertEquals(best("metrics.val.loss", [0.2, 0.1]), 0.1);
  assertEquals(best("accuracy", [0.2, undefined, 0.3]), 0.3);
  assertEquals([best("params.rate", [1, 2]), best("loss", [1, 1], true)], [undefined, undefined]);
});

async function saveTwo(registry: Registry): Promise<void> {
  for (const i of [1, 2]) {
    const metadata = { params: { opt: { rate: i / 3 } }, metrics: { accuracy: i / 3, loss: i } };
    await registry.save("m", i, { metadata });
  }
  await registry.setAlias("m", "production", "1.0.0");
}

Deno.test({
  name: "a version begins with its metrics, and a comparison shows the better value" + SKIPPED,
  ignore: IGNORED,
  async fn() {
    await using registry = await openRegistry("memory:");
    await saveTwo(registry);
    await using explorer = await openExplorer(registry);
    const { page, url, errors } = explorer;
    await page.goto(`${url}#/artifacts/m/1.0.0`);
    const tiles = page.getByRole("region", { name: "Metrics" });
    await tiles.getByText("0.3333", { exact: true }).waitFor();
    assertEquals(await tiles.locator(".tile > .muted").allInnerTexts(), ["accuracy", "loss"]);
    const metadata = page.getByLabel("Metadata", { exact: true });
    assertEquals(await metadata.locator("h3, dt").allInnerTexts(), [
      ...["params", "opt.rate", "metrics", "accuracy", "loss"],
    ]);
    assertEquals(await metadata.getByTitle(String(1 / 3)).count(), 2); // all digits

    await page.goto(`${url}#/compare?refs=m%401.0.0+m%402.0.0`);
    await page.getByRole("columnheader", { name: "1.0.0" }).getByText("production").waitFor();
    const bold = await page.locator("td.best").allInnerTexts();
    assertEquals(bold.map((text) => text.split(/[+\s]/)[0]), ["0.666667", "1"]);

    await page.goto(`${url}#/?q=metrics.accuracy>0.1`);
    const rows = page.getByRole("listbox", { name: "Results" }).getByRole("option");
    await rows.nth(1).waitFor();
    await rows.first().getByText("metrics.accuracy 0.666667").waitFor();

    await page.goto(
      `${url}#/artifacts/m?columns=version+metadata.gone&sort=-metadata.metrics.loss`,
    );
    await page.getByText("This address names metadata.gone: no version has this key.").waitFor();
    await page.evaluate(() => {
      for (const event of ["focusin", "pointerdown", "keydown"]) dispatchEvent(new Event(event));
    });
    assertEquals(errors, []);
  },
});

Deno.test({
  name: "a version has its facts beside its content, or on a phone around it" + SKIPPED,
  ignore: IGNORED,
  async fn() {
    await using registry = await openRegistry("memory:");
    const numbered = Array.from({ length: 30 }, (_, i) => [`layer_${i}`, i]);
    const metadata = {
      params: { rate: 0.1 },
      metrics: { accuracy: 0.9, tokens: 7_241_748_480, ...Object.fromEntries(numbered) },
    };
    const name = `team-of-research/models:${"risk-of-default-".repeat(5)}v12`;
    await registry.save(name, "the value", { metadata });
    await using explorer = await openExplorer(registry);
    const { page, url, errors } = explorer;
    const facts = page.getByRole("complementary", { name: "Facts" });
    const content = page.getByRole("region", { name: "Preview" });
    const boxOf = async (part: typeof facts) => (await part.boundingBox())!;
    for (const width of [1280, 1920]) {
      await page.setViewportSize({ width, height: 900 });
      await page.goto(`${url}#/artifacts/${encodeURIComponent(name)}/1.0.0`);
      await content.getByText("the value").waitFor();
      const [left, right] = [await boxOf(content), await boxOf(facts)];
      assertEquals(left.x + left.width <= right.x, true);
      assertEquals(width - right.x - right.width < 40, true); // the whole width is used
      assertEquals(left.y < 400, true, "the content is on the first screen");
    }
    const all = facts.getByRole("button", { name: "Show all 32 of metrics" });
    const names = facts.locator("dt");
    assertEquals(await names.filter({ hasText: "layer_29" }).count(), 0);
    await all.press("Enter");
    await names.filter({ hasText: "layer_29" }).waitFor();

    await page.setViewportSize({ width: 390, height: 900 });
    const [kind, value, rate] = [facts.getByText("Digest"), content, facts.getByText("rate")];
    const tops = await Promise.all([kind, value, rate].map(async (part) => (await boxOf(part)).y));
    assertEquals(tops, tops.toSorted((a, b) => a - b));
    assertEquals(await barriersOf(page), []);
    const tile = page.locator(".tile", { hasText: "tokens" });
    const isCut = (each: HTMLElement) => each.scrollWidth > each.clientWidth;
    assertEquals(await tile.evaluate(isCut), false);
    assertEquals(errors, []);
  },
});

Deno.test({
  name: "on a slow line, the frame is shown before the scripts arrive" + SKIPPED,
  ignore: IGNORED,
  async fn() {
    await using registry = await openRegistry("memory:");
    await saveTwo(registry);
    const isShown = Promise.withResolvers<void>();
    await using explorer = await openExplorer(registry, {
      async between(request, answer) {
        if (new URL(request.url).pathname.endsWith(".js")) await isShown.promise;
        return await answer(request);
      },
    });
    using _released = { [Symbol.dispose]: isShown.resolve };
    const { page, url, errors } = explorer;
    await page.goto(url, { waitUntil: "commit" });
    await page.locator(".skeleton > div").first().waitFor();
    assertEquals(await page.locator(".bar .brand").innerText(), "Holdfast");
    isShown.resolve();
    await page.getByRole("heading", { name: "Names" }).waitFor();
    assertEquals(await page.locator(".skeleton").count(), 0);
    assertEquals(errors, []);
  },
});
