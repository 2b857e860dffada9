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

/** True for the address of a service: `http://…`, `https://…`. */
export function isServiceAddress(text: string): boolean {
  return /^https?:\/\//i.test(text);
}

/** Throws `Invalid` for an address that may hold a secret, before anything shows it. */
export function checkServiceAddress(text: string): void {
  const url = URL.parse(text);
  const state = url === null
    ? "it is no URL"
    : url.username !== "" || url.password !== ""
    ? "it has credentials in it"
    : url.search !== "" || url.hash !== ""
    ? "it has a query or a fragment"
    : undefined;
  if (state === undefined) return;
  throw new RegistryError({
    code: "Invalid",
    message: `Cannot use the address of a service: ${state}`,
    hint: "Write https://host:8600 alone; the token comes from HOLDFAST_TOKEN or --token-file.",
  });
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

/** Throws `Unsupported` where a store is needed and a service is named. */
export function refuseService(location: string, action: string): void {
  if (!isServiceAddress(location)) return;
  throw new RegistryError({
    code: "Unsupported",
    message: `Cannot ${action} through a service: it takes the store itself`,
    hint: "Run it where the store is, with the folder or the URL of the bucket.",
  });
}
