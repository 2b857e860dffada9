// A registry as a service in a Cloudflare Worker, over an R2 bucket.
import { openRegistry, type Registry, type RegistryError } from "@holdfast/holdfast";
import { createR2Backend, type R2Binding } from "@holdfast/holdfast/backends/r2";
import { collectGarbage, pruneByRules, verifyRegistry } from "@holdfast/holdfast/maintenance";
import { createHandler, parseTokens } from "@holdfast/holdfast/server";
import { createOidcCheck } from "@holdfast/holdfast/sign_in";
import type { TokenCheck } from "@holdfast/holdfast/server";
import { hub } from "@holdfast/holdfast/gateways/hub";
import "@holdfast/holdfast/signatures"; // checks the conditions of rules

/**
 * `PREFIX` is a folder in the bucket, `TOKENS` a secret: what `holdfast token create` writes.
 * `SIGN_IN` has the settings of sign-in, as JSON.
 */
type Env = { BUCKET: R2Binding; PREFIX?: string; TOKENS: string; SIGN_IN?: string };

/** Each request opens the registry: a Worker must not wait for the calls of another request. */
const open = ({ BUCKET, PREFIX }: Env): Promise<Registry> =>
  openRegistry(createR2Backend(BUCKET, { prefix: PREFIX, name: "models" }));

let signIn: TokenCheck | undefined; // keeps the keys of issuers between requests

function tokensOf({ TOKENS, SIGN_IN }: Env): TokenCheck {
  const tokens = parseTokens(TOKENS);
  if (SIGN_IN === undefined) return tokens;
  return signIn ??= createOidcCheck(JSON.parse(SIGN_IN), { tokens });
}

async function answer(request: Request, env: Env): Promise<Response> {
  const tokens = tokensOf(env);
  const limits = { maxBodyBytes: 6 * 2 ** 20 }; // of JSON: an isolate has 128 MB for all requests
  return createHandler(await open(env), { tokens, limits, gateways: [hub], logger: console })(
    request,
  );
}

export default {
  async fetch(request: Request, env: Env, context: { waitUntil(work: Promise<unknown>): void }) {
    const answered = answer(request, env).catch(({ code, message, hint }: RegistryError) =>
      Response.json({ code, detail: message, hint }, { status: 503 })
    );
    context.waitUntil(answered); // a save continues if its client disconnects
    return await answered;
  },

  async scheduled({ scheduledTime }: { scheduledTime: number }, env: Env): Promise<void> {
    const registry = await open(env);
    const { failures } = await pruneByRules(registry);
    await collectGarbage(registry);
    const day = Math.floor(scheduledTime / 86_400_000); // each name is verified once in 30 days
    const names = (await Array.fromAsync(registry)).filter((_, at) => at % 30 === day % 30);
    const { problems } = await verifyRegistry(registry, { names });
    for (const found of [...failures, ...problems]) console.error(found);
  },
};
