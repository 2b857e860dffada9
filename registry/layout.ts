// Storage keys as programs that look at all records make and parse them: `LAYOUT.parseCellKey(key)`. FORMAT.md
// describes them byte by byte. Parsers return undefined for keys that no registry wrote.
import { decodeName } from "../core/naming/names.ts";
import { decodeOrder } from "../core/naming/versions.ts";
import * as layout from "./format/layout.ts";
import { draftEndKey, parseDraftKey } from "./operations/drafts/note.ts";

/** The layout of every registry. */
export const LAYOUT: typeof layout & {
  readonly decodeName: typeof decodeName;
  readonly decodeOrder: typeof decodeOrder;
  readonly draftEndKey: typeof draftEndKey;
  readonly parseDraftKey: typeof parseDraftKey;
} = { ...layout, decodeName, decodeOrder, draftEndKey, parseDraftKey };
