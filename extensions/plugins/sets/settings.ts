// Schemas of the settings of built-in plugins.
import type { SchemaIssue, SchemaResult, StandardSchema } from "../../../registry/mod.ts";
import { described, isJsonObject } from "../../../core/kernel.ts";

export interface Setting<T = unknown> {
  problemOf(value: unknown): string | undefined;
  /** @default false */
  required?: boolean;
  /** The default value. @default absent */
  otherwise?: unknown;
  /** Type only; absent at run time. */
  readonly type?: T;
}

type KnownSettings = Readonly<Record<string, Setting>>;

/** The output of a schema: settings without a default that are not required may be absent. */
export type SettingsOf<Known extends KnownSettings> = {
  readonly [Name in keyof Known]: Known[Name] extends
    { required: true } | { otherwise: NonNullable<unknown> } ? NonNullable<Known[Name]["type"]>
    : Known[Name]["type"];
};

/** Handling of other settings: an error, these names dropped, or all kept. */
type OtherSettings = "refused" | "kept" | readonly string[];

export function defineSettings<const Known extends KnownSettings>(
  known: Known,
  { others = "refused" }: { others?: OtherSettings } = {},
): StandardSchema<SettingsOf<Known>> {
  const names = Object.keys(known);
  const instead = names.length === 0 ? ", it takes none" : `, use ${names.join(", ")}`;
  return { "~standard": { version: 1, vendor: "holdfast", validate } };

  function validate(given: unknown): SchemaResult<SettingsOf<Known>> {
    if (!isJsonObject(given)) return { issues: [{ message: `it is ${described(given)}` }] };
    const issues: SchemaIssue[] = [];
    const output: Record<string, unknown> = {};
    for (const [name, setting] of Object.entries(known)) {
      const value = given[name] ?? setting.otherwise;
      const problem = value === undefined
        ? setting.required ? "it is missing" : undefined
        : setting.problemOf(value);
      if (problem !== undefined) issues.push({ path: [name], message: problem });
      if (value !== undefined) output[name] = value;
    }
    for (const [name, value] of Object.entries(given)) {
      if (Object.hasOwn(known, name) || Array.isArray(others) && others.includes(name)) continue;
      if (others === "kept") output[name] = value;
      else issues.push({ path: [name], message: `unknown setting${instead}` });
    }
    return issues.length > 0 ? { issues } : { value: output as SettingsOf<Known> };
  }
}

/** A non-empty string. */
export const text: Setting<string> = {
  problemOf: (value) =>
    typeof value === "string"
      ? value === "" ? "it is empty" : undefined
      : `it is ${described(value)}, not a string`,
};

export const flag: Setting<boolean> = {
  problemOf: (value) =>
    typeof value === "boolean" ? undefined : `it is ${described(value)}, not true or false`,
};

export function count({ least, most }: { least: number; most?: number }): Setting<number> {
  const range = most === undefined ? `of at least ${least}` : `from ${least} to ${most}`;
  return {
    problemOf: (value) =>
      typeof value === "number" && Number.isSafeInteger(value) && value >= least &&
        value <= (most ?? Infinity)
        ? undefined
        : `it is not an integer ${range}`,
  };
}

export const milliseconds: Setting<number> = {
  problemOf: (value) =>
    typeof value === "number" && value >= 0 && value < 2 ** 31
      ? undefined
      : "it is not a number of milliseconds, 0 to 2147483647",
};

export const schema: Setting<StandardSchema> = {
  problemOf: (value) =>
    typeof Object(value)["~standard"]?.validate === "function"
      ? undefined
      : `it is ${described(value)}, not a Standard Schema (Zod, Valibot, ArkType …)`,
};

export function word<const Word extends string>(...words: Word[]): Setting<Word> {
  return {
    problemOf: (value) =>
      words.some((word) => word === value) ? undefined : `it is not one of ${words.join(", ")}`,
  };
}
