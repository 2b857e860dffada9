// Where the credentials of a registry are, never what they are.
import { driverOf } from "../../../backends/drivers.ts";
import type { FoundCredentials } from "../../../core/driver.ts";
import { type FoundRegistry, tokenSourceOf } from "../../../registry/places/mod.ts";
import type { CliIo } from "../terminal/cli_io.ts";

export type { FoundCredentials };

/** Looks where the credentials are that opening this registry would use. */
export async function findCredentials(
  found: FoundRegistry,
  io: Pick<CliIo, "cwd" | "system">,
): Promise<FoundCredentials> {
  if (found.kind === "folder") return { found: true, where: "none needed: a folder" };
  if (found.kind === "service") return tokenPlace(found, io.system);
  const { driver, place } = driverOf(found.location);
  return await driver?.findCredentials?.(place, io) ??
    { found: false, where: `unknown: ${place.scheme}: is a scheme without a driver` };
}

function tokenPlace(found: FoundRegistry, system: CliIo["system"]): FoundCredentials {
  const source = tokenSourceOf(found, { system });
  if ("tokenFile" in source) return { found: true, where: `token in ${source.tokenFile}` };
  if ("none" in source) {
    return { found: false, where: "no token: HOLDFAST_TOKEN is not set, nor --token-file given" };
  }
  const where = found.token === source.token
    ? `token in ${found.envFile}`
    : "token in HOLDFAST_TOKEN";
  return { found: true, where };
}
