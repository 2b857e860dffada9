// All views by keyboard alone: each control is reached by Tab, is in view then, and shows the focus.
import { assert, assertEquals } from "@std/assert";
import type { Page } from "npm:playwright-core@^1.56";
import { localPath, openRegistry, type Registry } from "../../../mod.ts";
import { openRun } from "../../../extensions/runs/mod.ts";
import { IGNORED, openExplorer, SKIPPED } from "../support/browser.ts";
import { fillDemo } from "../support/demo_registry.ts";
import { tempRoot } from "../../../tests/support/temp_root.ts";
import { fillRuns } from "../support/demo_work.ts";
import { writeFiles } from "../support/samples.ts";

const NAME = "#/artifacts/vision%3Aresnet%2Fweights";
const REFS = [1, 2, 3].map((n) => `vision%3Aresnet%2Fweights%40${n}.0.0`).join("+");
const RUNS = [1, 2].map((n) => `team%3Anet%40${n}.0.0`).join("+");

/** An address, and a text that shows that it is loaded. */
const VIEWS: readonly (readonly [fragment: string, text: string])[] = [
  ["#/", "Changed lately"],
  ["#/?q=accuracy%3E0.8", "4.0.0"],
  [NAME, "accuracy by version"],
  [`${NAME}?tab=aliases`, "candidate"],
  [`${NAME}?tab=changes`, "saved"],
  [`${NAME}?tab=storage`, "Storage"],
  [`${NAME}/3.0.0`, "Metadata"],
  ["#/artifacts/team%3Anet/1.0.0", "Smoothing"],
  ["#/artifacts/team%3Atable/1.0.0", "Column statistics"],
  [`#/compare?refs=${REFS}`, "Differences only"],
  [`#/compare?refs=${RUNS}`, "Smoothing"],
  ["#/compare", "Add at least two versions"],
  [`#/lineage?ref=reports%3Asummary%401.0.0`, "connections"],
  [`#/lineage?ref=reports%3Asummary%401.0.0&as=list`, "versions"],
  ["#/storage", "By name"],
  ["#/runs", "segmentation@4"],
  ["#/runs/segmentation%401", "Parameters and metrics"],
  ["#/logged/team%3Anet", "Smoothing"],
  ["#/logged/team%3Anet/night-1", "Smoothing"],
  ["#/upload", "Name"],
];

const ON_PHONES = ["#/", NAME, `#/compare?refs=${RUNS}`, "#/logged/team%3Anet"];

/** Marks what a person can use, and returns how much there is. */
function markControls(): number {
  const usable = "a[href], button, input, select, textarea, summary, [tabindex='0']";
  const all = [...document.querySelectorAll<HTMLElement>(usable)].filter((each) =>
    each.tabIndex >= 0 && !each.matches(":disabled") &&
    each.checkVisibility({ visibilityProperty: true })
  );
  for (const each of all) each.dataset.control = "";
  return all.length;
}

/** Unmarks the control with the focus. Returns what is wrong with it; undefined at the end. */
function visit(): string | undefined {
  const { activeElement: control } = document;
  if (!(control instanceof HTMLElement || control instanceof SVGElement)) return undefined;
  if (control === document.body) return undefined;
  const isSeen = control.dataset.control === undefined && control.dataset.seen !== undefined;
  if (isSeen) return undefined; // around once
  delete control.dataset.control;
  control.dataset.seen = "";
  const { left, top, right, bottom, width } = control.getBoundingClientRect();
  const isInView = bottom > 0 && top < innerHeight && right > 0 && left < innerWidth && width > 0;
  const { outlineStyle, outlineWidth } = getComputedStyle(control);
  const node = control.querySelector(":scope.node > rect, :scope [aria-selected='true']");
  const hasMark = node !== null && (getComputedStyle(node).strokeWidth === "2.5px" ||
    getComputedStyle(node).boxShadow !== "none");
  const hasFocus = outlineStyle !== "none" && parseFloat(outlineWidth) > 0 || hasMark;
  const isCovered = () => {
    const at = document.elementFromPoint(
      Math.min(Math.max(left + width / 2, 1), innerWidth - 1),
      Math.min(Math.max((top + bottom) / 2, 1), innerHeight - 1),
    );
    return at !== null && !control.contains(at) && !at.contains(control) &&
      at.closest(".bar, .lines-legend, .compared > .chips") !== null;
  };
  const problems = [
    ...isInView ? [] : ["out of view"],
    ...hasFocus ? [] : ["no visible focus"],
    ...isInView && isCovered() ? ["covered by what stays in view"] : [],
  ];
  const name = control.getAttribute("aria-label") ?? control.textContent?.slice(0, 40);
  return problems.length === 0 ? "" : `${control.localName} "${name}": ${problems.join(", ")}`;
}

