// Sign-in to services: login, logout, whoami.
import type { FoundRegistry } from "../../registry/places/mod.ts";
import { parseAddress } from "../../apps/client/address.ts";
import { lockLogins, readLogins, setLogin } from "./login/login_file.ts";
import { accessOf, chosenOffer, type ServiceAccess, signInOf } from "./login/service_offers.ts";
import { signIn } from "./login/sign_in.ts";
import { authorText, isPrivateUrl, shellWord } from "../../core/kernel.ts";
import {
  defineCommand,
  findRegistry,
  formatTime,
  invalid,
  notFound,
  parsePort,
  printable,
  tokenOfRun,
} from "../../apps/cli/extending.ts";
import type { Command, CommandContext } from "../../apps/cli/extending.ts";

const LOCATION = {
  usage: "[location]",
  text: "the URL of a service, or a name of it (default: the registry of this folder)",
  completes: "place",
} as const;

export const login: Command = defineCommand({
  name: "login",
  summary: "Sign in to a service with the account of an identity provider.",
  details:
    "The sign-in is kept in ~/.config/holdfast/logins.json ($XDG_CONFIG_HOME), for you only, and " +
    "renewed while the provider allows it. Commands and the Python package send it to this service " +
    "if no other token is given.",
  args: [LOCATION],
  options: [
    { flags: "--device", text: "show a code to enter on another device (default over SSH)" },
    { flags: "--browser", text: "use the browser of this machine" },
    {
      flags: "--issuer <url>",
      text: "the identity provider, if there are several, or to confirm it",
    },
    {
      flags: "--audience <audience>",
      text: "trust the service with tokens for this audience, if it is not its URL",
    },
    {
      flags: "--port <port>",
      text: "the local port of the redirect (default: any)",
      parse: parsePort,
    },
  ],
  examples: [
    ["holdfast login https://models.example.com", "in the browser"],
    ["holdfast login @team --device", "on a machine without a browser"],
  ],
  async run([location], { issuer, audience, ...flags }, context) {
    const { system, signal } = context.io;
    if (flags.device && flags.browser) {
      throw invalid("sign in", "--device and --browser are given", "Pass one of them.");
    }
    const url = serviceUrl(location, context, "sign in");
    checkPrivate(url);
    const offer = chosenOffer(url, await signInOf(url, context), { issuer, audience });
    await lockLogins({ system, signal }, () => Promise.resolve()); // fails before the person acts
    const login = await signIn(offer, flags, context);
    const access = await accessOf(url, context, login.token);
    await lockLogins({ system, signal }, (file) => {
      setLogin(file, url, login);
      return Promise.resolve();
    });
    await context.done(described(url, access), `Signed in to ${url} as ${nameOf(access)}`);
    if (context.shared.json) return;
    await context.note(`Rights: ${access.scopes.join(" ")}`);
    if (system.env("HOLDFAST_TOKEN")) {
      await context.note("HOLDFAST_TOKEN is set, and is used instead: unset it");
    }
    if (login.refreshToken === undefined) {
      const end = formatTime(new Date(login.expiresAt));
      await context.note(`The provider gave no refresh token: the sign-in ends at ${end}`);
    }
  },
});

export const logout: Command = defineCommand({
  name: "logout",
  summary: "Sign out of a service: revoke the sign-in at the provider, and remove it.",
  details: "A token that was already sent stays valid until it expires, usually within an hour.",
  args: [LOCATION],
  options: [{ flags: "--all", text: "sign out of all services" }],
  examples: [
    ["holdfast logout https://models.example.com", "one service"],
    ["holdfast logout --all", "all services"],
  ],
  async run([location], { all = false }, context) {
    const { system, signal } = context.io;
    const logins = readLogins(system);
    const urls = all ? Object.keys(logins) : [serviceUrl(location, context, "sign out")];
    const unknown = urls.find((url) => !Object.hasOwn(logins, url));
    if (unknown !== undefined) {
      const known = Object.keys(logins).map((url) => `holdfast logout ${shellWord(url)}`);
      const hint = known.length === 0
        ? "Sign in first: holdfast login URL"
        : `Run one of: ${known.join(", ")}`;
      throw notFound(`sign out of ${unknown}`, "this user is not signed in", hint);
    }
    for (const url of urls) {
      const login = await lockLogins({ system, signal }, (file) => {
        const present = readLogins(system)[url];
        setLogin(file, url, undefined);
        return Promise.resolve(present);
      });
      if (login === undefined) continue; // another process was faster
      const { revoke } = await import("./login/issuer.ts");
      const revoked = await revoke(login, signal).catch(() => false);
      await context.done({ url, revoked }, `Signed out of ${url}`);
      if (!revoked && !context.shared.json) {
        const end = formatTime(new Date(login.expiresAt));
        await context.note(`${login.issuer} has not revoked it: the token is valid until ${end}`);
      }
    }
  },
});

export const whoami: Command = defineCommand({
  name: "whoami",
  summary: "Show your name and rights at a service.",
  args: [LOCATION],
  options: [],
  examples: [
    ["holdfast whoami", "for the service of this folder"],
    ["holdfast whoami -r @team --json", "for programs"],
  ],
  async run([location], _flags, context) {
    const place = placeOf(location, context);
    if (place.kind !== "service") {
      const name = context.io.system.env("HOLDFAST_BY");
      const by = name ? { name } : undefined;
      await context.result(
        { registry: place.location, by },
        name || "nobody: HOLDFAST_BY is not set",
      );
      return;
    }
    const url = parseAddress(place.location);
    const access = await accessOf(url, context, await tokenOfRun(place, context));
    await context.result(described(url, access), nameOf(access));
    if (context.shared.json) return;
    await context.note(`Rights: ${access.scopes.join(" ")}`);
    if (access.issuer !== undefined) await context.note(`Signed in with ${access.issuer}`);
    if (access.expiresAt !== undefined) {
      await context.note(`Until ${formatTime(new Date(access.expiresAt))}`);
    }
  },
});

function placeOf(location: string | undefined, { io, shared }: CommandContext): FoundRegistry {
  return findRegistry(location ?? shared.registry, io);
}

/** Returns the URL of a service, under which its sign-in is kept. */
function serviceUrl(
  location: string | undefined,
  context: CommandContext,
  action: string,
): string {
  const { kind, location: at } = placeOf(location, context);
  if (kind === "service") return parseAddress(at);
  const hint = "Pass the URL of a service, such as https://models.example.com.";
  throw invalid(`${action} at ${at}`, "it is not a service", hint);
}

/** Throws for a URL over which others on the network could read the token. */
function checkPrivate(url: string): void {
  if (isPrivateUrl(url)) return;
  const state = "others on the network could read the token";
  throw invalid(`sign in to ${url}`, state, "Use its https URL.");
}

function nameOf({ by, kind }: ServiceAccess): string {
  if (by !== undefined) return printable(authorText(by));
  return kind === "open" ? "anybody: the service needs no token" : "a token without a note";
}

function described(url: string, { kind, by, issuer, scopes, expiresAt }: ServiceAccess) {
  return { url, kind, by, issuer, scopes, expiresAt };
}
