// A registry from a few methods.
import type { Artifact } from "../../core/artifact.ts";
import { fault, orMissing } from "../../core/errors.ts";
import { createVerbCall } from "../../core/calls/verb_call.ts";
import { type DefinedArtifact, namedBy } from "../../core/materializer.ts";
import { checkName, shown } from "../../core/naming/names.ts";
import { checkAlias, parseRef } from "../../core/naming/refs.ts";
import { type MethodName, METHODS } from "../../core/options/methods.ts";
import type { OperationRow } from "../../core/registry/operations/row.ts";
import type { LoadOptions, ReadOptions, Registry, SignalOptions } from "../../core/registry.ts";
import { memberOf } from "../../core/registry/release.ts";
import { realSystem } from "../../core/system.ts";
import { memberMeant } from "./release.ts";
import { rollBackAlias } from "./roll_back_alias.ts";
import { watchLatest } from "./watch.ts";

/** The members that {@linkcode defineRegistry} needs, and optional ones. */
export type RegistryParts =
  & Pick<Registry, "location" | "id" | "settings" | "materializers" | "open" | "names" | "versions">
  & Partial<Registry>;

const NEEDED = [
  "location",
  "id",
  "settings",
  "materializers",
  "open",
  "names",
  "versions",
] as const;

/**
 * Makes a registry from `open`, `names` and `versions`. They provide `load`, `download`, `info`,
 * `has` and `watch`, which behave as everywhere. There are no aliases, and writes are
 * `Unsupported`, unless `parts` has these members: any member of `parts` is used as it is.
 *
 * Test yours with `testRegistry` of `./testing`.
 *
 * @throws {RegistryError} `Invalid` for a missing member
 *
 * @example
 * ```ts
 * import { defineRegistry, openRegistry } from "@holdfast/holdfast";
 * import { assertEquals } from "@std/assert";
 *
 * await using all = await openRegistry("memory:");
 * await all.save("model", { depth: 12 });
 * await all.setAlias("model", "production", "1");
 * await all.save("model", "an experiment");
 *
 * // A read-only view of the versions in production.
 * const { location, id, settings, materializers } = all;
 * const inProduction = defineRegistry({
 *   location,
 *   id,
 *   settings,
 *   materializers,
 *   open: (ref, options) => all.open(`${ref}@production`, options),
 *   names: (options) => all.names(options),
 *   versions: (name, options) => all.versions(name, { ...options, range: "1.0.0" }),
 * });
 * assertEquals(await inProduction.load("model"), { depth: 12 });
 * ```
 */
export function defineRegistry(parts: RegistryParts): Registry {
  checkParts(parts);
  const { location, id, settings, materializers } = parts;
  // Bound to its object, which may be an instance of a class.
  const own = <K extends keyof Registry>(key: K): Partial<Registry>[K] => {
    const value: unknown = parts[key];
    return (typeof value === "function" ? value.bind(parts) : value) as Partial<Registry>[K];
  };
  const optional = <K extends keyof Registry>(key: K) =>
    parts[key] === undefined ? {} : { [key]: own(key) };
  const open: Registry["open"] = async (ref, readOptions) => {
    if (memberOf(ref) !== undefined) {
      const exact = await memberMeant(registry, ref, readOptions);
      return await parts.open(exact, readOptions && { ...readOptions, asOf: undefined });
    }
    if (readOptions?.asOf === undefined) return await parts.open(ref, readOptions);
    const { pinned } = await import("../../core/calls/as_of.ts");
    const past = { info: registry.info, history: registry.history, versions: registry.versions };
    const { ref: name, options } = await pinned(past, ref, readOptions);
    return await parts.open(name, options);
  };
  const names: Registry["names"] = (options) => parts.names(options);

  async function loadAny(
    artifact: string | DefinedArtifact<unknown>,
    options: LoadOptions = {},
  ): Promise<unknown> {
    const [ref, loadOptions] = namedBy(artifact, options);
    return await loadOpened(await open(ref, readOf(options)), materializers, loadOptions);
  }
  const load = own("load") ?? loadAny as Registry["load"];

  const get = own("get") ?? (async (ref: string, options: SignalOptions = {}) => {
    const artifact = await orMissing(open(ref, options));
    return artifact && await loadOpened(artifact, materializers, options);
  });

  const registry: Registry = {
    ...ownOrRefused(parts),
    location,
    id,
    settings,
    materializers,
    ...optional("backend"),
    open,
    names,
    versions: (name, options) => parts.versions(name, options),
    load,
    get,
    info: own("info") ?? (async (ref, options) => (await open(ref, options)).info),
    has: own("has") ?? (async (ref, options) => await orMissing(open(ref, options)) !== undefined),
    download: own("download") ?? (async (ref, options) => {
      const { createDownload } = await import("../../disk/download_files.ts");
      return await createDownload(options).write(await open(ref, readOf(options)));
    }),
    watch: own("watch") ?? ((name, options = {}) =>
      watchLatest(name, options, {
        system: realSystem,
        latest: async (signal) => (await orMissing(open(name, { signal })))?.info,
      })),
    aliases: own("aliases") ?? noAliases,
    history: own("history") ?? noHistory,
    rollbackAlias: own("rollbackAlias") ??
      ((name, alias, options) => rollBackAlias(registry, { name, alias }, options)),
    ...optional("service"),
    [Symbol.asyncIterator]: () => names()[Symbol.asyncIterator](),
    close: async () => await registry[Symbol.asyncDispose](),
    [Symbol.asyncDispose]: async () =>
      await (parts[Symbol.asyncDispose] ?? parts.close)?.call(parts),
  };
  return registry;
}

