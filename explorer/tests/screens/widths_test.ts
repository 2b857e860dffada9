// Pages use their width: long names break nothing, and storage has no empty half.
import { assert, assertEquals } from "@std/assert";
import { openRegistry, type Registry } from "../../../mod.ts";
import { realSystem } from "../../../core/system.ts";
import { openRun } from "../../../extensions/runs/mod.ts";
import { IGNORED, openExplorer, SKIPPED } from "../support/browser.ts";
import { fillDemo } from "../support/demo_registry.ts";

/** 80 characters, with places to break and without. */
const LONG = "research-and-development:segmentation/" +
  "of-cells-in-tissue-".repeat(3).slice(0, 42);
const SOLID = "x".repeat(80);

async function openLong(): Promise<Registry> {
  const registry = await openRegistry("memory:");
  for (const name of [LONG, SOLID]) {
    for (const loss of [0.25, 0.5]) {
      const metadata = {
        params: { optimizer: SOLID, [`${"weight_decay_".repeat(6)}`]: loss },
        metrics: { [`${"validation_loss_".repeat(5)}`]: loss, loss },
      };
      await registry.save(name, { loss }, { metadata });
    }
    await registry.setAlias(name, `${"production-of-the-clinic-".repeat(3)}1`, "1.0.0");
  }
  return registry;
}

/** Returns the texts that stick out of the page, or of a box that does not scroll. */
function outsideTexts(): string[] {
  const texts = document.createTreeWalker(document.querySelector("main")!, NodeFilter.SHOW_TEXT);
  const found: string[] = [];
  for (let node = texts.nextNode(); node !== null; node = texts.nextNode()) {
    const range = document.createRange();
    range.selectNodeContents(node);
    const { left, right, width } = range.getBoundingClientRect();
    const parent = node.parentElement!;
    const isClipped = (each: Element) => {
      const { overflowX, clipPath } = getComputedStyle(each);
      return overflowX !== "visible" || clipPath !== "none";
    };
    let box: Element | null = parent;
    while (box !== null && !isClipped(box)) box = box.parentElement;
    if (width > 0 && box === null && (left < -1 || right > innerWidth + 1)) {
      found.push(node.textContent!.slice(0, 60));
    }
  }
  return found;
}

Deno.test({
  name: "names of 80 characters fit the pages that show them, at 1280 and 390 pixels" + SKIPPED,
  ignore: IGNORED,
  async fn() {
    await using registry = await openLong();
    await using run = await openRun(registry, LONG, { id: SOLID });
    run.log({ step: 1, loss: 0.5 });
    await run.flush();
    await using explorer = await openExplorer(registry);
    const { page, url, errors } = explorer;
    const [long, solid] = [LONG, SOLID].map(encodeURIComponent);
    const refs = [`${LONG}@1.0.0`, `${LONG}@2.0.0`, `${SOLID}@1.0.0`].map(encodeURIComponent);
    const pages = [
      "#/",
      `#/?q=${solid}`,
      `#/artifacts/${long}`,
      `#/artifacts/${solid}`,
      `#/artifacts/${long}?tab=aliases`,
      `#/artifacts/${long}?tab=changes`,
      `#/artifacts/${solid}/1.0.0`,
      `#/artifacts/${long}/1.0.0`,
      `#/compare?refs=${refs.join("+")}`,
      `#/compare?refs=${refs.slice(0, 2).join("+")}`,
      `#/lineage?ref=${refs[2]}`,
      `#/logged/${long}/${solid}`,
      "#/runs",
      "#/storage",
      "#/upload",
    ];
    const broken: string[] = [];
    for (const fragment of pages) {
      await page.goto(`${url}${fragment}`);
      await page.locator("main h1").first().waitFor();
      await page.waitForFunction(() => document.querySelector(".loading") === null);
      for (const width of [1280, 390]) {
        await page.setViewportSize({ width, height: 800 });
        await page.waitForFunction(() => document.documentElement.scrollWidth <= innerWidth) // charts follow
          .catch(() => broken.push(`${fragment} is wider than ${width}`));
        broken.push(...(await page.evaluate(outsideTexts)).map((text) => `${fragment}: ${text}`));
      }
    }
    assertEquals(broken, []);
    assertEquals(errors.filter((text) => !text.includes("404")), []);
  },
});

Deno.test({
  name: "storage shows its names beside its growth, over the whole width" + SKIPPED,
  ignore: IGNORED,
  async fn() {
    let days = 0;
    const now = () => realSystem.now() - (3 - days) * 86_400_000;
    await using registry = await openRegistry("memory:", { system: { ...realSystem, now } });
    for (days = 0; days < 3; days++) await registry.save("raw", new Uint8Array(1000).fill(days));
    await fillDemo(registry);
    await using explorer = await openExplorer(registry);
    const { page, url, errors } = explorer;
    await page.goto(`${url}#/storage`);
    const parts = ["All names", "By name"].map((name) => page.getByRole("region", { name }));
    await page.locator(".uplot").waitFor();
    const boxes = async () =>
      await Promise.all(parts.map(async (part) => (await part.boundingBox())!));
    for (const width of [1280, 1920]) {
      await page.setViewportSize({ width, height: 900 });
      const [all, names] = await boxes();
      assertEquals(all!.y, names!.y);
      assert(all!.width > width * 0.4 && names!.x + names!.width > width - 40, `${width}`);
    }
    await page.setViewportSize({ width: 390, height: 900 });
    const [all, names] = await boxes();
    assert(names!.y >= all!.y + all!.height);
    assertEquals(errors, []);
  },
});
