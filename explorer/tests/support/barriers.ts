// Barriers of a page, as axe-core finds them.
import type axe from "npm:axe-core@^4";
import type { Page } from "npm:playwright-core@^1.56";

/**
 * Returns all that axe-core finds. Playwright evaluates its text past the policy of the page, once:
 * all views are fragments of one page.
 */
export async function barriersOf(page: Page): Promise<string[]> {
  const { default: { source } } = await import("npm:axe-core@^4");
  await page.emulateMedia({ reducedMotion: "reduce" }); // a text that fades in has little contrast
  if (!await page.evaluate(() => "axe" in globalThis)) await page.evaluate(source);
  return await page.evaluate(async () => {
    const { violations } = await (globalThis as never as { axe: typeof axe }).axe.run(document);
    return violations.map(({ id, nodes: [node] }) =>
      `${id}: ${node?.html} ${node?.failureSummary}`
    );
  });
}

/** Returns the same in both themes, on a wide page and on a phone. Waits until the page fits each. */
export async function barriersInThemes(page: Page): Promise<string[]> {
  const found: string[] = [];
  for (const colorScheme of ["light", "dark"] as const) {
    for (const width of [1280, 390]) {
      await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
      await page.setViewportSize({ width, height: 800 });
      await page.waitForFunction((most) => document.documentElement.scrollWidth <= most, width);
      found.push(...await barriersOf(page));
    }
  }
  return found;
}
