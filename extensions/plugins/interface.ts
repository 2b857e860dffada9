// Interfaces of plugins: a name, and the methods that every plugin of that interface has. There are
// two ways to define one, and every function of a plugin set takes both:
//
//   interface Mailer { send(to: string): void }
//   const Mailer = defineInterface<Mailer>("mailer", { methods: ["send"] });
//
//   @defineInterface("mailer", { methods: ["send"] })
//   abstract class Mailer { abstract send(to: string): void }
//
// In both, `Mailer` is the type of its plugins and the value by which a set finds them. TypeScript
// forgets the type when it runs, so the value has the name and the methods: `interfaceOf` reads
// them from it, and `checkMethods` compares a plugin with them.
import { described, fault, type RegistryError, shown } from "../../core/kernel.ts";

/** The names of the required methods of a type. */
export type MethodName<T> =
  & { [K in keyof T]-?: T[K] extends (...args: never[]) => unknown ? K : never }[keyof T]
  & string;

/** Options of {@linkcode defineInterface}. */
export interface InterfaceOptions<Method extends string> {
  /** The methods of every plugin, at least one. */
  methods: readonly Method[];
}

/** An interface of plugins of type `T`. */
export interface Interface<T = unknown> {
  readonly name: string;
  /** The methods of every plugin. */
  readonly methods: readonly string[];
  /** Type only; absent at run time. */
  readonly types?: { readonly plugin: T };
}

/** An interface that is also a decorator: the abstract class becomes the interface, with its types. */
export interface UntypedInterface<T> extends Interface<T> {
  (target: abstract new (...args: never[]) => T, context?: unknown): void;
  readonly name: string;
}

/** Selects an interface: the result of {@linkcode defineInterface}, or a decorated class. */
export type InterfaceOf<T> = Interface<T> | (abstract new (...args: never[]) => T);

/** Any interface. */
// deno-lint-ignore no-explicit-any -- its methods do not matter
export type AnyInterface = InterfaceOf<any>;

/** The member of a value that is an interface, across copies of this module. */
const INTERFACE = Symbol.for("holdfast.interface");

/** Defines an interface by a decorator of an abstract class, which is its type. */
export function defineInterface<const Method extends string>(
  name: string,
  options: InterfaceOptions<Method>,
  // deno-lint-ignore no-explicit-any -- the decorated class types its methods
): UntypedInterface<Record<Method, (...args: any[]) => any>>;
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
export function defineInterface(name: string, options: InterfaceOptions<string>): Interface {
  const { methods } = options ?? {};
  if (typeof name !== "string" || name.trim() === "") {
    throw invalid(name, "its name is empty", "Use a name like storage.");
  }
  const isName = (method: unknown) => typeof method === "string" && method !== "";
  if (!Array.isArray(methods) || methods.length === 0 || !methods.every(isName)) {
    throw invalid(name, "its methods are missing", 'Pass { methods: ["writeFile", "readFile"] }.');
  }
  const definition = Object.freeze({ name, methods: Object.freeze([...new Set(methods)]) });
  const mark = { [INTERFACE]: { value: definition } };
  const decorate = (target: object) => void Object.defineProperties(target, mark);
  return Object.freeze(Object.defineProperties(decorate, {
    ...mark,
    name: { value: definition.name, enumerable: true },
    methods: { value: definition.methods, enumerable: true },
  })) as unknown as Interface;
}

/**
 * Returns the name and methods of an interface or a decorated class. Throws `Invalid` for anything
 * else, also for a class that extends a decorated one: it is a plugin.
 */
export function interfaceOf(selected: AnyInterface): Interface {
  if (typeof selected === "function" && Object.hasOwn(selected, INTERFACE)) {
    return (selected as unknown as Record<typeof INTERFACE, Interface>)[INTERFACE];
  }
  const value: unknown = selected;
  const what = typeof value === "function" && value.name !== ""
    ? shown(value.name)
    : described(value);
  throw invalid(what, "it is not defined", 'Call defineInterface("name", { methods: [...] }).');
}

/**
 * Throws `Invalid` with all missing methods for a plugin that lacks some.
 *
 * @param plugin an object, or the prototype of a class
 * @param action for the message: `register plugin "minio" of storage`
 */
export function checkMethods({ methods }: Interface, plugin: unknown, action: string): void {
  if ((typeof plugin !== "object" && typeof plugin !== "function") || plugin === null) {
    throw fault({
      code: "Invalid",
      action,
      state: `expected a plugin object, got ${described(plugin)}`,
      hint: `Return an object with ${listed(methods)}.`,
    });
  }
  const missing = methods.filter((name) =>
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
    hint: `${rename}Implement ${listed(methods)}; in a class as methods, not as fields.`,
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
