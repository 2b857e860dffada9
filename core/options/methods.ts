// All operations of a registry, as rows. The compiler compares them with the interface.
import { ALIASES } from "../registry/operations/aliases.ts";
import { CHANGING } from "../registry/operations/changing.ts";
import { LISTING } from "../registry/operations/listing.ts";
import { READING } from "../registry/operations/reading.ts";
import { type RowOf, SIGNAL } from "../registry/operations/row.ts";
import type { StoredRegistry } from "../registry.ts";
import { SAVE } from "../registry/saving.ts";

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

/** The methods of a registry. A row lacks no option of its method, and has no other. */
export const METHODS: {
  readonly [Name in MethodName]: RowOf<OptionsOf<StoredRegistry[Name]>>;
} = {
  save: SAVE,
  ...READING,
  ...LISTING,
  ...ALIASES,
  ...CHANGING,
  clearCache: { action: "clear the cache", takes: [], options: SIGNAL, effect: "writes" },
};
