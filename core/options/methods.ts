// All operations of a registry, as rows. The compiler compares them with the interface.
import { ALIASES, type AliasRows } from "../registry/operations/aliases.ts";
import { CHANGING, type ChangingRows } from "../registry/operations/changing.ts";
import { LISTING, type ListingRows } from "../registry/operations/listing.ts";
import { READING, type ReadingRows } from "../registry/operations/reading.ts";
import { type AnswerRow, type RowOf, SIGNAL } from "../registry/operations/row.ts";
import type { SaveOptions, SignalOptions, StoredRegistry } from "../registry.ts";
import { SAVE } from "../registry/operations/saving.ts";

/** The methods of a registry, without those that close it. */
export type MethodName = Exclude<
  {
    [K in keyof StoredRegistry]: StoredRegistry[K] extends (...given: never[]) => unknown ? K
      : never;
  }[keyof StoredRegistry] & string,
  "close"
>;

/** The options of a function: its last parameter. */
type OptionsOf<F> = F extends (...given: infer Given) => unknown
  ? Required<Given> extends readonly [...unknown[], infer Options] ? Options : never
  : never;

interface Rows extends ReadingRows, ListingRows, AliasRows, ChangingRows {
  save: RowOf<SaveOptions>;
  clearCache: RowOf<SignalOptions>;
}

/** The methods of a registry. A row lacks no option of its method, and has no other. */
export const METHODS: { readonly [Name in keyof Rows]: Rows[Name] } = {
  save: SAVE,
  ...READING,
  ...LISTING,
  ...ALIASES,
  ...CHANGING,
  clearCache: { action: "clear the cache", takes: [], options: SIGNAL, effect: "writes" },
} satisfies { readonly [Name in MethodName]: RowOf<OptionsOf<StoredRegistry[Name]>> };

/** The methods whose rows describe request and answer: clients have no other code for them. */
export type RoutedName = {
  [Name in keyof Rows]: Rows[Name] extends { readonly route: { readonly answer: AnswerRow } } ? Name
    : never;
}[keyof Rows];
