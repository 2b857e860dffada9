// State that the page keeps: on the way back, without the service, and when the theme changes.
import { assertEquals } from "@std/assert";
import { openRegistry } from "../../mod.ts";
import { IGNORED, openExplorer, SKIPPED } from "./support/browser.ts";
import { fillRuns } from "./support/demo_work.ts";

Deno.test({
  name: "the way back shows the tree of names as it was left" + SKIPPED,
  ignore: IGNORED,
  async fn() {
    await using registry = await openRegistry("memory:");
    for (let i = 10; i < 80; i++) await registry.save(`set:${i % 2 === 0 ? "a" : "b"}/${i}`, i);
    await using explorer = await openExplorer(registry);
    const { page, url, errors } = explorer;
    await page.goto(url);
    for (const folder of ["set:", "a/"]) {
      await page.getByRole("treeitem").filter({ hasText: folder }).first().click();
    }
    await page.getByRole("tree").press("End");
    await page.getByRole("tree").press("ArrowUp");
    const last = page.getByRole("treeitem", { name: "78", exact: false }).first();
    await last.click();
    await page.getByRole("heading", { name: "78" }).waitFor();
    await page.goBack();
    await last.waitFor();
    assertEquals(await last.getAttribute("aria-selected"), "true");
    assertEquals(errors, []);
  },
});

Deno.test({
  name: "a run is followed again when the service is back" + SKIPPED,
  ignore: IGNORED,
  async fn() {
    await using registry = await openRegistry("memory:");
    await using _runs = await fillRuns(registry);
    let isAway = false;
    await using explorer = await openExplorer(registry, {
      between: (request, answer) =>
        isAway ? Promise.resolve(new Response(null, { status: 503 })) : answer(request),
    });
    const { page, url } = explorer;
    await page.goto(`${url}#/runs/segmentation%404`);
    await page.getByText("This page follows it").waitFor();
    isAway = true;
    await page.getByRole("alert").waitFor();
    isAway = false;
    await page.getByText("This page follows it").waitFor();
  },
});

Deno.test({
  name: "a chart has the colors of the theme, also after it changes" + SKIPPED,
  ignore: IGNORED,
  async fn() {
    await using registry = await openRegistry("memory:");
    for (let i = 0; i < 3; i++) await registry.save("a", new Uint8Array(1000 + i));
    await using explorer = await openExplorer(registry);
    const { page, url, errors } = explorer;
    await page.emulateMedia({ colorScheme: "light" });
    await page.goto(`${url}#/artifacts/a?tab=storage`);
    const canvas = page.locator(".uplot canvas");
    await canvas.waitFor();
    const light = await canvas.elementHandle();
    await page.emulateMedia({ colorScheme: "dark" });
    await page.waitForFunction((light) => !(light as Node).isConnected, light);
    await canvas.waitFor();
    const hasLightLine = () =>
      canvas.evaluate((element) => {
        const { width, height } = element as HTMLCanvasElement;
        const context = (element as HTMLCanvasElement).getContext("2d")!;
        const { data } = context.getImageData(0, 0, width, height);
        const pixels = Array.from(
          { length: data.length / 4 },
          (_, i) => data.slice(i * 4, i * 4 + 4),
        );
        return pixels.some((pixel) => pixel.join() === "228,228,224,255");
      });
    assertEquals(await hasLightLine(), false);
    const dark = await canvas.elementHandle();
    await page.getByRole("button", { name: "Theme: system" }).click();
    await page.waitForFunction((dark) => !(dark as Node).isConnected, dark);
    await canvas.waitFor();
    assertEquals([await hasLightLine(), errors], [true, []]);
  },
});

Deno.test({
  name: "a dark page is printed with dark text" + SKIPPED,
  ignore: IGNORED,
  async fn() {
    await using registry = await openRegistry("memory:");
    await registry.save("model", { depth: 1 });
    await using explorer = await openExplorer(registry);
    const { page, url } = explorer;
    await page.emulateMedia({ colorScheme: "dark" });
    await page.goto(`${url}#/artifacts/model/1.0.0`);
    await page.getByRole("heading", { name: "1.0.0" }).waitFor();
    const isText = (color: string) =>
      page.waitForFunction((color) => getComputedStyle(document.body).color === color, color);
    const [onScreen, onPaper] = ["rgb(232, 232, 230)", "rgb(28, 29, 31)"];
    for (const theme of ["system", "light", "dark"]) {
      await isText(theme === "light" ? onPaper : onScreen);
      await page.emulateMedia({ media: "print" });
      await isText(onPaper);
      await page.emulateMedia({ media: "screen" });
      await page.getByRole("button", { name: `Theme: ${theme}` }).click();
    }
  },
});
