/**
 * The registries of services at the addresses that the command line is given.
 *
 * @module
 */
import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { createMaterializers, RegistryError } from "../../mod.ts";
import type { Logger, Registry } from "../../mod.ts";
import type { CliIo } from "../terminal/cli_io.ts";
import type { FoundRegistry } from "./find_registry.ts";

/** Options of {@linkcode openService}. */
export interface OpenServiceOptions {
  /** The file that holds the token. */
  tokenFile?: string;
  /** Refuse every write. */
  readOnly: boolean;
  /** Folder, environment, signal. */
  io: CliIo;
  /** Hears of requests that are repeated. */
  logger: Logger;
}

/** Opens the registry of a service. */
export async function openService(found: FoundRegistry, options: OpenServiceOptions): Promise<Registry> {
  const { io: { signal, system }, readOnly, logger } = options;
  const token = await readToken(found, options);
  const { openHttpRegistry } = await import("../http_client.ts");
  const materializers = createMaterializers();
  return await openHttpRegistry(found.location, { token, readOnly, materializers, signal, system, logger });
}

/**
 * The token. Where a `.env` names the service, only it may say one: whoever wrote that file is not to be sent what the
 * environment has for another.
 */
async function readToken(found: FoundRegistry, { tokenFile, io }: OpenServiceOptions): Promise<string | undefined> {
  if (tokenFile === undefined) {
    return found.token ?? (found.from === ".env" ? undefined : io.system.env("HOLDFAST_TOKEN"));
  }
  try {
    return (await readFile(resolve(io.cwd, tokenFile), "utf8")).trim();
  } catch (cause) {
    throw new RegistryError({
      code: (cause as NodeJS.ErrnoException).code === "ENOENT" ? "NotFound" : "Denied",
      message: `Cannot read the token from ${JSON.stringify(tokenFile)}: the file is not there, or not readable`,
      hint: "It holds the token as its only line.",
      cause,
    });
  }
}