async function loadOpened(
  artifact: Artifact,
  materializers: Registry["materializers"],
  options: LoadOptions,
): Promise<unknown> {
  const { makeValue } = await import("./make_value.ts");
  const { checkMaxLoadBytes, createLoadLimit } = await import("../../core/calls/load_limit.ts");
  const limit = createLoadLimit(checkMaxLoadBytes());
  const value = await makeValue(artifact, { ...options, materializers, limit });
  const { size, files } = artifact.info;
  options.onProgress?.({ path: files.at(-1)?.path ?? "", bytes: size, totalBytes: size });
  return value;
}

type Methods = Pick<Registry, MethodName & keyof Registry>;

/** Returns the methods of `parts`; each other one rejects with `Unsupported`. */
function ownOrRefused(parts: RegistryParts): Methods {
  const { clearCache: _, ...rows } = METHODS; // not of every registry
  const methods = Object.entries<OperationRow>(rows).map(([name, row]) => {
    const own = parts[name as keyof Methods] as ((...args: unknown[]) => unknown) | undefined;
    return [name, own?.bind(parts) ?? ((subject: unknown) => refuse(parts, name, row, subject))];
  });
  return Object.fromEntries(methods) as Methods;
}

async function refuse(
  { location }: RegistryParts,
  name: string,
  { action }: OperationRow,
  subject: unknown,
): Promise<never> {
  await Promise.resolve();
  const { ref = "" } = createVerbCall(name, subject);
  const state = `the registry at ${location} is read-only`;
  const hint = "Write to the registry behind it, or pass the method to defineRegistry.";
  throw fault({ code: "Unsupported", action, subject: shown(ref), state, hint });
}

function readOf({ version, asOf, verify, signal }: LoadOptions): ReadOptions {
  return { version, asOf, verify, signal };
}

function checkParts(parts: RegistryParts): void {
  const missing = NEEDED.filter((key) =>
    (parts as Partial<RegistryParts> | null | undefined)?.[key] === undefined
  );
  if (missing.length === 0) return;
  const state = `it has no ${missing.join(", ")}`;
  const hint = `Pass at least ${NEEDED.join(", ")}.`;
  throw fault({ code: "Invalid", action: "define a registry", state, hint });
}

// deno-lint-ignore require-yield
async function* noAliases(name: string): AsyncGenerator<never> {
  await Promise.resolve(checkName(name));
}

// deno-lint-ignore require-yield
async function* noHistory(name: string, alias: string): AsyncGenerator<never> {
  parseRef(name);
  checkAlias(alias);
  await Promise.resolve();
  const subject = shown(`${name}@${alias}`);
  const state = "this registry keeps no alias history";
  const hint = "Pass `history` to defineRegistry.";
  throw fault({ code: "NotFound", action: "list the history of", subject, state, hint });
}
