// Operators, written as classes or as objects.
import { stat } from "node:fs/promises";
import type { StandardSchema } from "../registry/mod.ts";
import { fault, invalid, notFound, shown, shownIssues } from "../core/kernel.ts";
import type { Operator as OperatorContract, OperatorContext } from "./contract/operator.ts";

/** An operator with any parameters, from {@linkcode defineOperator} or a class. */
// deno-lint-ignore no-explicit-any -- a set holds operators of all parameters
export type AnyOperator = OperatorContract<any>;

/**
 * Base class of operators. An override of `validateInput` can call
 * `super.validateInput(context)` first.
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
  /** Schema of its parameters; its output becomes `context.params`. @default anything */
  declare readonly params?: StandardSchema<Params>;
  declare readonly inputs?: Readonly<Record<string, string>>;
  /** Outputs by path below the output root, with a description. @default the whole output root */
  declare readonly outputs?: Readonly<Record<string, string>>;
  /** Version of its code: a new version makes its steps run again. */
  declare readonly version?: string;

  /** Does the work. Returns an exit code, or nothing for 0; errors are mapped to an exit code. */
  abstract run(context: OperatorContext<Params>): number | void | Promise<number | void>;

  /** Returns the command that does the same in a separate process: program and arguments. */
  abstract command(
    context: OperatorContext<Params>,
  ): readonly string[] | Promise<readonly string[]>;

  /** Returns whether the input is valid. @default whether the input root exists */
  validateInput(context: OperatorContext<Params>): boolean | Promise<boolean> {
    return hasInputRoot(context);
  }
}

/** Returns whether the input root exists: the default check of an operator's input. */
async function hasInputRoot(
  { inputRoot }: { readonly inputRoot: string },
): Promise<boolean> {
  return await stat(inputRoot).then(() => true, () => false);
}

/**
 * Defines an operator as an object. Any validator of the Standard Schema interface types its
 * parameters.
 *
 * @throws {RegistryError} `Invalid` if `run` or `command` is missing
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
// deno-lint-ignore no-explicit-any -- the class decides what its constructor takes
export type OperatorClass = new (args: any) => AnyOperator;

/** Returns whether a value is a class, not a function: the prototype of a class is read-only. */
export function isClass(value: unknown): value is OperatorClass {
  return typeof value === "function" &&
    Object.getOwnPropertyDescriptor(value, "prototype")?.writable === false;
}

/** Refuses a value, or the prototype of a class, that is not an operator. */
export function checkOperator(operator: unknown, action: string): asserts operator is AnyOperator {
  const refused = (state: string, hint: string) => fault({ code: "Invalid", action, state, hint });
  if (typeof operator !== "object" || operator === null) {
    throw refused(
      `${shown(operator)} is not an operator`,
      "Pass a result of defineOperator({ run, command }), a class with run() and command(), or a " +
        "function that creates one.",
    );
  }
  const missing = ["run", "command"].filter((name) =>
    typeof Reflect.get(operator, name) !== "function"
  );
  if (missing.length === 0) return;
  throw refused(
    `it has no ${missing.map((name) => `${name}()`).join(" and no ")}`,
    "Add run(context), which does the work in this process, and command(context), which returns " +
      "the program and arguments that do the same. In a class they are methods, not fields.",
  );
}

/** The checks of an operator. A plain command has none but that its input root exists. */
type Prepared = Pick<AnyOperator, "params" | "validateInput">;

/** Checks parameters and input. Returns the context with the parameters of the schema. */
export async function prepareContext(
  operator: Prepared,
  context: OperatorContext<unknown>,
): Promise<OperatorContext<unknown>> {
  const { operatorId, inputRoot } = context;
  const checked = { ...context, params: await parseParams(operator, context) };
  const hasInput = operator.validateInput === undefined
    ? await hasInputRoot(checked)
    : await operator.validateInput(checked);
  if (hasInput) return checked;
  throw notFound("run operator", shown(operatorId), "its input is missing or invalid", {
    hint: `Check ${inputRoot} and what the operator logged.`,
  });
}

async function parseParams(
  operator: Prepared,
  { operatorId, params }: OperatorContext<unknown>,
): Promise<unknown> {
  const result = await operator.params?.["~standard"].validate(params);
  if (result === undefined) return params;
  if (result.issues === undefined) return result.value;
  const state = `invalid params: ${shownIssues(result.issues)}`;
  const hint = "Change the step's params to match the operator's schema.";
  throw invalid("run operator", shown(operatorId), state, { hint, cause: result.issues });
}
