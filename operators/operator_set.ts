// Sets of operators, looked up by key.
import { isDeepStrictEqual } from "node:util";
import { createLookup, invalid, shown } from "../core/kernel.ts";
import type { Lookup } from "../backends/mod.ts";
import { type AnyOperator, checkOperator, isClass, type OperatorClass } from "./operator.ts";
import { manyOf, singleton } from "./singleton.ts";

/** Arguments of a class or function that creates an operator. */
export type OperatorArgs = Readonly<Record<string, unknown>>;

/** An operator, a class of operators, or a function that creates one. */
export type OperatorSource =
  | AnyOperator
  | OperatorClass
  // deno-lint-ignore no-explicit-any -- the function decides what it takes
  | ((args: any) => AnyOperator | Promise<AnyOperator>);

/** Operators by key. `get` returns what was registered, `instance` an operator that can run. */
export interface Operators extends Lookup<OperatorSource> {
  register<T extends OperatorSource>(key: string, source: T): T;
  register(key: string): <T extends OperatorSource>(source: T) => T;
  /**
   * Registers a decorated class of which `new` returns one instance, or one for each `operatorId` of
   * its argument, until `clear`.
   */
  register(key: string, options: { singleton: true }): <T extends OperatorClass>(source: T) => T;
  /**
   * Returns the operator of a key for one operator id, created at the first call and kept. Each id
   * has its own instance.
   *
   * @param options `args` for the class or function. @default those of the first call, else `{}`
   * @throws {RegistryError} `NotFound` for an unknown key; `Invalid` for other arguments than those
   * of the first call, or if the result is not an operator
   */
  instance(
    key: string,
    operatorId: string,
    options?: { args?: OperatorArgs },
  ): Promise<AnyOperator>;
  /** Disposes of all instances and forgets them. Registrations stay. For tests. */
  clear(): Promise<void>;
}

interface Made {
  args: OperatorArgs;
  operator: Promise<AnyOperator>;
}

/**
 * Creates a set of operators.
 *
 * @param entries initial operators
 * @throws {RegistryError} `Invalid` for a value that is not an operator
 *
 * @example
 * ```ts
 * import { createOperators, defineOperator, Operator } from "@holdfast/holdfast/operators";
 * import { assert, assertEquals } from "@std/assert";
 *
 * await using operators = createOperators();
 * operators.register(
 *   "greeter_v1",
 *   defineOperator({ run: ({ logger }) => logger.info("hi"), command: () => ["hi"] }),
 * );
 *
 * @operators.register("cleaner_v1")
 * class Cleaner extends Operator {
 *   override run() {}
 *   override command() {
 *     return ["clean"];
 *   }
 * }
 *
 * assertEquals(operators.names(), ["greeter_v1", "cleaner_v1"]);
 * const cleaner = await operators.instance("cleaner_v1", "nightly");
 * assert(cleaner instanceof Cleaner);
 * assert(cleaner === await operators.instance("cleaner_v1", "nightly"));
 * assert(cleaner !== await operators.instance("cleaner_v1", "hourly"));
 * ```
 */
