// Operators: what people write, as a class or as an object.
import { stat } from "node:fs/promises";
import { fault } from "../core/errors.ts";
import { shown } from "../core/naming/names.ts";
import type { Operator as OperatorContract, OperatorContext } from "./contract/operator.ts";
import type { StandardSchema } from "../core/standard_schema.ts";

/** Anything that meets the contract of an operator: an object of {@linkcode defineOperator}, or of a class of yours. */
// deno-lint-ignore no-explicit-any -- a set holds operators of all parameters
export type AnyOperator = OperatorContract<any>;

/**
 * The base of operators that are classes. An override of `validateInput` may ask this one first:
 * `super.validateInput(context)`.
 *
 * @example
 * ```ts
 * import { Operator, runOperator } from "@holdfast/holdfast/operators";
 * import type { OperatorContext } from "@holdfast/holdfast/operators";
 * import { assertEquals } from "@std/assert";
 *
 * class Doubler extends Operator<{ value: number }> {
 *   run({ params, logger }: OperatorContext<{ value: number }>) {
 *     logger.info(params.value * 2);
 *   }
 *   command({ params }: OperatorContext<{ value: number }>) {
 *     return ["double", String(params.value)];
 *   }
 * }
 *
 * assertEquals((await runOperator(new Doubler(), { params: { value: 21 } })).exit, "ok");
 * ```
 */
export abstract class Operator<Params = Record<string, unknown>>
  implements OperatorContract<Params> {
  /** What its parameters must be; its output is `context.params`. @default anything */
  declare readonly params?: StandardSchema<Params>;
  declare readonly inputs?: Readonly<Record<string, string>>;
  /** Names of its outputs, folders or files in the output root, and what each is. @default the whole output root is one */
  declare readonly outputs?: Readonly<Record<string, string>>;
  /** Version of its code: another one makes its steps run again. */
  declare readonly version?: string;

  /** Does it. Returns an exit code, 0 where it returns nothing; what it throws is mapped to one. */
  abstract run(context: OperatorContext<Params>): number | void | Promise<number | void>;

  /** The command that does the same in a process of its own: program and arguments. */
  abstract command(
    context: OperatorContext<Params>,
  ): readonly string[] | Promise<readonly string[]>;

  /** Whether the input is there and right. @default whether the input root exists */
  validateInput(context: OperatorContext<Params>): boolean | Promise<boolean> {
    return hasInputRoot(context);
  }
}

/** Whether the input root exists: what is asked of an operator's input where it does not say more. */
export async function hasInputRoot(
  { inputRoot }: { readonly inputRoot: string },
): Promise<boolean> {
  return await stat(inputRoot).then(() => true, () => false);
}

/**
 * Defines an operator as an object; its parameters are typed by its schema, any validator of the Standard Schema
 * interface.
 *
 * @throws {RegistryError} `Invalid` where `run` or `command` is missing
 *
 * @example
 * ```ts
 * import { defineOperator, runOperator } from "@holdfast/holdfast/operators";
 * import { assertEquals } from "@std/assert";
 *
 * const count = defineOperator({
 *   version: "1.2",
 *   outputs: { count: "how many there are" },
 *   async run({ outputRoot, params }) {
 *     await Deno.writeTextFile(`${outputRoot}/count`, String((params.rows as unknown[]).length));
 *   },
 *   command: () => ["wc", "-l"],
 * });
 *
 * const { exitCode, outputRoot } = await runOperator(count, { params: { rows: [1, 2] } });
 * assertEquals(exitCode, 0);
 * assertEquals(await Deno.readTextFile(`${outputRoot}/count`), "2");
 * await Deno.remove(outputRoot, { recursive: true });
 * ```
 */
export function defineOperator<Params = Record<string, unknown>>(
  operator: OperatorContract<Params>,
): OperatorContract<Params> {
  checkOperator(operator, "define an operator");
  return operator;
}

/** A class of operators. */
// deno-lint-ignore no-explicit-any -- what a class is made with is its own affair
export type OperatorClass = new (args: any) => AnyOperator;

/** A class, told from a function: its prototype cannot be exchanged. */
export function isClass(value: unknown): value is OperatorClass {
  return typeof value === "function" &&
    Object.getOwnPropertyDescriptor(value, "prototype")?.writable === false;
}

/**
 * Refuses what is no operator, and says which method is missing.
 *
 * @param operator an object, or the prototype of a class
 * @param action for the message: `register operator "a"`
 */
export function checkOperator(operator: unknown, action: string): asserts operator is AnyOperator {
  if (typeof operator !== "object" || operator === null) {
    throw fault({
      code: "Invalid",
      action,
      state: `${shown(operator)} is no operator`,
      hint:
        "Give an object of defineOperator({ run, command }), a class with run() and command(), or a function " +
        "that makes one of them.",
    });
  }
  const missing = ["run", "command"].filter((name) =>
    typeof Reflect.get(operator, name) !== "function"
  );
  if (missing.length === 0) return;
  throw fault({
    code: "Invalid",
    action,
    state: `it has no ${missing.map((name) => `${name}()`).join(" and no ")}`,
    hint:
      "run(context) does the work in this process, command(context) returns the program and arguments that do " +
      "the same in a process of its own. In a class they are methods, not fields.",
  });
}
