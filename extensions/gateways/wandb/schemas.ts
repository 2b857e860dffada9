// Parts of the schemas of variables. null is absent.
import * as v from "npm:valibot@^1.5";
import { schema } from "../../../apps/server/extending.ts";

/** Maxima of strings and lists. */
export const MOST = { id: 2048, name: 500, json: 2 ** 24, path: 4096, files: 20_000 } as const;

/** A string; undefined if it is missing or empty. */
export function optional(most: number) {
  return v.pipe(v.nullish(schema.text(most)), v.transform((given) => given || undefined));
}

/** A string that is there. */
export function needed(most: number) {
  return schema.text(most, 1);
}

export function list<S extends v.GenericSchema>(most: number, item: S) {
  return v.pipe(v.nullish(schema.atMost(most, item)), v.transform((given) => given ?? undefined));
}

export function integer(least = 0, most: number = Number.MAX_SAFE_INTEGER) {
  return v.pipe(v.number(), v.integer(), v.minValue(least), v.maxValue(most));
}

/** A name, and one that may be missing. */
export const name = needed(MOST.name), maybe = optional(MOST.name);
export const id = needed(MOST.id);

/** The names of a project in variables. */
export const ofProject = { entity: maybe, project: maybe };

/** The names of a project in other variables. */
export const ofProjectName = { entityName: maybe, projectName: maybe };

/** The page of a list. */
export const ofPage = { cursor: maybe, perPage: v.nullish(integer(1, 100_000)) };
