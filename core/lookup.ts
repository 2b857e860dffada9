// A set of named things that programs extend: scoped values, no module globals.
import { fault } from "./errors.ts";

/** A set of things by key. */
export interface Lookup<V> extends AsyncDisposable {
  /** Adds a thing and returns it. A key that is taken is `AlreadyExists`. */
  register<T extends V>(key: string, value: T): T;
  register(key: string): <T extends V>(value: T) => T;
  /**
   * Adds a thing that is made when it is first asked for, once, and is the same for all from then on. In a set of
   * promises, a `createLookup<Promise<Model>>`, it may be one. What fails is made anew when it is asked for again.
   */
  registerLazy(key: string, create: () => V): void;
  /** The thing; a missing key is `NotFound` and lists what there is. */
  get(key: string): V;
  /** The same, or undefined where there is none. */
  find(key: string): V | undefined;
  has(key: string): boolean;
  /** All keys, in the order they were added. Nothing is made. */
  names(): string[];
  /**
   * Disposes of what was made here, the last first, and waits for it; what was registered as it is stays its owner's.
   * Nothing is made any more: what has to be is `Invalid` from then on. The first failure is thrown after all were done.
   */
  [Symbol.asyncDispose](): Promise<void>;
}

/** Gives a thing: one that is there, or one that is made at first. */
type Source<V> = () => V;

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
 * await using colors = createLookup<number>("color", { red: 0xff0000 });
 * colors.register("blue", 0x0000ff);
 * colors.registerLazy("grey", () => 0x808080);
 * assertEquals(colors.get("blue"), 255);
 * assertEquals(colors.find("green"), undefined);
 * assertEquals(colors.names(), ["red", "blue", "grey"]);
 * ```
 */
export function createLookup<V>(kind: string, entries: Record<string, V> = {}): Lookup<V> {
  const sources = new Map<string, Source<V>>(
    Object.entries(entries).map(([key, value]) => [key, () => value]),
  );
  const made = new Map<string, V>();
  let disposed = false;

  function add(key: string, source: Source<V>): void {
    if (!sources.has(key)) return void sources.set(key, source);
    throw fault({
      code: "AlreadyExists",
      action: "register",
      subject: `${kind} "${key}"`,
      state: "the key is taken",
      hint: "Each key stands for one thing in a set: choose another.",
    });
  }

  function addValue<T extends V>(key: string, value: T): T {
    add(key, () => value);
    return value;
  }

  function make(key: string, create: () => V): V {
    if (made.has(key)) return made.get(key)!;
    if (disposed) {
      throw fault({
        code: "Invalid",
        action: "make",
        subject: `${kind} "${key}"`,
        state: "its set was disposed of",
        hint: "Use it before the end of what holds the set, or create a set anew.",
      });
    }
    const value = create();
    made.set(key, value);
    if (isPromise(value)) value.then(undefined, () => made.delete(key)); // whoever asked hears of it
    return value;
  }

  function register<T extends V>(key: string, value: T): T;
  function register(key: string): <T extends V>(value: T) => T;
  function register<T extends V>(...args: [string, T] | [string]): unknown {
    const [key] = args;
    return args.length === 1 ? (value: T) => addValue(key, value) : addValue(key, args[1]);
  }

  return {
    register,
    registerLazy: (key, create) => add(key, () => make(key, create)),
    get(key) {
      const source = sources.get(key);
      if (source !== undefined) return source();
      const known = [...sources.keys()].map((name) => `"${name}"`).join(", ") || "none";
      throw fault({
        code: "NotFound",
        action: "get",
        subject: `${kind} "${key}"`,
        state: "not registered",
        hint: `There is: ${known}.`,
      });
    },
    find: (key) => sources.get(key)?.(),
    has: (key) => sources.has(key),
    names: () => [...sources.keys()],
    async [Symbol.asyncDispose]() {
      disposed = true;
      const failures: unknown[] = [];
      const last = [...made.values()].reverse();
      made.clear();
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
