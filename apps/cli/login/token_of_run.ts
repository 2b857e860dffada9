// The token that a run sends to a service.
import { resolve } from "node:path";
import type { FoundRegistry } from "../../../registry/places/mod.ts";
import { type ServiceToken, tokenOf } from "../../../registry/places/open_by_url.ts";
import type { LoginContext } from "./context.ts";

/**
 * Returns the token for a service: `--token-file` or that of its name, `HOLDFAST_TOKEN`, else the
 * sign-in of this user.
 */
export async function tokenOfRun(
  place: FoundRegistry,
  { io: { cwd, system, signal }, shared }: Pick<LoginContext, "io" | "shared">,
): Promise<ServiceToken | undefined> {
  const tokenFile = shared.tokenFile && resolve(cwd, shared.tokenFile);
  const given = tokenOf(tokenFile === undefined ? place : { ...place, tokenFile }, { system });
  if (given !== undefined) return given;
  const { renewedToken } = await import("./renewed_token.ts");
  return renewedToken(place.location, { system, signal });
}
