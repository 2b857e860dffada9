// A registry as a map, over any registry.
import { invalid, isRegistryError, isUnreadable, orMissing } from "../../core/errors.ts";
import type { RegistryError } from "../../core/errors.ts";
import { parseRef } from "../../core/naming/refs.ts";
import { checkOptions, checkRegistry } from "../../core/options/check_options.ts";
import { MANY } from "../../core/registry/many.ts";
import type { BatchResult, Inputs, ManyOptions, SaveEntry } from "../../core/registry/many.ts";
import { CLEAR } from "../../core/registry/map.ts";
import type {
  ClearOptions,
  NamesOptions,
  OnConflict,
  Registry,
  RegistryMap,
  SavedArtifact,
  SignalOptions,
} from "../../core/registry.ts";
import { deleteMany, saveMany } from "./many.ts";

/**
 * Returns a registry as a map: names are its keys, and the latest version of each is its value.
 *
 * @example
 * ```ts
 * import { asMap, openRegistry } from "@holdfast/holdfast";
 * import { assertEquals } from "@std/assert";
 *
 * await using registry = await openRegistry("memory:");
 * const map = asMap(registry);
 * await map.set("depth", 12);
 * assertEquals(await map.get("depth"), 12);
 * assertEquals(await map.get("width"), undefined);
 * ```
 */
export function asMap(registry: Registry): RegistryMap {
  checkRegistry("use as a map", registry);
  return new MapOfRegistry(registry);
}

class MapOfRegistry implements RegistryMap {
  readonly #registry: Registry;
  readonly #onConflict: OnConflict;

  constructor(registry: Registry) {
    this.#registry = registry;
    const { mutable, versioned } = registry.settings;
    this.#onConflict = mutable && !versioned ? "overwrite" : "fail";
  }

  has(ref: string): Promise<boolean> {
    return this.#registry.has(ref);
  }

  delete(ref: string): Promise<boolean> {
    return this.#registry.delete(ref, { allVersions: !String(ref).includes("@") });
  }

  get(ref: string): Promise<unknown> {
    return this.#registry.get(ref);
  }

  set(name: string, value: unknown): Promise<SavedArtifact> {
    return this.#registry.save(name, value, { onConflict: this.#onConflict });
  }

  async update(
    values: Parameters<RegistryMap["update"]>[0],
    options?: ManyOptions,
  ): Promise<SavedArtifact[]> {
    const checked = checkOptions("update", options ?? {}, MANY);
    const isObject = !(Symbol.iterator in values || Symbol.asyncIterator in values);
    const saves = savesOf(isObject ? Object.entries(values) : values, this.#onConflict);
    return allOf(await saveMany(this.#registry, saves, { ...checked, stopOnError: true }));
  }

  async setDefault(name: string, value: unknown): Promise<unknown> {
    const registry = this.#registry;
    const present = await this.#find(name);
    if (present !== undefined) return present.value;
    const first = registry.settings.versioned ? { version: "1.0.0" } : {};
    try {
      const { skipped } = await registry.save(name, value, { ...first, onConflict: "skip" });
      return skipped ? await registry.load(name) : value;
    } catch (error) {
      if (!isRegistryError(error, "AlreadyExists")) throw error; // deleted: never used again
    }
    await this.set(name, value);
    return value;
  }

  /** Finds a value, which can be undefined. */
  async #find(ref: string, options?: SignalOptions): Promise<{ value: unknown } | undefined> {
    const value = await this.#registry.get(ref, options);
    if (value !== undefined) return { value };
    // Another caller may have saved it since.
    return await this.#registry.has(ref, options)
      ? { value: await this.#registry.get(ref, options) }
      : undefined;
  }

  async pop(ref: string): Promise<unknown> {
    const registry = this.#registry;
    const { name } = parseRef(ref);
    for (;;) {
      const info = await registry.has(ref) ? await orMissing(registry.info(ref)) : undefined;
      if (info === undefined) return undefined;
      const { version, commit } = info;
      const exact = `${name}@${version}`;
      const entry = await this.#find(exact);
      if (entry === undefined) continue; // another caller was faster: try the latest version again
      try {
        if (await registry.delete(name, { version, ifCommit: commit })) return entry.value;
      } catch (error) {
        const now = await orMissing(registry.info(exact));
        // Without a newer commit, an alias points to the version.
        if (!isRegistryError(error, "Conflict") || now?.commit === commit) throw error;
      }
    }
  }

  async clear(options: ClearOptions): Promise<number> {
    const checked = checkOptions<Partial<ClearOptions>>("clear", options ?? {}, CLEAR);
    const { prefix, force, signal, allVersions } = checked;
    checkAllVersions(allVersions);
    const names = this.#registry.names({ prefix, signal });
    const deleteOptions = { allVersions: true, force, signal, stopOnError: true };
    return allOf(await deleteMany(this.#registry, names, deleteOptions)).length;
  }

  async size(options?: NamesOptions): Promise<number> {
    let count = 0;
    for await (const _ of this.keys(options)) count++;
    return count;
  }

  keys(options?: NamesOptions): AsyncIterable<string> {
    return this.#registry.names(options);
  }

  async *values(options?: NamesOptions): AsyncGenerator<unknown> {
    for await (const [, value] of readable(this.entries(options))) yield value;
  }

  [Symbol.asyncIterator](): AsyncGenerator<[string, unknown]> {
    return readable(this.entries());
  }

  async *entries(options?: NamesOptions): AsyncGenerator<[string, unknown, RegistryError?]> {
    for await (const name of this.keys(options)) {
      try {
        const entry = await this.#find(name, { signal: options?.signal });
        if (entry !== undefined) yield [name, entry.value]; // else it was deleted meanwhile
      } catch (error) {
        if (!isUnreadable(error)) throw error;
        yield [name, undefined, error];
      }
    }
  }
}

/** Yields entries with values. Throws the first unreadable one at the end. */
async function* readable(
  entries: ReturnType<RegistryMap["entries"]>,
): AsyncGenerator<[string, unknown]> {
  let failure: RegistryError | undefined;
  for await (const [name, value, error] of entries) {
    if (error === undefined) yield [name, value];
    else failure ??= error;
  }
  if (failure !== undefined) throw failure;
}

async function* savesOf(
  pairs: Inputs<readonly [name: string, value: unknown, error?: RegistryError]>,
  onConflict: OnConflict,
): AsyncGenerator<SaveEntry> {
  for await (const [name, value, error] of pairs) {
    if (error !== undefined) throw error;
    yield { name, value, onConflict };
  }
}

function allOf<T>({ results }: BatchResult<T>): T[] {
  return results.map((result) => {
    if (!result.ok) throw result.error;
    return result.value;
  });
}

function checkAllVersions(allVersions: unknown): void {
  if (allVersions === true) return;
  throw invalid("clear the registry", undefined, "allVersions is not true", {
    hint: "Pass { allVersions: true } to delete every version of every name (with this prefix).",
  });
}
