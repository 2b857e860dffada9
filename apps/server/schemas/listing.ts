// Schemas of listings, and of objects that the OpenAPI document names.
import * as v from "npm:valibot@^1.5";

export function object<E extends v.ObjectEntries>(ref: string, entries: E) {
  return v.pipe(v.object(entries), v.metadata({ ref }));
}

export function strictObject<E extends v.ObjectEntries>(ref: string, entries: E) {
  return v.pipe(v.strictObject(entries), v.metadata({ ref }));
}

/** So many items are in a page where nobody says how many. */
export const DEFAULT_LIMIT = 1000;
export const MOST_LIMIT = 10_000;

export function count(options: { least: number; most: number; description: string }) {
  const { least, most, description } = options;
  return v.pipe(
    v.string(),
    v.regex(/^[0-9]{1,15}$/, "a whole number is expected"),
    v.metadata({ as: { type: "integer", minimum: least, maximum: most, description } }),
    v.transform(Number),
    v.integer(),
    v.minValue(least, `at least ${least} is expected`),
    v.maxValue(most, `at most ${most} is expected`),
  );
}

export function flag() {
  return v.pipe(
    v.picklist(["true", "false"], "true or false is expected"),
    v.transform((text) => text === "true"),
  );
}

export const pageFields = {
  limit: v.optional(count({
    least: 1,
    most: MOST_LIMIT,
    description: `At most so many, ${DEFAULT_LIMIT} where it is not given, ${MOST_LIMIT} at most`,
  })),
  after: v.optional(
    v.pipe(v.string(), v.description("Only what comes after this: the `next` of the page before")),
  ),
};

export function page<T>(item: v.GenericSchema<T>, ref: string) {
  return v.pipe(
    v.object({ items: v.array(item), next: v.optional(v.string()) }),
    v.metadata({ ref }),
  );
}
