// Storage keys as programs that look at all records make and parse them: `LAYOUT.parseCellKey(key)`. FORMAT.md
// describes them byte by byte. Parsers return undefined for keys that no registry wrote.
import { decodeName } from "../core/naming/names.ts";
import { decodeOrder } from "../core/naming/versions.ts";
import * as layout from "./format/layout.ts";
import { draftEndKey, parseDraftKey } from "./operations/drafts/note.ts";

/** Folders at the top of a store, and folders of notes, each with its `/`. */
interface Folders {
  readonly settings: string;
  /** Records of versions, aliases, notes and idempotency keys. */
  readonly names: string;
  /** Payload. */
  readonly objects: string;
  readonly scratch: string;
  readonly uploads: string;
  readonly drafts: string;
  readonly lineage: string;
  /** Ledgers and tables of mirrors. */
  readonly mirrors: string;
  /** Tables and notes of maintenance. */
  readonly garbageNotes: string;
  /** Notes of `verify`. */
  readonly readings: string;
  /** Folders that readers do not need, and those reserved for later releases. */
  readonly auxiliary: readonly string[];
}

type Layout = typeof layout & {
  readonly decodeName: typeof decodeName;
  readonly decodeOrder: typeof decodeOrder;
  readonly draftEndKey: typeof draftEndKey;
  readonly parseDraftKey: typeof parseDraftKey;
  readonly folders: Folders;
};

/** The layout of every registry. */
export const LAYOUT: Layout = {
  ...layout,
  decodeName,
  decodeOrder,
  draftEndKey,
  parseDraftKey,
  folders: {
    settings: layout.SETTINGS,
    names: layout.NAMES,
    objects: layout.OBJECTS,
    scratch: layout.SCRATCH,
    uploads: layout.UPLOADS,
    drafts: layout.DRAFTS,
    lineage: layout.LINEAGE,
    mirrors: layout.MIRRORS,
    garbageNotes: layout.GARBAGE_NOTES,
    readings: layout.READINGS,
    auxiliary: layout.AUXILIARY,
  },
};
