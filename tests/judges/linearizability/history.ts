// Histories of operations, as JSON lines for the checker (`checker/`, in Go).
import type { Answer, Request } from "./request.ts";

export interface History {
  readonly keys: string[];
  begin(client: number, request: Request): (answer: Answer) => void;
  lines(): string[];
}

/** The model that checks a history. */
export type ModelName = "registry" | "aliases" | "drafts" | "files";

interface Recorded {
  client: number;
  request: Request;
  call: number;
  return?: number;
  answer?: Answer;
}

type Line = Omit<Recorded, "request" | "answer"> & Record<string, unknown>;

/**
 * Creates an empty history.
 *
 * @param now a clock that all clients share; equal moments overlap
 */
export function createHistory(name: string, model: ModelName, now: () => number): History {
  const recorded: Recorded[] = [];
  return {
    get keys() {
      return [...new Set(recorded.map(({ request }) => request.key))];
    },
    begin(client, request) {
      const operation: Recorded = { client, request, call: now() };
      recorded.push(operation);
      return (answer) => Object.assign(operation, { answer, return: now() });
    },
    lines() {
      const known = knownOf(recorded);
      const steps = recorded.flatMap((operation, move) => {
        return stepsOf(operation, `move ${move}`, known.get(operation.request.key)!);
      });
      return steps.map((step, id) => JSON.stringify({ history: name, model, id, ...step }));
    },
  };
}

/** The final state of a key. */
interface Known {
  members: Set<string | number>;
  appended: Set<number>;
}

function knownOf(recorded: readonly Recorded[]): Map<string, Known> {
  const known = new Map<string, Known>();
  for (const { request, answer } of recorded) {
    const { members, appended } = known.get(request.key) ??
      { members: new Set(), appended: new Set() };
    known.set(request.key, { members, appended });
    const { version, part, path, to } = request;
    for (const member of [version, part, path, to, answer?.version, ...answer?.listed ?? []]) {
      if (member !== undefined) members.add(member);
    }
    if (request.op === "append" && answer?.version !== undefined) appended.add(answer.version);
  }
  return known;
}

const READS = new Set(["read", "latest", "list", "info"]);

function stepsOf(
  { request, answer = { result: "maybe" }, ...times }: Recorded,
  move: string,
  { members, appended }: Known,
): Line[] {
  const { result, listed = [], state, ...rest } = answer;
  const { key, op } = request;
  const decision: Line = { ...times, ...request, op: "decide", result: "ok" };
  if (result === "maybe" || result === "none") delete decision.return;
  if (result === "none" && op === "commit") return [decision]; // the next commit goes on with that
  if (result === "none" || op === "collect") return []; // it must have changed nothing
  const line: Line = { ...times, ...request, result, ...rest };
  if (result === "maybe") {
    delete line.return;
    if (READS.has(op)) return [];
  }
  // Versions of a name are checked one by one, because lists are not snapshots; numbered ones also
  // together, without lists.
  const cell = (version: number) => ({ key: `${key} ${version}`, version });
  switch (op) {
    case "list":
    case "info": {
      const member = (value: string | number) =>
        typeof value === "number" ? cell(value) : op === "info" ? { part: value } : { path: value };
      const looks = [...members].map((value): Line => {
        return {
          ...line,
          result: "ok",
          op: "listed",
          ...member(value),
          done: listed.includes(value),
        };
      });
      return state === undefined ? looks : [{ ...line, op: "state", got: state }, ...looks];
    }
    case "append": {
      const cells = answer.version === undefined
        ? [...members].filter((version): version is number => !appended.has(version as number))
        : [answer.version];
      return [
        line,
        ...cells.map((version) => ({ ...line, op: "save", mode: "fail", ...cell(version) })),
      ];
    }
    case "commit":
      return [decision, line];
    case "add":
      // A late part may exist for a while, and be in the version.
      return result === "conflict" ? [{ ...line, result: "maybe" }, line] : [line];
    case "move":
      return stepsOfMove({ ...line, move });
    case "remove": {
      if (answer.done === false) return [{ ...line, op: "delete" }];
      const deleted = { ...line, op: "delete", result: "maybe" };
      return answer.done === true ? [{ ...line, op: "listed", done: true }, deleted] : [deleted];
    }
    default: {
      // the versions of this name are checked one by one
      if (op === "latest" && appended.size === 0) return [];
      if (request.version === undefined) return [line];
      const alone = { ...line, ...cell(request.version) };
      return appended.size === 0 ? [alone] : [line, alone];
    }
  }
}

function stepsOfMove(line: Line): Line[] {
  const two = (first: string, second: string) => [{ ...line, op: first }, { ...line, op: second }];
  switch (line.result) {
    case "ok":
      return two("take", "put");
    case "exists":
      return [line, ...two("borrow", "back").map((step) => ({ ...step, result: "ok" }))];
    case "conflict":
      return two("take", "put").map((step) => ({ ...step, result: "maybe", return: undefined }));
    case "missing":
      return [line];
    default:
      return two("take", "put");
  }
}
