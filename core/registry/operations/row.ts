// Operations as data. Checks of options, errors, logs, traces, requests of the client, routes of the
// service and their document follow from one row for each operation.

/** The type of a value in a request or an answer. A list has the only values. */
export type Kind = "text" | "flag" | "count" | "moment" | "object" | "list" | readonly string[];

/** The kind of a type, so that the compiler compares rows with interfaces. */
type KindOf<T> = [T] extends [boolean] ? "flag"
  : [T] extends [number] ? "count"
  : [T] extends [Date] ? "moment"
  : [T] extends [string] ? (string extends T ? "text" : readonly T[])
  : [T] extends [readonly unknown[]] ? "list"
  : "object";

/** An option of an operation. */
export interface OptionRow<K extends Kind = Kind> {
  /** Its kind in a request. Without one, the option stays in this program. */
  readonly sent?: K;
  /** True if null has a meaning. In a query, an empty value is null. */
  readonly orNull?: true;
  /** The range of a number. */
  readonly least?: number;
  readonly most?: number;
  /** A description, without a full stop. */
  readonly doc?: string;
}

/** A row for every option of an interface. */
export type OptionRows<O> = {
  readonly [K in keyof Required<O>]: OptionRow<KindOf<NonNullable<O[K]>>>;
};

/** The kind of every member of an interface; optional ones end with `?`. */
export type MemberRows<T> = {
  readonly [K in keyof Required<T>]: undefined extends T[K]
    ? `${KindOf<NonNullable<T[K]>> & string}?`
    : KindOf<T[K]>;
};

/** The JSON that answers a request. */
export interface AnswerRow {
  /** Its name in the document, or that of the items of a page. */
  readonly type: string;
  /** The name of a page. @default `type` and `Page` */
  readonly page?: string;
  readonly doc: string;
  /** Its members, or those of the items of a page. @default the route describes them */
  readonly has?: Readonly<Record<string, Kind | `${string}?`>>;
  /** The member that the operation returns, or null for nothing. @default all of them */
  readonly returns?: string | null;
  /** True if an answer without content means undefined. */
  readonly isOptional?: true;
  /** The member after which the next page begins. */
  readonly key?: string;
}

/** The route of an operation. */
export interface RouteRow {
  /**
   * Method and path: `PUT /artifacts/:name/aliases/:alias`. Other arguments and options are in the
   * query of GET and DELETE, and in the JSON body of other methods.
   */
  readonly at: string;
  /** The argument that is the whole body. Options are then in the query. */
  readonly body?: string;
  /** The name of its JSON body in the document. @default `id` and `Request` */
  readonly request?: string;
  /** Its name in the document. */
  readonly id: string;
  readonly tag: string;
  readonly summary: string;
  readonly description?: string;
  readonly scope: "read" | "write" | "admin";
  /** True if a write also needs the right to read the name: its answer has what was there. */
  readonly reads?: true;
  readonly answer: AnswerRow;
}

/** An operation of a registry. */
interface Row<Options, Name> {
  /** Words before the ref in errors: `set an alias of`. */
  readonly action: string;
  /** Its arguments before the options, in order, and their kinds in a request. */
  readonly takes: Readonly<Record<string, Kind>>;
  readonly options: Options;
  /** Options that must be given. */
  readonly required?: readonly Name[];
  /** One that writes has an unknown outcome without an answer. One that lists is an iterable. */
  readonly effect: "reads" | "writes" | "lists";
  /** Options with which a repeated write does not do the same. @default it never does */
  readonly repeatsWithout?: readonly Name[];
  /** The part of its result in logs and traces: bytes that `moved` or were `seen`, or a version. */
  readonly reports?: "moved" | "seen" | "opened";
  /** @default a service does not do it */
  readonly route?: RouteRow;
  /** The route for a `ref` without a version. @default `latest` */
  readonly routeOfName?: RouteRow;
}

export type OperationRow = Row<Readonly<Record<string, OptionRow>>, string>;

/** The row of an operation with these options. The compiler reports missing and unknown ones. */
export type RowOf<O> = Row<OptionRows<O>, keyof O & string>;

export const SIGNAL = { signal: {} } as const;
