// Opens what a URL names. What that takes is imported when it is needed: the root of the library
// knows no driver.
import { readFile } from "node:fs/promises";
import type { Backend } from "../../core/backend.ts";
import { fault, RegistryError } from "../../core/errors.ts";
import { shown } from "../../core/naming/names.ts";
import type { OpenOptions, Registry, StoredRegistry } from "../../core/registry.ts";
import { loadPart } from "../../core/urls/load_part.ts";
import { type FoundRegistry, tokenSourceOf } from "./find_registry.ts";

interface Stores {
  openBackend(
    url: string,
    options: Pick<OpenOptions, "retryForMs" | "system" | "logger">,
  ): Promise<Backend>;
}

/** Opens the store at a URL, with the credentials that are configured. */
export async function openStoreByUrl(
  url: string,
  { retryForMs, system, logger }: Pick<OpenOptions, "retryForMs" | "system" | "logger">,
): Promise<Backend> {
  const { openBackend } = await loadPart<Stores>("../../backends/mod.ts", import.meta.url);
  return await openBackend(url, { retryForMs, system, logger });
}

interface Services {
  openHttpRegistry(url: string, options: OpenOptions & { token?: string }): Promise<Registry>;
}

/**
 * Opens the registry of a service, with the token that is configured. It has no store here: whoever asks for its
 * `backend` is refused.
 *
 * @throws {RegistryError} `Unsupported` for events, which the service tells; `Invalid` for settings that are not its own
 */
export async function openServiceByUrl(
  found: FoundRegistry,
  options: OpenOptions,
): Promise<StoredRegistry> {
  if (options.events !== undefined) {
    throw unsupported(
      found,
      "tell events of",
      "Give the bus to the service, which knows of every change.",
    );
  }
  const { openHttpRegistry } = await loadPart<Services>(
    "../../apps/client.ts",
    import.meta.url,
  );
  const { readOnly, retryForMs, materializers, verify, maxLoadBytes, system, logger, signal } =
    options;
  const registry = await openHttpRegistry(found.location, {
    ...{ readOnly, retryForMs, materializers, verify, maxLoadBytes, system, logger, signal },
    token: await readToken(found, options),
  });
  checkSettings(registry, options);
  return Object.defineProperty(registry, "backend", {
    get(): never {
      throw unsupported(
        found,
        "reach the store of",
        "Work on the store where its folder or bucket can be opened.",
      );
    },
  }) as StoredRegistry;
}

/** What was fixed at the creation of a registry stays, wherever it is. */
function checkSettings({ settings, location }: Registry, options: OpenOptions): void {
  for (const name of ["versioned", "mutable", "graceMs", "leastGraceMs"] as const) {
    const given = options[name];
    if (given === undefined || given === settings[name]) continue;
    throw fault({
      code: "Invalid",
      action: "open the registry with",
      subject: name,
      state: `${given}: it was created with ${name}: ${settings[name]}`,
      hint: "Leave the option out.",
      backend: location,
    });
  }
}

function unsupported({ location }: FoundRegistry, action: string, hint: string): RegistryError {
  const message = `Cannot ${action} the registry at ${location}: it is behind a service`;
  return new RegistryError({ code: "Unsupported", message, hint, backend: location });
}

/**
 * The token of a service, as it is configured; undefined where there is none.
 *
 * @throws {RegistryError} `NotFound` or `Denied` where it is in a file that cannot be read
 */
export async function readToken(
  found: FoundRegistry,
  { system }: Pick<OpenOptions, "system">,
): Promise<string | undefined> {
  const source = tokenSourceOf(found, { system });
  if ("token" in source) return source.token;
  return "tokenFile" in source ? await readTokenFile(source.tokenFile) : undefined;
}

/** The token in a file, its only line. */
export async function readTokenFile(path: string): Promise<string> {
  try {
    return (await readFile(path, "utf8")).trim();
  } catch (cause) {
    throw fault({
      code: (cause as NodeJS.ErrnoException).code === "ENOENT" ? "NotFound" : "Denied",
      action: "read the token from",
      subject: shown(path),
      state: "the file is not there, or not readable",
      hint: "It holds the token as its only line.",
      cause,
    });
  }
}
