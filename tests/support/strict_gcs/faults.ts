// The script of the strict fake: which requests go wrong, and how.
export interface SeenRequest {
  readonly method: string;
  readonly path: string;
  readonly query: ReadonlyMap<string, string>;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
  readonly connection: number;
  status: number;
}

/**
 * How a request goes wrong:
 *
 * - a status: answered without being done;
 * - `cut`: the connection ends before it is done;
 * - `cut-after`: it is done, then the connection ends without a reply;
 * - `fail-after`: it is done, then answered with 503;
 * - `cut-body`: it is done, and the connection ends in the middle of the reply's body;
 * - `keepBytes`: of a part of an upload only so many are kept;
 * - `stall`, `stall-after`: never answered, undone or done;
 * - a function: called before it is done.
 */
export type Fault =
  | { status: number; reason?: string; message?: string }
  | { keepBytes: number }
  | "cut"
  | "cut-after"
  | "fail-after"
  | "cut-body"
  | "stall"
  | "stall-after"
  | ((request: SeenRequest) => void | Promise<void>);

export interface FaultMatch {
  method?: string;
  url?: RegExp;
  contentRange?: RegExp;
  /** How many of them. @default 1 */
  times?: number;
}

export interface FaultScript {
  add(match: FaultMatch, fault: Fault): void;
  take(
    request: { method: string; url: string; headers: Readonly<Record<string, string>> },
  ): Fault | undefined;
  left(): number;
}

/** Makes an empty script. */
export function createFaultScript(): FaultScript {
  const waiting: { match: FaultMatch; fault: Fault; left: number }[] = [];
  return {
    add: (match, fault) => void waiting.push({ match, fault, left: match.times ?? 1 }),
    take({ method, url, headers }) {
      const found = waiting.find(({ match, left }) =>
        left > 0 && (match.method ?? method) === method && (match.url?.test(url) ?? true) &&
        (match.contentRange?.test(headers["content-range"] ?? "") ?? true)
      );
      if (found !== undefined) found.left--;
      return found?.fault;
    },
    left: () => waiting.reduce((sum, { left }) => sum + (left === Infinity ? 0 : left), 0),
  };
}
