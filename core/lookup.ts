/**
 * A set of named things that programs extend: scoped values, no module globals.
 *
 * @module
 */
import { RegistryError } from "./errors.ts";

/** A set of things by key. */
export interface Lookup<V> extends Iterable<[string, V]> {
  /** Adds a thing and returns it. A key that is taken is `AlreadyExists`. */
  register<T extends V>(key: string, value: T): T;
  /** A decorator that adds what it stands on. */
  register(key: string): <T extends V>(value: T) => T;
  /** The thing; a missing key is `NotFound` and lists what there is. */
  get(key: string): V;
  /** Whether there is such a thing. */
  has(key: string): boolean;
  /** All keys, in the order they were added. */
  keys(): string[];
}

/**
 * Creates a {@linkcode Lookup}.
 *
 * @param kind what the things are, for messages: `"materializer"`
 * @param entries what is there from the beginning
 *
 * @example
 * ```ts
 * import { createLookup } from "@holdfast/holdfast";
 * import { assertEquals } from "@std/assert";
 *
 * const colors = createLookup<number>("color", { red: 0xff0000 });
 * colors.register("blue", 0x0000ff);
 * assertEquals(colors.get("blue"), 255);
 * assertEquals(colors.keys(), ["red", "blue"]);
 * ```
 */
export function createLookup<V>(kind: string, entries: Record<string, V> = {}): Lookup<V> {
  const values = new Map<string, V>(Object.entries(entries));
  function add<T extends V>(key: string, value: T): T {
    if (values.has(key)) {
      throw new RegistryError({
        code: "AlreadyExists",
        message: `Cannot register ${kind} "${key}": the key is taken`,
        hint: "Each key stands for one thing in a set: choose another.",
      });
    }
    values.set(key, value);
    return value;
  }
  function register<T extends V>(key: string, value: T): T;
  function register(key: string): <T extends V>(value: T) => T;
  function register<T extends V>(...args: [string, T] | [string]): unknown {
    const [key] = args;
    return args.length === 1 ? (value: T) => add(key, value) : add(key, args[1]);
  }
  return {
    register,
    get(key) {
      if (values.has(key)) return values.get(key) as V;
      const known = [...values.keys()].map((name) => `"${name}"`).join(", ") || "none";
      throw new RegistryError({
        code: "NotFound",
        message: `Cannot get ${kind} "${key}": not registered`,
        hint: `There is: ${known}.`,
      });
    },
    has: (key) => values.has(key),
    keys: () => [...values.keys()],
    [Symbol.iterator]: () => values[Symbol.iterator](),
  };
}
