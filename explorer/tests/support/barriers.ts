// Barriers of a page, as axe-core finds them.
import type axe from "npm:axe-core@^4";
import type { Page } from "npm:playwright-core@^1.56";

/**
 * Returns all that axe-core finds. Playwright evaluates its text past the policy of the page, once:
 * all views are fragments of one page.
 */
export async function barriersOf(page: Page): Promise<string[]> {
  const { default: { source } } = await import("npm:axe-core@^4");
  if (!await page.evaluate(() => "axe" in globalThis)) await page.evaluate(source);
  return await page.evaluate(async () => {
    const { violations } = await (globalThis as never as { axe: typeof axe }).axe.run(document);
    return violations.map(({ id, nodes: [node] }) =>
      `${id}: ${node?.html} ${node?.failureSummary}`
    );
  });
}
