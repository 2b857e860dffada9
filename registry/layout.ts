// Storage keys as programs that look at all records make and parse them: `LAYOUT.parseCellKey(key)`. FORMAT.md
// describes them byte by byte. Parsers return undefined for keys that no registry wrote.
import { decodeName } from "../core/naming/names.ts";
import { decodeOrder } from "../core/naming/versions.ts";
import * as layout from "./format/layout.ts";
import { draftEndKey, parseDraftKey } from "./operations/drafts/note.ts";

/** The layout of every registry. */
export const LAYOUT = {
  ...layout,
  decodeName,
  decodeOrder,
  draftEndKey,
  parseDraftKey,
  /** Folders at the top of a store, and folders of notes, each with its `/`. */
  folders: {
    settings: layout.SETTINGS,
    /** Records of versions, aliases, notes and idempotency keys. */
    names: layout.NAMES,
    /** Payload. */
    objects: layout.OBJECTS,
    scratch: layout.SCRATCH,
    uploads: layout.UPLOADS,
    drafts: layout.DRAFTS,
    lineage: layout.LINEAGE,
    /** Ledgers and tables of mirrors. */
    mirrors: layout.MIRRORS,
    /** Tables and notes of maintenance. */
    garbageNotes: layout.GARBAGE_NOTES,
    /** Notes of `verify`. */
    readings: layout.READINGS,
    /** Folders that readers do not need, and those reserved for later releases. */
    auxiliary: layout.AUXILIARY,
  },
};
