// Waits of people on the page, in Chromium. Processor time is that of the browser.
import type { CDPSession, Page } from "npm:playwright-core@^1.56";
import {
  closeBrowser,
  type OpenExplorer,
  openExplorer,
} from "../../../explorer/tests/support/browser.ts";
import { forEachAtOnce } from "../../../core/work/at_once.ts";
import { openRegistry, type Registry } from "../../../mod.ts";
import { discardRun, openRun, type Run } from "../../../extensions/runs/mod.ts";
import type { BenchSettings, Group, Measure, Timing } from "../measure.ts";

const MEASURES = 300, STEPS = 1_000;
const LIVE_CURVES = 60;
const VERSIONS = 10_000, KEYS = 50;
/** Milliseconds for which a page with live curves is followed, with a point in each of some. */
const FOLLOWED_MS = 20_000, POINT_MS = 1_000;

/** True in the page once each chart in view is drawn, and nothing is loading. */
const ARE_DRAWN = `document.querySelector(".loading") === null &&
  document.querySelector(".chart canvas") !== null &&
  [...document.querySelectorAll(".chart")].every((chart) => {
    const { top, bottom } = chart.getBoundingClientRect();
    return bottom < 0 || top > innerHeight || chart.querySelector("canvas") !== null;
  })`;
const HAS_HEADING = `document.querySelector("main h1") !== null`;
const HAS_ROWS = `document.querySelectorAll(".experiments tbody tr").length > 20`;

/** Scrolls to each chart that is not drawn, and waits until it is. */
const SCROLL = `(async () => {
  const charts = [...document.querySelectorAll("figure.chart")];
  for (const card of charts.map(({ parentElement }) => parentElement)) {
    if (card.querySelector("canvas") !== null) continue;
    card.scrollIntoView();
    while (card.querySelector("canvas") === null) await new Promise(requestAnimationFrame);
  }
})()`;

/** Waits until an expression is true in the page. Its policy allows no text in `waitForFunction`. */
async function isTrue(page: Page, expression: string): Promise<void> {
  await page.evaluate(`new Promise((resolve) => {
    const look = () => (${expression}) ? resolve() : requestAnimationFrame(look);
    look();
  })`);
}

export async function createExplorerGroup({ quick, n }: BenchSettings): Promise<Group> {
  const registry = await openRegistry("memory:");
  const steps = quick ? STEPS / 10 : STEPS;
  const versions = n ?? (quick ? VERSIONS / 10 : VERSIONS);
  await saveCurves(registry, steps);
  await saveVersions(registry, versions);
  const explorer = await openExplorer(registry);
  const session = await explorer.browser.newBrowserCDPSession();
  await explorer.page.goto(explorer.url); // builds the page
  await isTrue(explorer.page, HAS_HEADING);
  const all = `${MEASURES} measures × ${steps.toLocaleString("en")} steps`;
  const place = "#/artifacts/curves/1.0.0";
  const page = { explorer, session };
  return {
    measures: [
      measure(page, `${all}: charts in view`, { place, until: ARE_DRAWN }),
      measure(page, "the same, with a place for all charts", {
        place: `${place}?charts=all`,
        until: ARE_DRAWN,
      }),
      measure(page, "the same, scrolled through all charts", {
        place: `${place}?charts=all`,
        until: ARE_DRAWN,
        then: SCROLL,
      }),
      measure(page, `${versions.toLocaleString("en")} versions × ${KEYS} keys: first rows`, {
        place: "#/artifacts/versions",
        until: HAS_ROWS,
      }),
      liveMeasure(registry, page, quick ? FOLLOWED_MS / 4 : FOLLOWED_MS),
    ],
    async [Symbol.asyncDispose]() {
      await explorer[Symbol.asyncDispose]();
      await closeBrowser();
      await registry.close();
    },
  };
}

interface Measured {
  readonly explorer: OpenExplorer;
  readonly session: CDPSession;
}

/** Measures from a new tab until the page shows something, and does something more. */
function measure(
  { explorer, session }: Measured,
  name: string,
  { place, until, then }: {
    place: string;
    until: string;
    then?: string;
  },
): Measure {
  return {
    name,
    count: 1,
    unit: "op",
    async run() {
      const page = await explorer.page.context().newPage();
      const cpu = await cpuMsOf(session);
      const begun = performance.now();
      await page.goto(`${explorer.url}${place}`);
      await isTrue(page, until);
      if (then !== undefined) await page.evaluate(then);
      const wallMs = performance.now() - begun;
      const timing = { wallMs, cpuMs: await cpuMsOf(session) - cpu };
      await page.close();
      return timing;
    },
  };
}

/** Returns the processor time of all processes of the browser so far. Open tabs have theirs. */
async function cpuMsOf(session: CDPSession): Promise<number> {
  const { processInfo } = await session.send("SystemInfo.getProcessInfo");
  return 1000 * processInfo.reduce((sum, { cpuTime }) => sum + cpuTime, 0);
}

/** Follows the page of a run that logs a point each second. */
function liveMeasure(
  registry: Registry,
  { explorer, session }: Measured,
  followedMs: number,
): Measure {
  let share = "";
  return {
    name: `${LIVE_CURVES} live curves, for ${followedMs / 1000} s`,
    count: 1,
    unit: "op",
    columns: () => ({ "of a core": share }),
    async run() {
      await using run = await openRun(registry, "live");
      for (let step = 0; step < STEPS; step++) run.log(pointAt(step, LIVE_CURVES));
      await run.flush();
      const page = await explorer.page.context().newPage();
      await page.goto(`${explorer.url}#/logged/live/${run.id}?charts=all`);
      await isTrue(page, ARE_DRAWN);
      const cpu = await cpuMsOf(session);
      const wallMs = await logPoints(run, followedMs);
      const cpuMs = await cpuMsOf(session) - cpu;
      await page.close();
      await discardRun(registry, "live", { id: run.id });
      share = `${Math.round(100 * cpuMs / wallMs)} %`;
      return { wallMs, cpuMs } satisfies Timing;
    },
  };
}

async function logPoints(run: Run, forMs: number): Promise<number> {
  const begun = performance.now();
  for (let step = STEPS; performance.now() - begun < forMs; step++) {
    run.log(pointAt(step, LIVE_CURVES));
    await run.flush();
    await new Promise((resolve) => setTimeout(resolve, POINT_MS));
  }
  return performance.now() - begun;
}

/** Returns values in three sections, without a random one. */
function pointAt(step: number, measures: number): Record<string, number> {
  const names = Array.from(
    { length: measures },
    (_, i) => `${["train", "val", "system"][i % 3]}/measure_${i}`,
  );
  const valueAt = (i: number) => (1 + i) / (1 + step / 50) + Math.sin(step * (i + 1)) / 10;
  return { step, ...Object.fromEntries(names.map((name, i) => [name, valueAt(i)])) };
}

async function saveCurves(registry: Registry, steps: number): Promise<void> {
  await using run = await openRun(registry, "curves");
  for (let step = 0; step < steps; step++) run.log(pointAt(step, MEASURES));
  await run.finish();
}

async function saveVersions(registry: Registry, versions: number): Promise<void> {
  await forEachAtOnce(Array(versions).keys(), async (at) => {
    const keys = Array.from({ length: KEYS / 2 }, (_, i) => i);
    const params = Object.fromEntries(keys.map((i) => [`param_${i}`, (at * (i + 1)) % 17]));
    const metrics = Object.fromEntries(keys.map((i) => [`loss_${i}`, 1 / (1 + at % (i + 2))]));
    await registry.save("versions", at, { metadata: { params, metrics } });
  });
}
