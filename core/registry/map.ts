// A registry as a map: names are its keys, and the latest version of each is its value.
import type { RegistryError } from "../errors.ts";
import type { Inputs, ManyOptions } from "./many.ts";
import type { NamesOptions, SavedArtifact, SignalOptions } from "./saving.ts";

/** Options of emptying a registry. */
export interface ClearOptions extends SignalOptions {
  /** Says that every version of every name is meant. */
  allVersions: true;
  /** Only names that begin with this. @default all */
  prefix?: string;
  /** Delete versions although an alias names them. @default false: `Conflict` */
  force?: boolean;
}

/** A registry as a map, as `asMap` returns it. In a registry with versions, `set` adds one and `get` loads the latest. */
export interface RegistryMap {
  /** The latest value, or undefined where there is none. */
  get(ref: string): Promise<unknown>;
  /** Saves a value; overwrites where the registry is unversioned and mutable. */
  set(name: string, value: unknown): Promise<SavedArtifact>;
  /**
   * Sets many values, and throws the first failure; what was set before it stays.
   *
   * @param values an object, a map, or pairs as they come, such as `other.entries()`; an error among them is thrown
   */
  update(
    values:
      | Readonly<Record<string, unknown>>
      | Inputs<readonly [name: string, value: unknown, error?: RegistryError]>,
    options?: ManyOptions,
  ): Promise<SavedArtifact[]>;
  /** The latest value; where there is none, this one, which is then saved. Who comes second gets that of the first. */
  setDefault(name: string, value: unknown): Promise<unknown>;
  /**
   * Loads a value and deletes the version that it is of, and no other; undefined where there is none. Of many that do
   * so at once, one gets it. `Conflict` where an alias names that version.
   */
  pop(ref: string): Promise<unknown>;
  /** Deletes every version of every name, and says how many names there were; throws the first failure. */
  clear(options: ClearOptions): Promise<number>;
  /** How many names there are. They are listed to be counted. */
  size(options?: NamesOptions): Promise<number>;
  /** The same as `names`. */
  keys(options?: NamesOptions): AsyncIterable<string>;
  /**
   * The latest value of each name, loaded one by one. Where some cannot be read, all others are given first, and the
   * first error is thrown then.
   */
  values(options?: NamesOptions): AsyncIterable<unknown>;
  /**
   * Names with their latest values, loaded one by one. One that cannot be read, `Corrupt` or `Unsupported`, is
   * `[name, undefined, error]`, and the others follow.
   */
  entries(
    options?: NamesOptions,
  ): AsyncIterable<[name: string, value: unknown, error?: RegistryError]>;
}