/** Returns the controls that Tab did not reach. */
function leftControls(): string[] {
  return [...document.querySelectorAll<HTMLElement>("[data-control]")]
    .filter((each) => each.checkVisibility() && !isInGroup(each))
    .map((each) => `${each.localName} "${each.getAttribute("aria-label") ?? each.textContent}"`);
  /** Of radio buttons, Tab reaches one. */
  function isInGroup(each: HTMLElement): boolean {
    return each.matches("[type=radio]") && !each.matches(":checked");
  }
}

/** Returns what a person with a keyboard cannot reach or see. */
async function problemsOf(page: Page): Promise<string[]> {
  const problems: string[] = [];
  const count = await page.evaluate(markControls);
  for (let i = 0; i < count + 20; i++) {
    await page.keyboard.press("Tab");
    const problem = await page.evaluate(visit);
    if (problem === undefined) break;
    if (problem !== "") problems.push(problem);
  }
  return [...problems, ...(await page.evaluate(leftControls)).map((each) => `${each}: no Tab`)];
}

/** Scrolls to what is drawn only in view. What loads above it can move it out of view again. */
async function showCharts(page: Page): Promise<void> {
  await page.waitForFunction(() => {
    document.querySelector(".charts, [role=tree]")?.scrollIntoView();
    return document.querySelector("canvas, [role=tree]") !== null;
  });
}

async function saveRuns(registry: Registry): Promise<void> {
  for (const i of [1, 2]) {
    await using run = await openRun(registry, "team:net", { params: { rate: i } });
    for (let step = 0; step < 40; step++) run.log({ step, loss: i / (1 + step), acc: step });
    await run.finish();
  }
  await using root = await tempRoot();
  const rows = Array.from({ length: 60 }, (_, i) => `${i},${i % 3}`).join("\n");
  await writeFiles(root.path, new Map([["a.csv", new TextEncoder().encode(`a,b\n${rows}\n`)]]));
  await registry.save("team:table", localPath(root.path));
}

Deno.test({
  name: "every control of every view is reached by Tab, in view and with a visible focus" + SKIPPED,
  ignore: IGNORED,
  async fn() {
    await using registry = await openRegistry("memory:");
    await fillDemo(registry);
    await saveRuns(registry);
    await using _runs = await fillRuns(registry);
    await using run = await openRun(registry, "team:net", { id: "night-1" });
    for (const step of [1, 2, 3]) run.log({ step, loss: 1 / step, acc: step });
    await run.flush();
    await using explorer = await openExplorer(registry);
    const { page, url, errors } = explorer;
    const found: string[] = [];
    for (const [fragment, text] of VIEWS) {
      await page.goto("about:blank");
      await page.goto(`${url}${fragment}`);
      await page.getByText(text).first().waitFor();
      await page.waitForFunction(() => document.querySelector(".loading") === null);
      found.push(...(await problemsOf(page)).map((problem) => `${fragment}: ${problem}`));
    }
    await page.setViewportSize({ width: 390, height: 800 }); // what stays in view is higher there
    for (const fragment of ON_PHONES) {
      await page.goto("about:blank");
      await page.goto(`${url}${fragment}`);
      await showCharts(page);
      found.push(...(await problemsOf(page)).map((problem) => `390 ${fragment}: ${problem}`));
    }
    assertEquals(found, []);
    assertEquals(errors, []);
  },
});

