// State that the page keeps: on the way back, without the service, and when the theme changes.
import { assertEquals } from "@std/assert";
import { openRegistry } from "../../../mod.ts";
import { IGNORED, openExplorer, SKIPPED } from "./support/browser.ts";
import { fillRuns } from "./support/demo_work.ts";

Deno.test({
  name: "a run is followed again when the service is back" + SKIPPED,
  ignore: IGNORED,
  async fn() {
    await using registry = await openRegistry("memory:");
    await using _runs = await fillRuns(registry);
    let isAway = false;
    await using explorer = await openExplorer(registry, {
      between: (request, answer) =>
        isAway
          ? Promise.resolve(new Response(null, { status: 503 }))
          : answer(request),
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
