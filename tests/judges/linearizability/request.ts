// What the clients of a history ask for, and what they receive.
/** One operation. Which fields it has depends on `op`. */
export interface Request {
  /** The part of the state that it concerns: a name, an alias, a draft, a folder. */
  key: string;
  /** What to do. */
  op:
    | "append" // save with the next version
    | "save"
    | "delete"
    | "read"
    | "latest"
    | "list"
    | "set"
    | "add"
    | "commit"
    | "discard"
    | "info"
    | "move"
    | "collect";
  /** The version, as its first number. */
  version?: number;
  /** How to save. */
  mode?: "fail" | "skip" | "overwrite" | "create";
  /** The path of a file. */
  path?: string;
  /** The new path of a file. */
  to?: string;
  /** The part of a draft. */
  part?: string;
  /** The parts to commit. @default all */
  parts?: string[];
  /** What an alias must name; the empty string for no alias. */
  expected?: string;
  /** The value: unique in the history, but for aliases. */
  value?: string;
}

/** What a client received. */
export interface Answer {
  /** `maybe`: it may take effect at any time, or never. `none`: it failed, and must have no effect. */
  result: "ok" | "missing" | "exists" | "conflict" | "maybe" | "none";
  /** The version that was saved. */
  version?: number;
  /** Whether there was something to delete; whether the part was added. */
  done?: boolean;
  /** Whether a save was skipped. */
  skipped?: boolean;
  /** The value that was read. */
  got?: string;
  /** The values of the parts of a committed draft. */
  content?: Record<string, string>;
  /** What a list showed. */
  listed?: (string | number)[];
  /** The state of a draft. */
  state?: string;
}