/** The place of the control with the focus, and of the lower end of what stays in view. */
function placeOfFocus(): { top: number; covered: number; scrolled: number } {
  const stuck = [...document.querySelectorAll(".bar, .lines-legend, .compared > .chips")]
    .filter((each) => getComputedStyle(each).position === "sticky")
    .map((each) => each.getBoundingClientRect())
    .filter(({ top }) => top < 60);
  const { top } = document.activeElement!.getBoundingClientRect();
  return { top, covered: Math.max(...stuck.map(({ bottom }) => bottom)), scrolled: scrollY };
}

/** An address, and a control that a reader may scroll below what stays in view. */
const COVERED: readonly (readonly [fragment: string, control: string])[] = [
  ["#/", "[type=search]"],
  ["#/logged/team%3Anet", ".chart .menu > summary"],
  [`#/compare?refs=${RUNS}`, ".chart .menu > summary"],
];

Deno.test({
  name: "a control below what stays in view is shown when it gets the focus" + SKIPPED,
  ignore: IGNORED,
  async fn() {
    await using registry = await openRegistry("memory:");
    await fillDemo(registry);
    await saveRuns(registry);
    await using run = await openRun(registry, "team:net", { id: "night-1" });
    for (const step of [1, 2, 3]) run.log({ step, loss: 1 / step, acc: step });
    await run.flush();
    await using explorer = await openExplorer(registry);
    const { page, url } = explorer;
    for (const width of [1280, 390]) {
      await page.setViewportSize({ width, height: 620 });
      for (const [fragment, control] of COVERED) {
        await page.goto("about:blank");
        await page.goto(`${url}${fragment}`);
        await showCharts(page);
        const found = page.locator(control).first();
        await found.waitFor();
        await found.evaluate((each) => {
          (each as HTMLElement).focus({ preventScroll: true });
          scrollTo(0, scrollY + each.getBoundingClientRect().top - 10);
        });
        await page.keyboard.press("Tab");
        await page.keyboard.press("Shift+Tab");
        const { top, covered } = await page.evaluate(placeOfFocus);
        assert(top >= covered, `${width} ${fragment}: at ${top}, covered to ${covered}`);
        await page.locator(".bar a").nth(1).evaluate((each) =>
          (each as HTMLElement).focus({ preventScroll: true })
        );
        await page.evaluate(() => scrollTo(0, 100));
        const { scrolled } = await page.evaluate(placeOfFocus);
        await page.keyboard.press("Tab");
        assertEquals((await page.evaluate(placeOfFocus)).scrolled, scrolled, fragment);
      }
    }
  },
});

/** An address, the control that opens a dialog or a menu, and what it opens. */
const OPENED: readonly (readonly [fragment: string, opener: string, opened: string])[] = [
  ["#/artifacts/team%3Anet/1.0.0", "button.button:text-is('Set alias')", "dialog[open]"],
  ["#/artifacts/team%3Anet/1.0.0", "button.button-danger:text-is('Delete')", "dialog[open]"],
  ["#/artifacts/team%3Anet/1.0.0", ".chart .menu > summary", ".menu[open]"],
  ["#/artifacts/team%3Anet", ".menu > summary:text-is('Columns')", ".menu[open]"],
  ["#/artifacts/team%3Anet", ".menu > summary:text-is('Values')", ".menu[open]"],
];

Deno.test({
  name: "Escape closes each dialog and menu, and the focus goes back to what opened it" + SKIPPED,
  ignore: IGNORED,
  async fn() {
    await using registry = await openRegistry("memory:");
    await saveRuns(registry);
    await using explorer = await openExplorer(registry);
    const { page, url, errors } = explorer;
    for (const [fragment, opener, opened] of OPENED) {
      await page.goto(`${url}${fragment}`);
      const control = page.locator(opener).first();
      await control.focus();
      await page.keyboard.press("Enter");
      await page.locator(opened).waitFor();
      await page.keyboard.press("Escape");
      await page.locator(opened).waitFor({ state: "detached" });
      const isBack = await control.evaluate((each) => each === document.activeElement);
      assertEquals(isBack, true, `${fragment} ${opener}`);
    }
    await page.locator("main").focus();
    await page.keyboard.press("?");
    const help = page.getByRole("dialog", { name: "Keyboard" });
    await help.getByText("zoom all charts").waitFor();
    await page.keyboard.press("Escape");
    await help.waitFor({ state: "hidden" });
    assertEquals(errors, []);
  },
});
