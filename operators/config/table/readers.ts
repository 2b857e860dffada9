// Readers: each knows what a value must be, reads it from the tree, tells what is wrong, and says
// the same as JSON Schema. So what is checked and what editors are told is one table.
import type { PlainValue } from "../../../core/text/plain_value.ts";
import { describeNode, plainOf } from "../tree/node.ts";
import type { ConfigMap, ConfigNode, ConfigScalar, Path, Place } from "../tree/node.ts";
import { didYouMean } from "../../../core/text/nearest.ts";
import type { ProblemList } from "../tree/problems.ts";

/** A JSON Schema, draft 2020-12. */
export type JsonSchema = { [key: string]: PlainValue };

export interface Reader<T> {
  /** What it must be, for editors. */
  readonly schema: JsonSchema;
  /** The value; undefined where something is wrong, which was told. */
  read(node: ConfigNode, path: Path | undefined, problems: ProblemList): T | undefined;
}

export interface ValueOptions<T> {
  /** What it must be: `a size`. */
  what: string;
  hint: string;
  schema: JsonSchema;
  /** The value, or undefined where it is none. */
  parse(value: null | boolean | number | string): T | undefined;
}

export function value<T>({ what, hint, schema, parse }: ValueOptions<T>): Reader<T> {
  return {
    schema: orReference(schema),
    read(node, path, problems) {
      const parsed = node.kind === "scalar" ? parse(plainScalar(node)) : undefined;
      if (parsed !== undefined) return parsed;
      problems.add(node.place, { path, message: `${describeNode(node)} is not ${what}`, hint });
    },
  };

  /** What the environment says is text: where a number or a flag is asked for, it may be one. */
  function plainScalar({ variable, value }: ConfigScalar): ConfigScalar["value"] {
    if (variable === undefined || typeof value !== "string") return value;
    if (schema.type === "boolean" && /^(true|false)$/.test(value)) return value === "true";
    return schema.type === "integer" && /^\d{1,15}$/.test(value) ? Number(value) : value;
  }
}

/** A text. */
export function text(what: string, hint: string, pattern?: RegExp): Reader<string> {
  const schema: JsonSchema = {
    type: "string",
    ...pattern === undefined ? { minLength: 1 } : { pattern: pattern.source },
  };
  const parse = (found: unknown) =>
    typeof found === "string" && found !== "" && (pattern?.test(found) ?? true) ? found : undefined;
  return value({ what, hint, schema, parse });
}

export function choice<Word extends string>(words: readonly Word[]): Reader<Word> {
  return {
    schema: orReference({ enum: [...words] }),
    read(node, path, problems) {
      const found = node.kind === "scalar" ? node.value : undefined;
      if (words.includes(found as Word)) return found as Word;
      const hint = typeof found === "string" ? didYouMean(found, words) : "";
      problems.add(node.place, {
        path,
        message: `${describeNode(node)} is none of ${words.join(", ")}`,
        hint: `${hint}Write one of: ${words.join(", ")}.`,
      });
    },
  };
}

export function whole(least: number, most: number): Reader<number> {
  return value({
    what: `a whole number from ${least} to ${most}`,
    hint: `Write a whole number from ${least} to ${most}, without quotes.`,
    schema: { type: "integer", minimum: least, maximum: most },
    parse: (found) =>
      typeof found === "number" && Number.isInteger(found) && found >= least && found <= most
        ? found
        : undefined,
  });
}

export const flag: Reader<boolean> = value({
  what: "true or false",
  hint: "Write true or false, without quotes.",
  schema: { type: "boolean" },
  parse: (found) => typeof found === "boolean" ? found : undefined,
});

export const anything: Reader<PlainValue> = { schema: {}, read: (node) => plainOf(node) };

