// Interfaces: what plugins of one kind can do, by the methods that they have.
import { fault, type RegistryError } from "../core/errors.ts";
import { described } from "../core/text/described.ts";
import { shown } from "../core/naming/names.ts";

/** The names of the methods of a type that every value of it has. */
export type MethodName<T> =
  & { [K in keyof T]-?: T[K] extends (...args: never[]) => unknown ? K : never }[keyof T]
  & string;

/** Options of {@linkcode defineInterface}. */
export interface InterfaceOptions<Method extends string> {
  /** The methods that every plugin of it has, at least one. */
  methods: readonly Method[];
}

/** A contract that plugins meet. It is a decorator too: the abstract class that it stands on is the same contract. */
export interface Interface<T> {
  (target: abstract new (...args: never[]) => T, context?: unknown): void;
  readonly name: string;
  /** The methods that every plugin has. */
  readonly methods: readonly string[];
  /** Carries the type; absent when running. */
  readonly types?: { readonly plugin: T };
}

/** A contract: what {@linkcode defineInterface} gives, or a class that it stands on. */
export type InterfaceOf<T> = Interface<T> | (abstract new (...args: never[]) => T);

/** Any contract. */
// deno-lint-ignore no-explicit-any -- what its plugins can do does not matter where it stands
export type AnyInterface = InterfaceOf<any>;

export type Contract = Pick<Interface<unknown>, "name" | "methods">;

/** Marks what is a contract, in every copy of this module. */
const CONTRACT = Symbol.for("holdfast.interface");

/**
 * Defines an interface: a name, and the methods that every plugin of it has. A method that the type has not is a
 * mistake that the compiler finds.
 *
 * @throws {RegistryError} `Invalid` for an empty name, and for methods that are none
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
/** Defines an interface whose type is told by a class that it stands on, as a decorator. */
export function defineInterface<const Method extends string>(
  name: string,
  options: InterfaceOptions<Method>,
  // deno-lint-ignore no-explicit-any -- the class says what its methods are
): Interface<Record<Method, (...args: any[]) => any>>;
// deno-lint-ignore no-explicit-any -- both of the above
export function defineInterface(name: string, options: InterfaceOptions<string>): Interface<any> {
  const { methods } = options ?? {};
  if (typeof name !== "string" || name.trim() === "") {
    throw invalid(name, "its name is empty", "Call it by what its plugins are: storage.");
  }
  const isName = (method: unknown) => typeof method === "string" && method !== "";
  if (!Array.isArray(methods) || methods.length === 0 || !methods.every(isName)) {
    throw invalid(
      name,
      "it names no methods",
      'Name what every plugin can do: { methods: ["writeFile", "readFile"] }.',
    );
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

/** The contract behind what stands for it; throws `Invalid` for what is none. */
export function contractOf(given: AnyInterface): Contract {
  // A class that extends a contract is a plugin of it, and no contract.
  if (typeof given === "function" && Object.hasOwn(given, CONTRACT)) {
    return (given as unknown as Record<symbol, Contract>)[CONTRACT];
  }
  const what = typeof given === "function" && given.name !== ""
    ? shown(given.name)
    : described(given);
  throw invalid(
    what,
    "it was not defined as one",
    'Define it: defineInterface("name", { methods: [...] }), also as a decorator of an abstract class.',
  );
}

/**
 * Refuses what does not meet a contract, and names all that is missing.
 *
 * @param plugin an object, or the prototype of a class
 * @param action for the message: `register plugin "minio" of storage`
 */
export function checkContract(contract: Contract, plugin: unknown, action: string): void {
  if ((typeof plugin !== "object" && typeof plugin !== "function") || plugin === null) {
    throw fault({
      code: "Invalid",
      action,
      state: `what was made is ${described(plugin)}`,
      hint: `It is to be an object with ${listed(contract.methods)}.`,
    });
  }
  const missing = contract.methods.filter((name) =>
    typeof (plugin as Record<string, unknown>)[name] !== "function"
  );
  if (missing.length === 0) return;
  throw fault({
    code: "Invalid",
    action,
    state: `it has no ${listed(missing)}`,
    hint: `Every plugin of ${contract.name} has ${
      listed(contract.methods)
    }; a class has them as methods, not as fields.`,
  });
}

function listed(methods: readonly string[]): string {
  const calls = methods.map((method) => `${method}()`);
  return calls.length === 1 ? calls[0] : `${calls.slice(0, -1).join(", ")} and ${calls.at(-1)}`;
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
