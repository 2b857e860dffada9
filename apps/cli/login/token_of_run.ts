// The token that a run sends to a service.
import { resolve } from "node:path";
import type { FoundRegistry } from "../../../registry/places/mod.ts";
import { type ServiceToken, tokenOf } from "../../../registry/places/open_by_url.ts";
import type { LoginContext } from "./context.ts";

/**
 * Returns the token for a service: `--token-file` or that of its name, `HOLDFAST_TOKEN`, the sign-in
 * of this user, else that of this CI job.
 */
export async function tokenOfRun(
  place: FoundRegistry,
  context: LoginContext,
): Promise<ServiceToken | undefined> {
  const { io: { cwd, system, signal }, shared } = context;
  const tokenFile = shared.tokenFile && resolve(cwd, shared.tokenFile);
  const token = tokenOf(tokenFile === undefined ? place : { ...place, tokenFile }, { system });
  if (token !== undefined) return token;
  const { renewedToken } = await import("./renewed_token.ts");
  const signedIn = renewedToken(place.location, { system, signal });
  if (signedIn !== undefined) return signedIn;
  const { jobToken } = await import("./job_token.ts");
  return await jobToken(place.location, context);
}
