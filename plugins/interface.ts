// Interfaces: named sets of methods that plugins of one kind have.
import { fault, type RegistryError } from "../core/errors.ts";
import { described } from "../core/text/described.ts";
import { shown } from "../core/naming/names.ts";

/** The names of the required methods of a type. */
export type MethodName<T> =
  & { [K in keyof T]-?: T[K] extends (...args: never[]) => unknown ? K : never }[keyof T]
  & string;

/** Options of {@linkcode defineInterface}. */
export interface InterfaceOptions<Method extends string> {
  /** The methods of every plugin, at least one. */
  methods: readonly Method[];
}

/** A contract of plugins. As a decorator it turns an abstract class into the same contract. */
export interface Interface<T> {
  (target: abstract new (...args: never[]) => T, context?: unknown): void;
  readonly name: string;
  readonly methods: readonly string[];
  /** Type only; absent at run time. */
  readonly types?: { readonly plugin: T };
}

/** A contract: the result of {@linkcode defineInterface}, or a class that it decorates. */
export type InterfaceOf<T> = Interface<T> | (abstract new (...args: never[]) => T);

/** Any contract. */
// deno-lint-ignore no-explicit-any -- its methods do not matter
export type AnyInterface = InterfaceOf<any>;

export type Contract = Pick<Interface<unknown>, "name" | "methods">;

/** Marks contracts across copies of this module. */
const CONTRACT = Symbol.for("holdfast.interface");

/**
 * Defines an interface: a name, and the methods of every plugin. The compiler checks their names.
 *
 * @throws {RegistryError} `Invalid` for an empty name or invalid methods
 *
 * @example
 * ```ts
 * import { createPlugins, defineInterface } from "@holdfast/holdfast/plugins";
 * import { assertEquals } from "@std/assert";
 *
 * interface Greeter {
 *   greet(name: string): string;
 * }
 * const Greeter = defineInterface<Greeter>("greeter", { methods: ["greet"] });
 *
 * await using plugins = createPlugins();
 * plugins.register(Greeter, "polite", () => ({ greet: (name) => `Good evening, ${name}` }));
 * const greeter = await plugins.create(Greeter, "polite");
 * assertEquals(greeter.greet("Ada"), "Good evening, Ada");
 * ```
 */
export function defineInterface<T extends object>(
  name: string,
  options: InterfaceOptions<MethodName<T>>,
): Interface<T>;
/** Defines an interface as a decorator of an abstract class, which is its type. */
export function defineInterface<const Method extends string>(
  name: string,
  options: InterfaceOptions<Method>,
  // deno-lint-ignore no-explicit-any -- the class types its methods
): Interface<Record<Method, (...args: any[]) => any>>;
// deno-lint-ignore no-explicit-any -- both of the above
export function defineInterface(name: string, options: InterfaceOptions<string>): Interface<any> {
  const { methods } = options ?? {};
  if (typeof name !== "string" || name.trim() === "") {
    throw invalid(name, "its name is empty", "Use a name like storage.");
  }
  const isName = (method: unknown) => typeof method === "string" && method !== "";
  if (!Array.isArray(methods) || methods.length === 0 || !methods.every(isName)) {
    throw invalid(name, "its methods are missing", 'Pass { methods: ["writeFile", "readFile"] }.');
  }
  const contract: Contract = Object.freeze({ name, methods: Object.freeze([...new Set(methods)]) });
  const decorate = (target: object) =>
    void Object.defineProperty(target, CONTRACT, { value: contract });
  return Object.freeze(Object.defineProperties(decorate, {
    name: { value: name, enumerable: true },
    methods: { value: contract.methods, enumerable: true },
    [CONTRACT]: { value: contract },
  })) as unknown as Interface<object>;
}

/**
 * Returns the contract of an interface or a decorated class. Throws `Invalid` for anything else.
 */
export function contractOf(given: AnyInterface): Contract {
  // A class that extends a contract is a plugin.
  if (typeof given === "function" && Object.hasOwn(given, CONTRACT)) {
    return (given as unknown as Record<typeof CONTRACT, Contract>)[CONTRACT];
  }
  const what = typeof given === "function" && given.name !== ""
    ? shown(given.name)
    : described(given);
  throw invalid(what, "it is not defined", 'Call defineInterface("name", { methods: [...] }).');
}

/**
 * Throws `Invalid` with all missing methods for a plugin that does not meet a contract.
 *
 * @param plugin an object, or the prototype of a class
 * @param action for the message: `register plugin "minio" of storage`
 */
export function checkContract(contract: Contract, plugin: unknown, action: string): void {
  if ((typeof plugin !== "object" && typeof plugin !== "function") || plugin === null) {
    throw fault({
      code: "Invalid",
      action,
      state: `expected a plugin object, got ${described(plugin)}`,
      hint: `Return an object with ${listed(contract.methods)}.`,
    });
  }
  const missing = contract.methods.filter((name) =>
    typeof (plugin as Record<string, unknown>)[name] !== "function"
  );
  if (missing.length === 0) return;
  const renamed = missing.flatMap((name) => {
    const other = name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
    return other !== name && other in plugin ? [`${other}() to ${name}()`] : [];
  });
  const rename = renamed.length > 0 ? `Rename ${renamed.join(" and ")}. ` : "";
  throw fault({
    code: "Invalid",
    action,
    state: `it has no ${listed(missing)}`,
    hint: `${rename}Implement ${listed(contract.methods)}; in a class as methods, not as fields.`,
  });
}

function listed(methods: readonly string[]): string {
  const calls = methods.map((method) => `${method}()`);
  return calls.length === 1 ? calls.join() : `${calls.slice(0, -1).join(", ")} and ${calls.at(-1)}`;
}

function invalid(name: unknown, state: string, hint: string): RegistryError {
  const what = typeof name === "string" ? name : described(name);
  return fault({
    code: "Invalid",
    action: "use",
    subject: `${what || '""'} as an interface`,
    state,
    hint,
  });
}
