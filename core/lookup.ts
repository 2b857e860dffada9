// Named things that programs can extend, without module globals.
import { checkCount, type ErrorCode, fault } from "./errors.ts";

/** A set of things by key. Iterates over its keys. */
export interface Lookup<V> extends AsyncDisposable, Iterable<string> {
  /** Adds a thing and returns it. A key that exists is `AlreadyExists`. */
  register<T extends V>(key: string, value: T): T;
  register(key: string): <T extends V>(value: T) => T;
  /** Adds a thing that is created on first use. A promise that rejects is created again. */
  registerLazy(key: string, create: () => V): void;
  /** Returns the thing. Throws `NotFound` for an unknown key; the hint lists the keys. */
  get(key: string): V;
  /** Returns the thing, or undefined for an unknown key. */
  find(key: string): V | undefined;
  has(key: string): boolean;
  /** Returns all keys in the order they were added. */
  names(): string[];
  /** Disposes of lazily created things, last first, and throws the first failure. */
  [Symbol.asyncDispose](): Promise<void>;
}

/**
 * Creates a {@linkcode Lookup}.
 *
 * @param kind name of the things in messages: `"materializer"`
 * @param entries the initial things
 *
 * @example
 * ```ts
 * import { createLookup } from "@holdfast/holdfast";
 * import { assertEquals } from "@std/assert";
 *
 * await using colors = createLookup<number>("color", { red: 0xff0000 });
 * colors.register("blue", 0x0000ff);
 * colors.registerLazy("gray", () => 0x808080);
 * assertEquals(colors.get("blue"), 255);
 * assertEquals(colors.find("green"), undefined);
 * assertEquals(colors.names(), ["red", "blue", "gray"]);
 * ```
 */
export function createLookup<V>(kind: string, entries: Record<string, V> = {}): Lookup<V> {
  const sources = new Map<string, () => V>(
    Object.entries(entries).map(([key, value]) => [key, () => value]),
  );
  const values = new Map<string, V>();
  let disposed = false;

  function add(key: string, source: () => V): void {
    if (!sources.has(key)) return void sources.set(key, source);
    throw failure("AlreadyExists", "register", key, "key exists", "Choose another key.");
  }

  function addValue<T extends V>(key: string, value: T): T {
    add(key, () => value);
    return value;
  }

  function failure(code: ErrorCode, action: string, key: string, state: string, hint: string) {
    return fault({ code, action, subject: `${kind} "${key}"`, state, hint });
  }

  function make(key: string, create: () => V): V {
    if (values.has(key)) return values.get(key)!;
    if (disposed) {
      const hint = "Create it before its set is disposed of.";
      throw failure("Invalid", "create", key, "its set was disposed of", hint);
    }
    const value = create();
    values.set(key, value);
    if (isPromise(value)) value.then(undefined, () => values.delete(key)); // the caller handles it
    return value;
  }

  function register<T extends V>(key: string, value: T): T;
  function register(key: string): <T extends V>(value: T) => T;
  function register<T extends V>(...args: [string, T] | [string]): unknown {
    const [key] = args;
    checkCount(`register ${kind} "${key}"`, args, 2);
    return args.length === 1 ? (value: T) => addValue(key, value) : addValue(key, args[1]);
  }

  return {
    register,
    registerLazy: (key, create) => add(key, () => make(key, create)),
    get(key) {
      const source = sources.get(key);
      if (source !== undefined) return source();
      const known = [...sources.keys()].map((name) => `"${name}"`).join(", ") || "none";
      throw failure("NotFound", "get", key, "not registered", `Use one of: ${known}.`);
    },
    find: (key) => sources.get(key)?.(),
    has: (key) => sources.has(key),
    names: () => [...sources.keys()],
    [Symbol.iterator]: () => [...sources.keys()].values(),
    async [Symbol.asyncDispose]() {
      disposed = true;
      const failures: unknown[] = [];
      const last = [...values.values()].reverse();
      values.clear();
      for (const value of last) await dispose(value).catch((error) => failures.push(error));
      if (failures.length > 0) throw failures[0];
    },
  };
}

async function dispose(value: unknown): Promise<void> {
  const thing: Partial<AsyncDisposable & Disposable> =
    await Promise.resolve(value).catch(() => {}) ?? {};
  await (thing[Symbol.asyncDispose] ?? thing[Symbol.dispose])?.call(thing);
}

function isPromise(value: unknown): value is PromiseLike<unknown> {
  return typeof (value as PromiseLike<unknown> | null | undefined)?.then === "function";
}
