// Kinds of plain values, so that the compiler compares tables with interfaces.
import type { Author } from "./naming/author.ts";

/** The kind of a value in a record, a request or an answer. */
export type Kind = "text" | "digest" | "flag" | "count" | "moment" | "author";

/** The kind of a type; never for others. */
export type KindOf<T> = [T] extends [boolean] ? "flag"
  : [T] extends [number] ? "count"
  : [T] extends [Date] ? "moment"
  : [T] extends [Author] ? "author"
  : [T] extends [string] ? "text" | "digest"
  : never;

/** The kind of a member; optional ones end with `?`. */
export type MemberKind = Kind | `${Kind}?`;

/** The kind of every member of an interface. */
export type MemberRows<T> = {
  readonly [K in keyof Required<T>]: undefined extends T[K] ? `${KindOf<NonNullable<T[K]>>}?`
    : KindOf<T[K]>;
};

/** The members of an interface that are plain values. */
export type PlainMembers<T> = Pick<
  T,
  { [K in keyof T]-?: [KindOf<NonNullable<T[K]>>] extends [never] ? never : K }[keyof T]
>;

/** A value as JSON has it: dates are strings. */
export type OnWire<T> = { [K in keyof T]: Date extends T[K] ? string | Exclude<T[K], Date> : T[K] };
