// Schemas of listings, and helpers for named schemas.
import * as v from "npm:valibot@^1.5";

/** @internal */
export type Schema<Input = unknown, Value = Input> = v.GenericSchema<Input, Value>;

/** @internal */
type Entries = v.ObjectEntries;

/** @internal */
type Checked<S extends Schema> = v.SafeParseResult<S>;

/** @internal */
type List<S extends Schema> = Schema<v.InferInput<S>[], v.InferOutput<S>[]>;

/** @internal */
type Repeated<Value> = v.OptionalSchema<Schema<string | string[], Value[]>, never[]>;

/** @internal */
type Members<E extends Entries> = Named<v.ObjectSchema<E, undefined>>;

/** @internal */
export type OnlyMembers<E extends Entries> = Named<v.StrictObjectSchema<E, undefined>>;

/** @internal */
export type Described<S extends Schema> = v.OptionalSchema<
  Schema<v.InferInput<S>, v.InferOutput<S>>,
  undefined
>;

/** @internal */
export type Named<S extends v.GenericSchema> = v.SchemaWithPipe<
  readonly [S, v.MetadataAction<v.InferOutput<S>, { readonly ref: string }>]
>;

/** @internal */
type Optional<Input, Value = Input> = v.OptionalSchema<v.GenericSchema<Input, Value>, undefined>;

/** An object with a name in the OpenAPI document. */
export function object<E extends Entries>(
  ref: string,
  entries: E,
): Members<E> {
  return v.pipe(v.object(entries), v.metadata({ ref }));
}

/** An object with a name in the OpenAPI document, and no other members. */
export function strictObject<E extends Entries>(
  ref: string,
  entries: E,
): OnlyMembers<E> {
  return v.pipe(v.strictObject(entries), v.metadata({ ref }));
}

/** Checks a value up to its first fault: a body may have millions. */
export function check<S extends Schema>(schema: S, value: unknown): Checked<S> {
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
export function atMost<S extends Schema>(
  most: number,
  item: S,
  least = 0,
): List<S> {
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
export function text(most: number, least = 0): Schema<string> {
  return v.pipe(
    v.string(),
    v.minLength(least, "empty"),
    v.maxLength(most, `longer than ${most} characters`),
  );
}

/** A member of a query that may be repeated: the list of its values, which may be empty. */
export function repeated<O>(
  most: number,
  item: Schema<string, O>,
): Repeated<O> {
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
export function described<S extends Schema>(
  schema: S,
  text: string,
): Described<S> {
  return v.optional(v.pipe(schema, v.description<v.InferOutput<S>, string>(text)));
}

/** An optional whole number in a query. */
export function count(least: number, most: number, description: string): Optional<string, number> {
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
export function flag(description: string): Optional<"true" | "false", boolean> {
  return v.optional(v.pipe(
    v.picklist(["true", "false"], "expected true or false"),
    v.description(description), // of the input, so before it is converted
    v.transform((text) => text === "true"),
  ));
}

/** The members of the query of a list. */
export const pageFields: { limit: Optional<string, number>; after: Optional<string> } = {
  limit: count(
    1,
    MOST_LIMIT,
    `Items in a page, at most ${MOST_LIMIT} and 256 KiB of them. Default: ${DEFAULT_LIMIT}`,
  ),
  after: described(text(MOST_TEXT), "The `next` of the previous page"),
};

/** Those of a list that is ordered by numbers. */
export const numberedFields: { limit: Optional<string, number>; after: Optional<string, number> } =
  { ...pageFields, after: count(1, Number.MAX_SAFE_INTEGER, "The `next` of the previous page") };

/** A page of a list, with a name in the OpenAPI document. */
export function page<T>(
  item: Schema<T>,
  ref: string,
): Schema<unknown, { items: T[]; next?: string | undefined }> {
  return v.pipe(
    v.object({ items: v.array(item), next: v.optional(v.string()) }),
    v.metadata({ ref }),
  );
}
