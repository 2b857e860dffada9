// Messages after a change end by themselves.
import { assertEquals } from "@std/assert";
import { openRegistry } from "../../../mod.ts";
import type { Locator, Page } from "npm:playwright-core@^1.56";
import { IGNORED, openExplorer, SKIPPED } from "../support/browser.ts";

/** Registers a test of the message after an alias was moved, with the clock of the page held. */
function messageTest(name: string, run: (page: Page, message: Locator) => Promise<void>): void {
  Deno.test({
    name: name + SKIPPED,
    ignore: IGNORED,
    async fn() {
      await using registry = await openRegistry("memory:");
      for (const depth of [1, 2]) await registry.save("model", { depth });
      await registry.setAlias("model", "production", "1.0.0");
      await using explorer = await openExplorer(registry);
      const { page, url } = explorer;
      await page.clock.install();
      await page.goto(`${url}#/artifacts/model?tab=aliases`);
      await page.getByRole("button", { name: "Move production", exact: true }).click();
      await page.getByRole("dialog").getByRole("button", { name: "Move production from 1.0.0" })
        .click();
      await run(page, page.locator(".message"));
      assertEquals((await registry.info("model@production")).version, "2.0.0");
    },
  });
}

messageTest(
  "a message ends ten seconds after the reader went on, and stays while it is used",
  async (page, message) => {
    const undo = message.getByRole("button", { name: "Undo" });
    await undo.focus();
    await page.clock.runFor(1000); // the listeners of the message follow it
    await page.keyboard.press("Shift");
    await page.clock.runFor(60_000);
    await undo.waitFor();
    await message.getByRole("button", { name: "Close the message" }).focus();
    await page.mouse.move(5, 5);
    await page.evaluate(() => (document.activeElement as HTMLElement).blur());
    await page.clock.runFor(1000);
    await page.keyboard.press("Shift");
    await page.clock.runFor(10_000);
    await message.waitFor({ state: "detached" });
  },
);

messageTest(
  "a message ends with the page that it is about",
  async (page, message) => {
    await message.getByRole("button", { name: "Undo" }).waitFor();
    await page.getByRole("link", { name: "Changes" }).click(); // a tab of the same page
    await page.getByText("moved to").waitFor();
    assertEquals(await message.count(), 1);
    await page.getByRole("link", { name: "Compare", exact: true }).click();
    await page.getByRole("heading", { name: "Compare", exact: true }).waitFor();
    await message.waitFor({ state: "detached" });
  },
);
