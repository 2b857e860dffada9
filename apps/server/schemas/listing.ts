// Schemas of listings, and helpers for named schemas.
import * as v from "npm:valibot@^1.5";

export function object<E extends v.ObjectEntries>(ref: string, entries: E) {
  return v.pipe(v.object(entries), v.metadata({ ref }));
}

export function strictObject<E extends v.ObjectEntries>(ref: string, entries: E) {
  return v.pipe(v.strictObject(entries), v.metadata({ ref }));
}

/** Checks a value up to its first fault: a body may have millions. */
export function check<S extends v.GenericSchema>(schema: S, value: unknown): v.SafeParseResult<S> {
  return v.safeParse(schema, value, { abortEarly: true });
}

/** An issue of valibot. */
interface Issue {
  readonly message: string;
  readonly path?: readonly { readonly key: unknown }[];
  /** The first fault of each alternative, if the value fits none. */
  readonly issues?: readonly Issue[];
  readonly expected?: string | null;
  readonly received?: string;
}

/** Returns where the first fault that {@linkcode check} found is, "" for the value itself, and what it is. */
export function faultOf(issues: readonly unknown[]): { at: string; state: string } {
  const issue = withoutAlternatives(issues[0] as Issue);
  const { message, expected, received } = issue;
  const at = placeOf(issue);
  if (at === "") return { at, state: message };
  if (received === "undefined") return { at, state: "missing" };
  return { at, state: expected === "never" ? "unknown member" : message };
}

/** Returns the fault on which all alternatives that have the member agree, else the issue itself. */
function withoutAlternatives(issue: Issue): Issue {
  const { path = [], issues = [] } = issue;
  const known = issues.map(withoutAlternatives).filter((each) =>
    each.path !== undefined && each.received !== "undefined" && each.expected !== "never"
  );
  const [first] = known;
  const isOne = first !== undefined &&
    known.every((each) => each.message === first.message && placeOf(each) === placeOf(first));
  return isOne ? { ...first, path: [...path, ...first.path!] } : issue;
}

function placeOf({ path = [] }: Issue): string {
  return path.map(({ key }) => String(key)).join(".");
}

/** An array with a limit that is checked before its items. */
export function atMost<S extends v.GenericSchema>(most: number, item: S, least = 0) {
  const limit = v.maxLength<v.InferOutput<S>[], number>(most);
  const schema = v.pipe(v.array(item), v.minLength(least), limit);
  const run: typeof schema["~run"] = (dataset, config) => {
    const isTooLong = Array.isArray(dataset.value) && dataset.value.length > most;
    if (!isTooLong) return schema["~run"](dataset, config);
    return limit["~run"]({ typed: true, value: dataset.value as v.InferOutput<S>[] }, config);
  };
  return { ...schema, "~run": run };
}

/** A string with a maximum. */
export function text(most: number, least = 0) {
  return v.pipe(
    v.string(),
    v.minLength(least, "empty"),
    v.maxLength(most, `longer than ${most} characters`),
  );
}

/** A member of a query that may be repeated: the list of its values, which may be empty. */
export function repeated<O>(most: number, item: v.GenericSchema<string, O>) {
  return v.optional(
    v.pipe(v.union([item, atMost(most, item)]), v.transform((given) => [given].flat() as O[])),
    [],
  );
}

/** The default number of items in a page. */
export const DEFAULT_LIMIT = 1000;
export const MOST_LIMIT = 10_000;
/** The longest string of a request that is not the content of a file: most have a smaller maximum. */
export const MOST_TEXT = 65_536;

/** An optional member with a description. */
export function described<S extends v.GenericSchema>(schema: S, text: string) {
  return v.optional(v.pipe(schema, v.description<v.InferOutput<S>, string>(text)));
}

/** An optional whole number in a query. */
export function count(least: number, most: number, description: string) {
  return v.optional(v.pipe(
    v.string(),
    v.regex(/^[0-9]+$/, "expected a whole number"),
    v.metadata({ as: { type: "integer", minimum: least, maximum: most, description } }),
    v.transform(Number),
    v.minValue(least, `expected at least ${least}`),
    v.maxValue(most, `expected at most ${most}`),
  ));
}

/** An optional flag in a query. */
export function flag(description: string) {
  return v.optional(v.pipe(
    v.picklist(["true", "false"], "expected true or false"),
    v.description(description), // of the input, so before it is converted
    v.transform((text) => text === "true"),
  ));
}

export const pageFields = {
  limit: count(
    1,
    MOST_LIMIT,
    `Items in a page, at most ${MOST_LIMIT} and 256 KiB of them. Default: ${DEFAULT_LIMIT}`,
  ),
  after: described(text(MOST_TEXT), "The `next` of the previous page"),
};

/** Those of a list that is ordered by numbers. */
export const numberedFields = {
  ...pageFields,
  after: count(1, Number.MAX_SAFE_INTEGER, "The `next` of the previous page"),
};

export function page<T>(item: v.GenericSchema<T>, ref: string) {
  return v.pipe(
    v.object({ items: v.array(item), next: v.optional(v.string()) }),
    v.metadata({ ref }),
  );
}
