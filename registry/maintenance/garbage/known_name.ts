// What the janitor knows of a name: what was listed, and what its records say.
import type { ObjectInfo } from "../../../core/backend.ts";
import type { Generation } from "../../cell/heads.ts";
import type { CellKey } from "../../layout.ts";
import type { KnownRecords } from "./known_record.ts";

/** A payload folder: what is in it, and when something was last written there. */
export interface Folder {
  objects: ObjectInfo[];
  newest: number;
}

export interface Cell {
  cell: string;
  kind: CellKey["kind"];
  /** Its generations, newest first. */
  generations: Generation[];
}

/** What is known of a name. */
export interface KnownName {
  name: string;
  cells: readonly Cell[];
  records: KnownRecords;
}