export function list<T>(item: Reader<T>, { least = 0, unique = false } = {}): Reader<T[]> {
  return {
    schema: orReference({
      type: "array",
      items: item.schema,
      ...least > 0 && { minItems: least },
      ...unique && { uniqueItems: true },
    }),
    read(node, path, problems) {
      if (node.kind !== "list") {
        const hint = "Write a list: [a, b], or one line each that begins with a dash.";
        problems.add(node.place, { path, message: `${describeNode(node)} is not a list`, hint });
        return undefined;
      }
      if (node.items.length < least) {
        const hint = "Write at least one, or leave the key out.";
        problems.add(node.place, { path, message: "the list is empty", hint });
      }
      const read: T[] = [];
      const seen = new Set<T>();
      for (const [key, child] of node.items.entries()) {
        const at = { parent: path, key };
        const found = item.read(child, at, problems);
        if (found === undefined) continue;
        if (unique && seen.has(found)) {
          const hint = "Remove one of them.";
          problems.add(child.place, {
            path: at,
            message: `${describeNode(child)} is there twice`,
            hint,
          });
        } else read.push(found);
        seen.add(found);
      }
      return read;
    },
  };
}

export function record<T>(
  item: Reader<T>,
  { what, key: pattern, hint }: { what: string; key?: RegExp; hint: string },
): Reader<Record<string, T>> {
  return {
    schema: orReference({
      type: "object",
      additionalProperties: item.schema,
      ...pattern && { propertyNames: { pattern: pattern.source } },
    }),
    read(node, path, problems) {
      if (node.kind !== "map") {
        problems.add(node.place, { path, message: `${describeNode(node)} is not ${what}`, hint });
        return undefined;
      }
      const read: [string, T][] = [];
      for (const [key, { place, node: child }] of node.entries) {
        const at = { parent: path, key };
        if (pattern !== undefined && !pattern.test(key)) {
          problems.add(place, {
            path: at,
            message: `${JSON.stringify(key)} cannot be a name here`,
            hint,
          });
          continue;
        }
        const found = item.read(child, at, problems);
        if (found !== undefined) read.push([key, found]);
      }
      return Object.fromEntries(read);
    },
  };
}

/** A key of an object. */
export interface Field<T = unknown> {
  reader: Reader<T>;
  about: string;
  /** Whether it must be there. @default false */
  required?: boolean;
  example?: string;
}

export type Read<Fields> = {
  [Key in keyof Fields]?: Fields[Key] extends Field<infer T> ? T : never;
};

/** What {@linkcode object} gives. */
export interface Found<Fields> {
  values: Read<Fields>;
  place: Place;
  at(key: keyof Fields & string): Place;
  path(key: keyof Fields & string): Path;
  node: ConfigMap;
}

/** Known keys, each with a reader. */
// deno-lint-ignore no-explicit-any
export function object<Fields extends Record<string, Field<any>>>(
  what: string,
  fields: Fields,
): Reader<Found<Fields>> {
  const names = Object.keys(fields);
  const required = names.filter((name) => fields[name].required);
  return {
    schema: {
      type: "object",
      additionalProperties: false,
      properties: Object.fromEntries(
        names.map((
          name,
        ) => [name, { description: fields[name].about, ...fields[name].reader.schema }]),
      ),
      ...required.length > 0 && { required },
    },
    read(node, path, problems) {
      if (node.kind !== "map") {
        const hint = `Write its keys below it: ${names.slice(0, 4).join(", ")}${
          names.length > 4 ? " …" : ""
        }.`;
        problems.add(node.place, { path, message: `${describeNode(node)} is not ${what}`, hint });
        return undefined;
      }
      const values: Record<string, unknown> = {};
      for (const [key, { place, node: child }] of node.entries) {
        const at = { parent: path, key };
        if (Object.hasOwn(fields, key)) {
          const found = fields[key].reader.read(child, at, problems);
          if (found !== undefined) values[key] = found;
        } else {
          problems.add(place, {
            path: at,
            message: `unknown key ${JSON.stringify(key)} in ${what}`,
            hint: `${didYouMean(key, names)}There is: ${names.join(", ")}.`,
          });
        }
      }
      for (const name of required) {
        if (node.entries.has(name)) continue;
        const hint = `Add it: ${fields[name].example ?? `${name}: …`}`;
        problems.add(node.place, { path, message: `${what} has no ${name}`, hint });
      }
      return {
        values: values as Read<Fields>,
        place: node.place,
        at: (key) => node.entries.get(key)?.node.place ?? node.place,
        path: (key) => ({ parent: path, key }),
        node,
      };
    },
  };
}

/** Editors see the file before `${…}` is replaced. */
export function orReference(schema: JsonSchema): JsonSchema {
  if (schema.type === "string" && schema.pattern === undefined) return schema;
  return { anyOf: [schema, { type: "string", pattern: "\\$\\{" }] };
}
