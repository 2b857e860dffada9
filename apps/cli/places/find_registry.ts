// Where the registry of a run is.
import { findRegistry as find, isRemoteName, readRemotes } from "../../../registry/places/mod.ts";
import type { FindRegistryOptions, FoundRegistry } from "../../../registry/places/mod.ts";
import { fault } from "../../../core/errors.ts";
import type { CliIo } from "../terminal/cli_io.ts";

/** True for what can only be a place, not a name: `./r`, `../r`, `/r`, `file:…`, `s3://…`, `@team`. */
export function looksLikeLocation(text: string): boolean {
  return /^(\.{1,2}($|\/)|\/|[a-z][a-z0-9+.-]+:\/|@[^/]+\/?$)/.test(text);
}

/**
 * Finds the registry as `openRegistry` does: as given, else by `HOLDFAST_REGISTRY` in the environment or the `.env` of
 * the current folder, else the nearest `.holdfast` folder upward.
 *
 * @param given a folder, a URL, `@team`, or the same without the `@`
 */
export function findRegistry(
  given: string | undefined,
  { cwd, system }: Pick<CliIo, "cwd" | "system">,
  options: Pick<FindRegistryOptions, "create" | "upward"> = {},
): FoundRegistry {
  return find(given === undefined ? undefined : inFull(given, system), { cwd, system, ...options });
}

/** `team` is short for `@team` where that is a name; a folder that is called so is `./team`. */
function inFull(given: string, system: CliIo["system"]): string {
  return isRemoteName(given) && Object.hasOwn(readRemotes({ system }).registries, given)
    ? `@${given}`
    : given;
}

/** Throws `Unsupported` where a store is needed and a service is named. */
export function refuseService({ kind }: FoundRegistry, action: string): void {
  if (kind !== "service") return;
  throw fault({
    code: "Unsupported",
    action,
    subject: "through a service",
    state: "it takes the store itself",
    hint: "Run it where the store is, with the folder or the URL of the bucket.",
  });
}
