// The card of a name, also after versions without one.
import { assertEquals } from "@std/assert";
import { openRegistry } from "../../../mod.ts";
import { barriersOf } from "../support/barriers.ts";
import { IGNORED, openExplorer, SKIPPED } from "../support/browser.ts";

Deno.test({
  name: "a name keeps its card after versions without one, and says which version has it" + SKIPPED,
  ignore: IGNORED,
  async fn() {
    await using registry = await openRegistry("memory:");
    const saveFolder = async (...paths: string[]) => {
      const files = paths.map((path) => ({
        path,
        content: new TextEncoder().encode(`# Card of ${paths.length} files`),
      }));
      await registry.save("net", undefined, {
        as: { id: "folder", formatVersion: 1, save: () => files, load: () => 0 },
      });
    };
    await saveFolder("README.md", "model.bin");
    await using explorer = await openExplorer(registry);
    const { page, url, errors } = explorer;
    await page.goto(`${url}#/artifacts/net?tab=card`);
    await page.getByText("The card of version 1.0.0.").waitFor();
    await page.getByRole("heading", { name: "Card of 2 files" }).waitFor();

    await saveFolder("model.bin", "run.json", "more.json");
    await page.getByText("The card of version 1.0.0: 2.0.0, the newest, has none.").waitFor();
    await page.getByRole("heading", { name: "Card of 2 files" }).waitFor();
    for (const colorScheme of ["light", "dark"] as const) {
      await page.emulateMedia({ colorScheme });
      assertEquals(await barriersOf(page), []);
    }

    await registry.setAlias("net", "production", "1");
    for (let i = 0; i < 6; i++) await saveFolder("model.bin", `${i}.json`);
    await page.goto("about:blank");
    await page.goto(`${url}#/artifacts/net?tab=card`);
    await page.getByText("The card of version 1.0.0: 8.0.0, the newest, has none.").waitFor();
    assertEquals(errors, []);
  },
});
