// Chromium on the explorer of a registry.
import type { Browser, Page } from "npm:playwright-core@^1.56";
import { createHandler, type HandlerOptions } from "../../../apps/server.ts";
import { realSystem } from "../../../core/system.ts";
import type { Registry } from "../../../mod.ts";
import { LIMIT_MS } from "../../../tests/support/without_hanging.ts";
import { pipelines } from "../../../operators/surface/pipelines.ts";

/**
 * The path of Chromium, which `HOLDFAST_BROWSER` overrides; undefined if there is none. Without windows and their
 * controls it takes a third of the processor time for each page.
 */
export const CHROMIUM: string | undefined = [
  realSystem.env("HOLDFAST_BROWSER"),
  "/usr/bin/chromium-headless-shell",
  "/usr/bin/chromium",
  "/usr/bin/chromium-browser",
  "/usr/bin/google-chrome",
].find((path) => path !== undefined && isFile(path));

function isFile(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
}

/** Tests without Chromium are skipped, unless it is required; in a quick run all of them. */
export const IGNORED = realSystem.env("HOLDFAST_SERVERS") === "none" ||
  CHROMIUM === undefined && realSystem.env("HOLDFAST_REQUIRE_SERVERS") !== "1";

export const SKIPPED = IGNORED ? " (skipped: no browser)" : "";

/** An open explorer. */
export interface OpenExplorer extends AsyncDisposable {
  readonly page: Page;
  readonly browser: Browser;
  /** The URL of the page, without a fragment. */
  readonly url: string;
  /** Messages of errors in the page, and of violations of its policy. */
  readonly errors: string[];
  /** Requests that left the service. */
  readonly foreign: string[];
}

export interface OpenExplorerOptions {
  /** Options of the service. */
  readonly service?: HandlerOptions;
  /** Stands between the browser and the service. */
  readonly between?: (
    request: Request,
    answer: (request: Request) => Promise<Response>,
  ) => Promise<Response>;
}

/** Serves the explorer of a registry, and opens it in Chromium. */
export async function openExplorer(
  registry: Registry,
  { service, between = (request, answer) => answer(request) }: OpenExplorerOptions = {},
): Promise<OpenExplorer> {
  const handler = createHandler(registry, {
    ...service,
    gateways: [pipelines, ...service?.gateways ?? []],
  });
  return await openServed((request) => between(request, handler), handler);
}

export async function launchBrowser(): Promise<Browser> {
  const { chromium } = await import("npm:playwright-core@^1.56"); // skipped tests load nothing
  const args = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"];
  return await chromium.launch({ executablePath: CHROMIUM ?? "chromium", args });
}

let shared: Promise<Browser> | undefined;
Deno.test.afterAll?.(closeBrowser);

/** How long a test waits for what the page should show. A locator that is being written needs less. */
const WAIT_MS = Number(realSystem.env("HOLDFAST_WAIT_MS") ?? LIMIT_MS);
/** Of a page that lacks what a test waits for, so much is shown. */
const SHOWN_CHARACTERS = 4_000;

/** Returns the browser that all tests of an isolate share: each has a context of its own, as in a new browser. */
function sharedBrowser(): Promise<Browser> {
  return shared ??= launchBrowser();
}

/** Ends the shared browser, if there is one. Programs other than tests call it at their end. */
export async function closeBrowser(): Promise<void> {
  await (await shared)?.close();
}

/** Opens the explorer that a function answers for, in Chromium. */
export async function openServed(
  answer: (request: Request) => Response | Promise<Response>,
  also?: AsyncDisposable,
): Promise<OpenExplorer> {
  const server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen() {} }, answer);
  const origin = `http://127.0.0.1:${server.addr.port}`;
  const browser = await sharedBrowser();
  const context = await browser.newContext({ viewport: { width: 1100, height: 800 } });
  const page = await context.newPage();
  page.setDefaultTimeout(WAIT_MS);
  page.setDefaultNavigationTimeout(LIMIT_MS); // the first one waits for the build
  const openedAt = realSystem.monotonic();
  const [errors, foreign]: [string[], string[]] = [[], []];
  page.on("dialog", (dialog) => (errors.push(`dialog: ${dialog.message()}`), dialog.dismiss()));
  page.on("pageerror", (error) => errors.push(String(error)));
  page.on("console", (message) => message.type() === "error" && errors.push(message.text()));
  page.on("request", (request) => {
    const url = request.url();
    if (!url.startsWith(`${origin}/`) && !/^(blob|data):/.test(url)) foreign.push(url);
  });
  return {
    page,
    browser,
    url: `${origin}/explore/`,
    errors,
    foreign,
    async [Symbol.asyncDispose]() {
      // A wait may have failed, and its error names only the locator.
      if (realSystem.monotonic() - openedAt >= WAIT_MS) await showPages(browser);
      // Also those that the test opened itself: a service ends with its requests.
      await Promise.all(browser.contexts().map((context) => context.close()));
      await server.shutdown();
      await also?.[Symbol.asyncDispose]();
    },
  };
}

/** Prints roles and names of what the open pages show, which is what locators find. */
async function showPages(browser: Browser): Promise<void> {
  for (const page of browser.contexts().flatMap((context) => context.pages())) {
    const shown = await page.locator("body").ariaSnapshot().catch(String);
    console.error(`${page.url()} shows\n${shown.slice(0, SHOWN_CHARACTERS)}`);
  }
}
