// Words of the page about values, files and space, where little, much or nothing is there.
import { assert, assertEquals } from "@std/assert";
import { openRegistry, type Registry } from "../../../mod.ts";
import { openRun } from "../../../extensions/runs/mod.ts";
import { IGNORED, openExplorer, SKIPPED } from "../support/browser.ts";

async function saveVersions(registry: Registry, count: number): Promise<void> {
  for (let i = 0; i < count; i++) {
    const metadata = { params: { lr: i / 100, id: `w${i}` }, metrics: { loss: 1 / (i + 1) } };
    await registry.save("net", i, { metadata });
  }
}

Deno.test({
  name: "keys without a rank are few words, and none if no version meets the filter" + SKIPPED,
  ignore: IGNORED,
  async fn() {
    await using registry = await openRegistry("memory:");
    await saveVersions(registry, 14);
    await using explorer = await openExplorer(registry);
    const { page, url, errors } = explorer;
    await page.goto(`${url}#/artifacts/net`);
    await page.getByText("no axis for id, with more than 12 words").waitFor();
    await page.getByText("Not ranked, because too few versions share a value: id.").waitFor();
    await page.getByLabel("Filter versions").fill("lr>7");
    await page.getByText("No version meets the filter").waitFor();
    await page.getByText("0 of 2 keys ranked, over 0 versions.").waitFor();
    assertEquals(await page.getByText("Not ranked").count(), 0);
    assertEquals(errors, []);
  },
});

Deno.test({
  name: "the files of three versions are at first those of the base and the next" + SKIPPED,
  ignore: IGNORED,
  async fn() {
    await using registry = await openRegistry("memory:");
    for (const value of [1, 2, 3]) await registry.save("net", value);
    await using explorer = await openExplorer(registry);
    const { page, url, errors } = explorer;
    await page.goto(`${url}#/compare?refs=net@3.0.0%20net@2.0.0%20net@1.0.0`);
    await page.getByText("1 B in net@3.0.0, 1 B in net@2.0.0").waitFor();
    await page.getByRole("combobox", { name: "and" }).selectOption("2");
    await page.getByText("1 B in net@3.0.0, 1 B in net@1.0.0").waitFor();
    assertEquals(errors, []);
  },
});

Deno.test({
  name: "all chips of many versions are whole" + SKIPPED,
  ignore: IGNORED,
  async fn() {
    await using registry = await openRegistry("memory:");
    await saveVersions(registry, 20);
    await using explorer = await openExplorer(registry);
    const { page, url, errors } = explorer;
    for (const count of [8, 20]) {
      const refs = Array.from({ length: count }, (_, i) => `net@${i + 1}.0.0`).join("%20");
      await page.goto(`${url}#/compare?refs=${refs}`);
      const chips = page.getByRole("region", { name: "Versions to compare" }).getByRole("list");
      await chips.getByRole("listitem").nth(count - 1).waitFor();
      assert(
        await chips.evaluate((each) => each.scrollHeight <= each.clientHeight + 1),
        `${count}`,
      );
    }
    assertEquals(errors, []);
  },
});

Deno.test({
  name: "a file in the path of the address is opened" + SKIPPED,
  ignore: IGNORED,
  async fn() {
    await using registry = await openRegistry("memory:");
    await registry.save("net", { name: "first" });
    await using explorer = await openExplorer(registry);
    const { page, url, errors } = explorer;
    await page.goto(`${url}#/artifacts/net/1.0.0/data/missing.json`);
    await page.getByText("data/missing.json").first().waitFor();
    await page.goto(`${url}#/artifacts/net/1.0.0/data.json`);
    await page.getByRole("region", { name: "Preview" }).getByText("first").waitFor();
    assertEquals(new URL(page.url()).hash, "#/artifacts/net/1.0.0?path=data.json");
    assertEquals(errors, []);
  },
});

Deno.test({
  name: "a view that was opened while the service was away tries again" + SKIPPED,
  ignore: IGNORED,
  async fn() {
    await using registry = await openRegistry("memory:");
    await saveVersions(registry, 2);
    for (const status of [0, 502]) {
      let isAway = false;
      await using explorer = await openExplorer(registry, {
        between: (request, answer) =>
          isAway && status > 0 && !new URL(request.url).pathname.startsWith("/explore/")
            ? Promise.resolve(new Response(null, { status }))
            : answer(request),
      });
      const { page, url } = explorer;
      await page.goto(`${url}#/`);
      await page.getByRole("treeitem").first().waitFor();
      isAway = true;
      if (status === 0) await page.route("**/artifacts/**", (route) => route.abort());
      await page.goto(`${url}#/artifacts/net`);
      await page.getByRole("alert").first().waitFor();
      isAway = false;
      await page.unrouteAll();
      await page.getByText("2 of 2 versions").waitFor();
      await page.waitForFunction(() => document.querySelector("[role=alert]") === null);
    }
  },
});

Deno.test({
  name: "of many names, no empty box is beside them" + SKIPPED,
  ignore: IGNORED,
  async fn() {
    await using registry = await openRegistry("memory:");
    for (let i = 0; i < 510; i++) await registry.save(`bulk:n${i}`, i);
    await using explorer = await openExplorer(registry);
    const { page, url, errors } = explorer;
    await page.goto(`${url}#/`);
    await page.getByText("510 names").waitFor();
    await page.waitForFunction(() => document.querySelector(".loading") === null);
    assertEquals(await page.getByText("Changed lately").count(), 0);
    await using run = await openRun(registry, "bulk:n1");
    run.log({ loss: 1 });
    await page.goto(`${url}#/artifacts/bulk%3An1`);
    await page.getByText("1.0.0").first().waitFor();
    assertEquals(errors, []);
  },
});

Deno.test({
  name: "the space of points of a finished run is named" + SKIPPED,
  ignore: IGNORED,
  async fn() {
    await using registry = await openRegistry("memory:");
    await using run = await openRun(registry, "net");
    for (let step = 0; step < 3000; step++) run.log({ step, loss: Math.sin(step) });
    await run.finish();
    await using explorer = await openExplorer(registry);
    const { page, url, errors } = explorer;
    await page.goto(`${url}#/storage`);
    const tile = page.locator(".tile", { hasText: "in drafts, and points of runs" });
    await tile.waitFor();
    assert(/KiB/.test(await tile.innerText()), await tile.innerText());
    assertEquals(errors, []);
  },
});

Deno.test({
  name: "a short key that several names have is asked for, in the search, too" + SKIPPED,
  ignore: IGNORED,
  async fn() {
    await using registry = await openRegistry("memory:");
    await registry.save("net", 1, { metadata: { params: { lr: 0.1 }, metrics: { lr: 1e-9 } } });
    await registry.save("net", 2, { metadata: { params: { lr: 0.2 }, metrics: { lr: 1e-9 } } });
    await using explorer = await openExplorer(registry);
    const { page, url, errors } = explorer;
    await page.goto(`${url}#/artifacts/net?filter=lr%3E0.1`);
    await page.getByText("Several keys end in lr: use").waitFor();
    await page.getByRole("button", { name: "params.lr" }).press("Enter");
    await page.getByText("1 of 2 versions").waitFor();
    await page.goto(`${url}#/?q=lr%3E0.1`);
    await page.getByText("Is lr a parameter or a measure?").waitFor();
    assertEquals(errors, []);
  },
});
