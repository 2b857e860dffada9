// One sign-in of a person: by the browser of this machine, or by a code for another device.
import process from "node:process";
import type { System } from "../../../mod.ts";
import { unavailable } from "../../../core/kernel.ts";
import { openInBrowser, printableLines } from "../../../apps/cli/extending.ts";
import type { TokenContext } from "../../../apps/cli/program/extension.ts";
import { openLoopback } from "./loopback.ts";
import { type Login, readLogins } from "./login_file.ts";
import type { PeopleOffer } from "./service_offers.ts";

/** How long a browser may take, milliseconds. */
const BROWSER_MS = 10 * 60_000;

export interface SignInFlags {
  device?: boolean;
  browser?: boolean;
  port?: number;
}

export async function signIn(
  offer: PeopleOffer,
  flags: SignInFlags,
  context: TokenContext,
): Promise<Login> {
  const { io: { system, signal } } = context;
  const { discover, signInByDevice } = await import("./issuer.ts");
  const signing = { offer, system, signal };
  const server = await discover(signing);
  const isDevice = flags.device ??
    (!flags.browser && !hasBrowser(system) && server.device_authorization_endpoint !== undefined);
  if (!isDevice) return await signInByBrowser(signing, server, flags, context);
  return await signInByDevice(server, signing, async ({ userCode, url, completeUrl }) => {
    const whole = completeUrl === undefined ? "" : `, or open ${completeUrl}`;
    const text = `Open ${url} in a browser and enter the code ${userCode}${whole}`;
    await show(`${text}\nThe code signs you in with ${offer.issuer}`, context);
  });
}

type Server = Awaited<ReturnType<typeof import("./issuer.ts").discover>>;

async function signInByBrowser(
  signing: { offer: PeopleOffer; system: System; signal: AbortSignal },
  server: Server,
  { port }: SignInFlags,
  context: TokenContext,
): Promise<Login> {
  const { system, signal, offer: { issuer, isNamed = false } } = signing;
  const { startInBrowser } = await import("./issuer.ts");
  await using loopback = await openLoopback(port);
  const isKnown = isNamed ||
    Object.values(readLogins(system)).some((login) => login.issuer === issuer);
  const redirectUri = loopback.url;
  const started = await startInBrowser(server, { ...signing, redirectUri, isKnown });
  const redirected = loopback.redirected(started.state);
  const opens = context.io.stderr.isTerminal && hasBrowser(system);
  await using opened = opens ? await openInBrowser(started.url, system.env) : undefined;
  const lead = opened === undefined ? "Open this URL in a browser of this machine" : "Opened";
  await show(`${lead}, to sign in with ${issuer}:\n${started.url}`, context);
  const ended = new AbortController();
  const late = system.sleep(BROWSER_MS, AbortSignal.any([signal, ended.signal]));
  try {
    const answer = await Promise.race([redirected, late]);
    if (answer !== undefined) return await started.finish(answer);
  } finally {
    ended.abort();
    late.catch(() => {}); // aborted
  }
  throw unavailable(
    `sign in with ${issuer}`,
    undefined,
    "the browser sent no answer within 10 minutes",
    {
      hint: "Try again. On a machine without a browser, add --device.",
    },
  );
}

/** Shows what the person has to do, also with `--quiet`. */
async function show(text: string, { io }: TokenContext): Promise<void> {
  await io.stderr.write(`${printableLines(text)}\n`);
}

/** Returns true if a browser of this machine is at hand: not through SSH, nor without a desktop. */
function hasBrowser({ env }: System): boolean {
  if (env("SSH_CONNECTION") ?? env("SSH_TTY")) return false;
  if (process.platform === "darwin" || process.platform === "win32") return true;
  return Boolean(env("DISPLAY") ?? env("WAYLAND_DISPLAY"));
}
