// The token that a run sends to a service.
import { resolve } from "node:path";
import type { FoundRegistry } from "../../../registry/places/mod.ts";
import { type ServiceToken, tokenOf } from "../../../registry/places/open_by_url.ts";
import type { TokenContext, TokenSource } from "../program/token_source.ts";

/**
 * Returns the token for a service: `--token-file` or that of its name, `HOLDFAST_TOKEN`, else the
 * first one of `tokens`.
 */
export async function tokenOfRun(
  place: FoundRegistry,
  context: TokenContext & { tokens: readonly TokenSource[] },
): Promise<ServiceToken | undefined> {
  const { io: { cwd, system }, shared } = context;
  const tokenFile = shared.tokenFile && resolve(cwd, shared.tokenFile);
  const token = tokenOf(tokenFile === undefined ? place : { ...place, tokenFile }, { system });
  if (token !== undefined) return token;
  for (const source of context.tokens) {
    const found = await source.tokenOf(place.location, context);
    if (found !== undefined) return found;
  }
}
