// Opens a URL in the browser of the desktop.
import { spawn } from "node:child_process";
import process from "node:process";

const OPENERS: Readonly<Record<string, readonly string[]>> = {
  darwin: ["open"],
  win32: ["rundll32", "url.dll,FileProtocolHandler"],
};

/** Returns false where there is no desktop. The program that opens it may still fail. */
export function openInBrowser(url: string, env: (name: string) => string | undefined): boolean {
  const known = OPENERS[process.platform];
  const hasDesktop = Boolean(env("DISPLAY") ?? env("WAYLAND_DISPLAY"));
  if (known === undefined && !hasDesktop) return false;
  const [program, ...args] = known ?? ["xdg-open"];
  const child = spawn(program!, [...args, url], { stdio: "ignore", detached: true });
  child.on("error", () => {}); // the URL was printed too
  child.unref();
  return true;
}
