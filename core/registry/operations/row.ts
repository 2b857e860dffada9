// Operations as data. Checks of options, errors, logs and traces follow from one row for each
// operation, and those with a route get the request of the client, the route and its document.
import type { Kind, KindOf, MemberKind } from "../../kinds.ts";

/** The kind of an option in a request: others are not the same in JSON and in a program. */
export type SentKind = "text" | "flag" | "count" | "moment";

/** An option of an operation. */
export interface OptionRow<K extends Kind = Kind> {
  /** Its kind in a request. Without one, the option stays in this program, or is in the path. */
  readonly sent?: Extract<K, SentKind>;
  /** True if an empty string is a value. @default refused */
  readonly orEmpty?: true;
  /** The least and the greatest number in a request. @default from 0 */
  readonly range?: readonly [least: number, greatest: number];
  /** All its values. */
  readonly among?: readonly string[];
  /** True if null has a meaning. In a query, an empty value is null. */
  readonly orNull?: true;
  /** A description, without a full stop. */
  readonly doc?: string;
}

/** A row for every option of an interface. */
export type OptionRows<O> = {
  readonly [K in keyof Required<O>]: OptionRow<KindOf<NonNullable<O[K]>>>;
};

/** The JSON that answers a request. */
export interface AnswerRow {
  /** Its name in the document, or that of the items of a page. */
  readonly type: string;
  /** The name of a page. @default `type` and `Page` */
  readonly page?: string;
  readonly doc: string;
  /** Its members, or those of the items of a page. */
  readonly has: Readonly<Record<string, MemberKind>>;
  /** The member that the operation returns, or null for nothing. @default all of them */
  readonly returns?: string | null;
  /** The member after which the next page begins. */
  readonly key?: string;
}

/** The route of an operation. */
export interface RouteRow {
  /**
   * Method and path: `PUT /artifacts/:name/aliases/:alias`; of a ref, `:name/versions/:version`.
   * Other arguments and options are in the query of GET and DELETE, and in the JSON body of other
   * methods, which have none without them.
   */
  readonly at: `${string} /${string}`;
  /** Its name in the document. */
  readonly id: string;
  /** The name of its JSON body in the document. @default `id` and `Request` */
  readonly request?: string;
  readonly tag: string;
  readonly summary: string;
  readonly description?: string;
  readonly scope: "read" | "save" | "move" | "delete" | "admin";
  /** The right that a request with `force` needs too. */
  readonly forced?: "promote";
  /** True if a write also needs the right to read the name: its answer has what was there. */
  readonly reads?: true;
  /** Without one, the client and the service each have code for the answer. */
  readonly answer?: AnswerRow;
}

/** An operation of a registry. */
interface Row<Options, Name> {
  /** Words before the ref in errors: `set an alias of`. */
  readonly action: string;
  /** Its arguments before the options, in order. In requests, they are strings. */
  readonly takes: readonly string[];
  readonly options: Options;
  /** Options that must be given. */
  readonly required?: readonly Name[];
  /** One that writes has an unknown outcome without an answer. One that lists is an iterable. */
  readonly effect: "reads" | "writes" | "lists";
  /** Options with which a repeated write does not do the same. @default it never does */
  readonly repeatsWithout?: readonly Name[];
  /** The part of its result in logs and traces: bytes that `moved` or were `seen`, or a version. */
  readonly reports?: "moved" | "seen" | "opened";
  /** A service does operations without one by routes of their own, or not at all. */
  readonly route?: RouteRow;
}

export type OperationRow = Row<Readonly<Record<string, OptionRow>>, string>;

/** The row of an operation with these options. The compiler reports missing and unknown ones. */
export type RowOf<O> = Row<OptionRows<O>, keyof O & string>;

/** The same for an operation whose request a row describes. */
export type RequestRowOf<O> = RowOf<O> & { readonly route: RouteRow };

/** The same for an operation whose request and answer a row describes. */
export type RoutedRowOf<O> = RowOf<O> & {
  readonly route: RouteRow & { readonly answer: AnswerRow };
};

/** Returns the arguments that are not in the path of the request. The name of a ref is. */
export function sentArguments({ takes, route }: OperationRow): string[] {
  return takes.filter((name) => !route!.at.includes(`/:${name === "ref" ? "name" : name}`));
}

export const SIGNAL = { signal: {} } as const;
