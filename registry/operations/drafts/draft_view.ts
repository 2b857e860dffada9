// Drafts as they were listed, and what a program remembers of them.
import type { ObjectInfo } from "../../../core/backend.ts";
import type { Moment } from "../../cell/operation.ts";

export interface Addition {
  /** Also the commit of its payload. */
  commit: string;
  info: ObjectInfo;
}

export interface DraftLook {
  /** Additions of each part in the order of commits. The first that is whole and in time counts. */
  parts: Map<string, [Addition, ...Addition[]]>;
  /** The object that decides how the draft ends. */
  end?: ObjectInfo;
  /** The object after which no part is acknowledged. */
  ending?: ObjectInfo;
  /** Store time of the last write, milliseconds. */
  newest?: number;
}

/** A draft as a program that adds parts saw it last: to add a part, it lists none of the others. */
export interface DraftView {
  /** A moment when the draft was open. */
  readonly at: Moment;
  /** All parts if `isWhole`, else none. */
  readonly look: DraftLook;
  readonly isWhole: boolean;
}
