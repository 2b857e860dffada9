// A registry from a few methods.
import { fault } from "../../core/errors.ts";
import { createVerbCall } from "../../core/calls/verb_call.ts";
import { shown } from "../../core/naming/names.ts";
import { type MethodName, METHODS } from "../../core/options/methods.ts";
import type { OperationRow } from "../../core/registry/operations/row.ts";
import type { Registry } from "../../core/registry.ts";
import { memberOf } from "../../core/registry/release.ts";
import { derivedMethods } from "./derived.ts";
import { openedMethods } from "./from_open.ts";
import { memberMeant } from "./release.ts";

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
  const registry: Registry = {
    ...refusedMethods(parts),
    ...openedMethods(() => registry),
    ...derivedMethods(() => registry),
    ...ownMethods(parts),
    location,
    id,
    settings,
    materializers,
    ...parts.backend && { backend: parts.backend },
    ...parts.service && { service: parts.service },
    open,
    [Symbol.asyncIterator]: () => registry.names()[Symbol.asyncIterator](),
    close: async () => await registry[Symbol.asyncDispose](),
    [Symbol.asyncDispose]: async () =>
      await (parts[Symbol.asyncDispose] ?? parts.close)?.call(parts),
  };
  return registry;
}

type Methods = Pick<Registry, MethodName & keyof Registry>;

const { clearCache: _, ...ROWS } = METHODS; // not of every registry

/** Returns the methods of `parts`, bound to it: it may be an instance of a class. */
function ownMethods(parts: RegistryParts): Partial<Methods> {
  const own = (Object.keys(ROWS) as (keyof Methods)[]).flatMap((name) => {
    const method = parts[name];
    return method === undefined ? [] : [[name, method.bind(parts)]];
  });
  return Object.fromEntries(own);
}

/** Returns all methods; each rejects with `Unsupported`. */
function refusedMethods(parts: RegistryParts): Methods {
  const methods = Object.entries<OperationRow>(ROWS).map((
    [name, row],
  ) => [name, (subject: unknown) => refuse(parts, name, row, subject)]);
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

function checkParts(parts: RegistryParts): void {
  const missing = NEEDED.filter((key) =>
    (parts as Partial<RegistryParts> | null | undefined)?.[key] === undefined
  );
  if (missing.length === 0) return;
  const state = `it has no ${missing.join(", ")}`;
  const hint = `Pass at least ${NEEDED.join(", ")}.`;
  throw fault({ code: "Invalid", action: "define a registry", state, hint });
}