export function createOperators(entries: Record<string, OperatorSource> = {}): Operators {
  const sources = createLookup<OperatorSource>("operator");
  const createdById = new Map<string, Made>();
  const singles: Map<unknown, object>[] = [];

  function add<T extends OperatorSource>(key: string, source: T): T {
    checkSource(key, source);
    return sources.register(key, source);
  }

  function register<T extends OperatorSource>(key: string, source: T): T;
  function register(key: string): <T extends OperatorSource>(source: T) => T;
  function register(key: string, options: { singleton: true }): <T extends OperatorClass>(
    source: T,
  ) => T;
  function register(
    ...args: [string, (OperatorSource | { singleton: true })?, unknown?]
  ): unknown {
    const [key, given] = args;
    checkKey(key);
    if (args.length === 1) return (source: OperatorSource) => add(key, source);
    if (args.length > 2) {
      throw invalid("register operator", shown(key), "it has a third argument, which is not used", {
        hint: "Decorate the class: @operators.register(key, { singleton: true }).",
      });
    }
    const isSingle = Object(given).singleton === true && Object(given).run === undefined;
    if (!isSingle) return add(key, given as OperatorSource);
    return (source: OperatorClass) => {
      const kept = new Map<unknown, object>();
      singles.push(kept);
      return add(key, singleton(source, kept));
    };
  }

  async function instance(key: string, operatorId: string, options: { args?: OperatorArgs } = {}) {
    const id = JSON.stringify([key, operatorId]);
    const present = createdById.get(id);
    if (present !== undefined) {
      checkArgs({ key, operatorId, before: present.args, now: options.args ?? present.args });
      return await present.operator;
    }
    const source = sources.get(key);
    const { args = {} } = options;
    if (typeof source === "object") checkArgs({ key, operatorId, before: {}, now: args });
    const operator = makeOperator(source, { key, args });
    createdById.set(id, { args, operator });
    operator.catch(() => createdById.delete(id)); // the caller gets the error, the next call tries again
    return await operator;
  }

  async function clear(): Promise<void> {
    const before = [...createdById].reverse();
    createdById.clear();
    for (const kept of singles) kept.clear();
    // Operators registered as objects belong to their owner.
    const own = before.filter(([id]) => typeof sources.find(JSON.parse(id)[0]) === "function");
    const ended = await Promise.allSettled(
      own.map(async ([, { operator }]) => dispose(await operator)),
    );
    const failed = ended.find(({ status }) => status === "rejected");
    if (failed !== undefined) throw (failed as PromiseRejectedResult).reason;
  }

  for (const [key, source] of Object.entries(entries)) add(key, source);
  return {
    register,
    registerLazy: (key, create) => {
      checkKey(key);
      sources.registerLazy(key, () => {
        const source = create();
        checkSource(key, source);
        return source;
      });
    },
    get: (key) => sources.get(key),
    find: (key) => sources.find(key),
    has: (key) => sources.has(key),
    names: () => sources.names(),
    [Symbol.iterator]: () => sources[Symbol.iterator](),
    instance,
    clear,
    async [Symbol.asyncDispose]() {
      await clear();
      await sources[Symbol.asyncDispose]();
    },
  };
}

/** Returns whether a value is a set of operators, also one of another copy of this library. */
export function isOperators(value: unknown): value is Operators {
  const { names, get, instance } = (value ?? {}) as Partial<Operators>;
  return [names, get, instance].every((member) => typeof member === "function");
}

export async function makeOperator(
  source: OperatorSource,
  { key, args = {} }: { key: string; args?: OperatorArgs },
): Promise<AnyOperator> {
  const operator = isClass(source)
    ? new (manyOf(source))(args)
    : typeof source === "function"
    ? await source(args)
    : source;
  checkOperator(operator, `make operator ${shown(key)}`);
  return operator;
}

function checkSource(key: string, source: OperatorSource): void {
  checkKey(key);
  // Its result is checked when it is called.
  if (typeof source === "function" && !isClass(source)) return;
  checkOperator(isClass(source) ? source.prototype : source, `register operator ${shown(key)}`);
}

/** Checks a key: configurations write `key:version`, and lists of keys. */
function checkKey(key: unknown): void {
  if (typeof key === "string" && /^[^\s:,@]+$/.test(key)) return;
  const state = typeof key === "string"
    ? "the key is empty, or has a space, a colon, a comma or an @"
    : "the key is not a string";
  const hint = 'Use letters, digits, ".", "_" and "-", as in data_cleaner_v1.';
  throw invalid("register operator", shown(key), state, { hint });
}

function checkArgs(
  reuse: { key: string; operatorId: string; before: OperatorArgs; now: OperatorArgs },
): void {
  const { key, operatorId, before, now } = reuse;
  const names = new Set([...Object.keys(before), ...Object.keys(now)]);
  const differing = [...names].filter((name) => !isDeepStrictEqual(before[name], now[name])).sort();
  if (differing.length === 0) return;
  const state = `its arguments differ from those of an earlier call: ${differing.join(", ")}`;
  const hint = "Pass the same arguments or another operator id, or use params for what changes. " +
    "An operator that is registered as an object takes no arguments.";
  throw invalid("make operator", `${shown(key)} as ${shown(operatorId)}`, state, { hint });
}

async function dispose(operator: object): Promise<void> {
  const disposable: Partial<AsyncDisposable & Disposable> = operator;
  await (disposable[Symbol.asyncDispose] ?? disposable[Symbol.dispose])?.call(disposable);
}
