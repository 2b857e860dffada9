// The requests of clients in a history, and their answers.
/** One operation. Which fields it has depends on `op`. */
export interface Request {
  key: string;
  op:
    | "append" // save with the next version
    | "save"
    | "delete"
    | "undelete"
    | "remove" // from a bucket: looks, then deletes
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
  version?: number;
  mode?: "fail" | "skip" | "overwrite" | "create";
  path?: string;
  to?: string;
  part?: string;
  parts?: string[];
  expected?: string;
  value?: string;
}

export interface Answer {
  result: "ok" | "missing" | "exists" | "conflict" | "maybe" | "none";
  version?: number;
  done?: boolean;
  skipped?: boolean;
  got?: string;
  content?: Record<string, string>;
  listed?: (string | number)[];
  state?: string;
}
