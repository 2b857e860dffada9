// A service whose people sign in with a real provider, and a command line that waits for them.
import { runCli } from "../../../apps/run_cli.ts";
import { createHandler } from "../../../../apps/server.ts";
import { createOidcCheck, type OidcSignIn } from "../../../../extensions/sign_in/oidc.ts";
import { openRegistry } from "../../../../mod.ts";
import type { PeopleOptions } from "../../../support/oidc/people.ts";
import { createKey, startProvider } from "../../../support/oidc/provider.ts";
import { type CapturedIoOptions, captureIo } from "../../../apps/captured_io.ts";

export const key = await createKey("1");

export const ALICE: PeopleOptions = { clientId: "holdfast", account: "alice" };

export const SIGN_IN: OidcSignIn = { clientId: "holdfast", scope: "openid offline_access" };

/** Starts a provider, and a service below `prefix`, which notes the tokens that it is sent. */
export async function startTeam(
  { people = ALICE, signIn = SIGN_IN, prefix = "", audience }: {
    people?: PeopleOptions;
    signIn?: OidcSignIn;
    prefix?: string;
    audience?: string | string[];
  } = {},
) {
  const provider = await startProvider({ key, people });
  const registry = await openRegistry("memory:");
  const tokens: (string | null)[] = [];
  const server = Deno.serve(
    { port: 0, hostname: "127.0.0.1", onListen() {} },
    async (request) => {
      tokens.push(request.headers.get("authorization"));
      const path = request.url.slice(new URL(request.url).origin.length);
      if (!path.startsWith(prefix)) return new Response("", { status: 404 });
      const target = new URL(path.slice(prefix.length), new URL(request.url).origin);
      const { method, headers, body } = request;
      return await handler(new Request(target, { method, headers, body }));
    },
  );
  const url = `http://127.0.0.1:${server.addr.port}${prefix}`;
  const check = createOidcCheck({
    audience: audience ?? url,
    issuers: [{
      issuer: provider.issuer,
      rules: [{ claims: { sub: "alice" }, scopes: ["read:*", "save:*"] }],
      signIn,
    }],
  });
  const handler = createHandler(registry, { tokens: check });
  return {
    url,
    provider,
    registry,
    tokens,
    async [Symbol.asyncDispose]() {
      await handler.close();
      await server.shutdown();
      await registry[Symbol.asyncDispose]();
      await provider[Symbol.asyncDispose]();
    },
  };
}

/** Runs a command that waits for a person. `act` does what it asks for. */
export async function runWith(
  words: string[],
  options: CapturedIoOptions,
  act: (shown: string) => Promise<unknown>,
) {
  const io = captureIo(options);
  const shown = Promise.withResolvers<string>();
  const stderr = {
    ...io.stderr,
    write: async (data: string | Uint8Array) => {
      await io.stderr.write(data);
      if (/^Open/.test(String(data))) shown.resolve(String(data));
    },
  };
  const ended = runCli(words, { ...io, stderr });
  void ended.then(() => shown.resolve(""));
  const text = await shown.promise;
  if (text !== "") await act(text);
  const code = await ended;
  return { code, out: new TextDecoder().decode(io.output()), err: io.errors() };
}

export function urlIn(text: string): string {
  return /\n(http\S+)/.exec(text)![1]!;
}

/** A sign-in as it is stored. */
export interface StoredLogin {
  token: string;
  refreshToken: string;
  expiresAt: string;
}

export async function storedIn(home: string): Promise<Record<string, StoredLogin>> {
  return JSON.parse(await Deno.readTextFile(`${home}/holdfast/logins.json`)).logins;
}

/** Changes a stored sign-in behind the back of the program. */
export async function editLogin(
  home: string,
  url: string,
  changes: Partial<StoredLogin>,
): Promise<void> {
  const file = `${home}/holdfast/logins.json`;
  const content = JSON.parse(await Deno.readTextFile(file));
  content.logins[url] = { ...content.logins[url], ...changes };
  await Deno.writeTextFile(file, JSON.stringify(content));
}
