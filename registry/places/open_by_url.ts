// Opening a URL. The code that this needs is imported lazily.
import { readFile, stat } from "node:fs/promises";
import type { Backend } from "../../core/backend.ts";
import { denied, fault, invalid, type RegistryError } from "../../core/errors.ts";
import { shown } from "../../core/naming/names.ts";
import type { OpenOptions, Registry, ServiceRegistry } from "../../core/registry.ts";
import { decodeWritten } from "../../core/text/written_text.ts";
import { type FoundRegistry, tokenSourceOf } from "./find_registry.ts";

export async function openStoreByUrl(
  url: string,
  { retryForMs, system, logger }: Pick<OpenOptions, "retryForMs" | "system" | "logger">,
): Promise<Backend> {
  const { openBackend } = await import("../../backends/mod.ts");
  return await openBackend(url, { retryForMs, system, logger });
}

/**
 * A token, or a function called before each request.
 *
 * @internal
 */
export type ServiceToken = string | (() => string | Promise<string>);

/**
 * Opens the registry of a service, by default with the configured token.
 *
 * @throws {RegistryError} `Unsupported` for `events` and `by`, `Invalid` for different settings
 */
export async function openServiceByUrl(
  place: FoundRegistry,
  options: OpenOptions,
  token: ServiceToken | undefined = tokenOf(place, options),
): Promise<ServiceRegistry> {
  if (options.events !== undefined) {
    throw unsupported(place, "publish events of", "Configure the bus in the service.");
  }
  if (options.by !== undefined) {
    throw unsupported(place, "choose the author of changes of", "Use a token with a note.");
  }
  const { openHttpRegistry } = await import("../../apps/client.ts");
  const { readOnly, retryForMs, materializers, verify, maxLoadBytes, system, logger, signal } =
    options;
  const registry = await openHttpRegistry(place.location, {
    readOnly,
    retryForMs,
    materializers,
    verify,
    maxLoadBytes,
    system,
    logger,
    signal,
    token,
  });
  checkSettings(registry, options);
  return registry;
}

/** Throws `Invalid` for options that differ from the settings at creation. */
function checkSettings({ settings, location }: Registry, options: OpenOptions): void {
  for (const name of ["versioned", "mutable", "graceMs", "leastGraceMs"] as const) {
    const value = options[name];
    if (value === undefined || value === settings[name]) continue;
    const state = `${value}: it was created with ${name}: ${settings[name]}`;
    const hint = "Leave the option out.";
    throw invalid("open the registry with", name, state, { hint, backend: location });
  }
}

function unsupported({ location }: FoundRegistry, action: string, hint: string): RegistryError {
  const subject = `the registry at ${location}`;
  const state = "it is behind a service";
  return fault({ code: "Unsupported", action, subject, state, hint, backend: location });
}

/** Returns the configured token of a service, if there is one. Its file is read for each request. */
export function tokenOf(
  place: FoundRegistry,
  { system }: Pick<OpenOptions, "system">,
): ServiceToken | undefined {
  const source = tokenSourceOf(place, { system });
  if ("token" in source) return source.token;
  return "tokenFile" in source ? () => readTokenFile(source.tokenFile) : undefined;
}

/** Tokens of pipes, such as `<(command)` of a shell: they can be read once. */
const piped = new Map<string, Promise<string>>();

/** @throws {RegistryError} `Denied` if the file cannot be read */
async function readTokenFile(path: string): Promise<string> {
  const read = async () => decodeWritten(await readFile(path)).trim();
  try {
    const isPipe = !(await stat(path)).isFile();
    if (!isPipe) return await read();
    const token = piped.get(path) ?? read();
    piped.set(path, token);
    return await token;
  } catch (cause) {
    piped.delete(path);
    const state = "the file does not exist or is not readable";
    throw denied("read the token from", shown(path), state, { // NotFound would be that of a version
      hint: "Create a readable file with the token as its only line.",
      cause,
    });
  }
}
