// A registry as a map from names to their latest values.
import type { RegistryError } from "../errors.ts";
import type { Inputs, ManyOptions } from "./many.ts";
import type { NamesOptions } from "./operations/listing.ts";
import { type OptionRows, SIGNAL } from "./operations/row.ts";
import type { SavedArtifact, SignalOptions } from "./operations/saving.ts";

/** Options of {@linkcode RegistryMap.clear}. */
export interface ClearOptions extends SignalOptions {
  /** Confirms that every version of every name is deleted. */
  allVersions: true;
  /** @default all names */
  prefix?: string;
  /** Deletes versions even if an alias or a release names them. @default false: `Conflict` */
  force?: boolean;
}

export const CLEAR: OptionRows<ClearOptions> = {
  allVersions: {},
  prefix: {},
  force: {},
  ...SIGNAL,
};

/**
 * A registry as a map. In a registry with versions, `set` adds one and `get` loads the latest.
 * Iterates over its entries.
 */
export interface RegistryMap extends AsyncIterable<[name: string, value: unknown]> {
  /** Returns the latest value, or undefined. */
  get(ref: string): Promise<unknown>;
  /** Returns true if the name has a value. */
  has(ref: string): Promise<boolean>;
  /**
   * Deletes every version of a name, or the version of a ref. Returns false if there was none.
   * `Conflict` if a rule keeps it.
   */
  delete(ref: string): Promise<boolean>;
  /** Saves a value. Overwrites if the registry is unversioned and mutable. */
  set(name: string, value: unknown): Promise<SavedArtifact>;
  /** Sets values of an object, map, or pairs. Throws the first failure; earlier values stay. */
  update(
    values:
      | Readonly<Record<string, unknown>>
      | Inputs<readonly [name: string, value: unknown, error?: RegistryError]>,
    options?: ManyOptions,
  ): Promise<SavedArtifact[]>;
  /** Returns the latest value. If there is none, saves this one, or returns a concurrent one. */
  setDefault(name: string, value: unknown): Promise<unknown>;
  /** Loads and deletes the latest version, in one caller only. `Conflict` if an alias has it. */
  pop(ref: string): Promise<unknown>;
  /** Deletes every version of every name. Returns the number of names; throws the first failure. */
  clear(options: ClearOptions): Promise<number>;
  /** Counts the names by listing them. */
  size(options?: NamesOptions): Promise<number>;
  keys(options?: NamesOptions): AsyncIterable<string>;
  /** Yields the latest value of each name. Throws the first unreadable one at the end. */
  values(options?: NamesOptions): AsyncIterable<unknown>;
  /** Yields names with their latest values; `[name, undefined, error]` for unreadable ones. */
  entries(
    options?: NamesOptions,
  ): AsyncIterable<[name: string, value: unknown, error?: RegistryError]>;
}
