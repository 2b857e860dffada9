// Opens a URL in the browser of the desktop.
import { spawn } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { pathToFileURL } from "node:url";

const OPENERS: Readonly<Record<string, readonly string[]>> = {
  darwin: ["open"],
  win32: ["rundll32", "url.dll,FileProtocolHandler"],
};

/**
 * Opens a URL with a secret by a private page that leads to it: other users see the arguments of
 * every process. Returns undefined where there is no desktop; disposing removes the page. The
 * program that opens it may still fail.
 */
export async function openInBrowser(
  url: string,
  env: (name: string) => string | undefined,
  start: (program: string, args: readonly string[]) => void = startProgram,
): Promise<AsyncDisposable | undefined> {
  const known = OPENERS[process.platform];
  const hasDesktop = Boolean(env("DISPLAY") ?? env("WAYLAND_DISPLAY"));
  if (known === undefined && !hasDesktop) return undefined;
  const folder = await mkdtemp(join(tmpdir(), "holdfast-open-")); // 0700
  const page = join(folder, "open.html");
  const refresh = `<meta http-equiv="refresh" content="0; url=${escaped(url)}">`;
  await writeFile(page, `<!doctype html><meta charset="utf-8">${refresh}\n`, { mode: 0o600 });
  const [program, ...args] = known ?? ["xdg-open"];
  start(program!, [...args, pathToFileURL(page).href]);
  return { [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }) };
}

function escaped(url: string): string {
  return new URL(url).href.replaceAll("&", "&amp;").replaceAll("'", "%27");
}

function startProgram(program: string, args: readonly string[]): void {
  const child = spawn(program, args, { stdio: "ignore", detached: true });
  child.on("error", () => {}); // the URL was printed too
  child.unref();
}
