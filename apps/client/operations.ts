// Requests for operations, and their answers, by the rows of the operations.
import { checkName, nameSegment, shown } from "../../core/naming/names.ts";
import { checkAlias } from "../../core/naming/refs.ts";
import {
  type AnswerRow,
  type OperationRow,
  sentArguments,
} from "../../core/registry/operations/row.ts";
import type { SavedArtifact } from "../../core/registry.ts";
import { SAVED } from "../../core/registry/operations/saving.ts";
import { isJsonObject } from "../../core/text/json_text.ts";
import { versionPath } from "./address.ts";
import type { Call, Connection } from "./connection.ts";
import { listAll } from "./listing.ts";
import { type Asked, unexpected } from "./problem.ts";

/** Values of arguments or options, by name. */
type Values = Readonly<Record<string, unknown>>;

/** Returns a function with the parameters of an operation, which the service does. */
export function requestOperation(
  connection: Connection,
  row: OperationRow,
  checkWritable: (action: string) => void,
): (...callArgs: unknown[]) => unknown {
  const { action, effect, repeatsWithout } = row;
  const answer = row.route!.answer!;
  if (effect === "lists") {
    return (...callArgs) => {
      const about = { action: actionOf(action, callArgs), location: connection.location };
      const read = (item: unknown) => readAnswer(answer, item, { ...about, writes: false });
      return listAll(connection, () => listingOf(row, callArgs), read);
    };
  }
  return async (...callArgs) => {
    const call = requestOf(row, callArgs);
    const options = optionsOf(row, callArgs);
    const writes = effect === "writes";
    if (writes) checkWritable(call.action);
    const repeats = repeatsWithout?.every((name) => options[name] === undefined);
    return await connection.read(
      { ...call, writes, repeats },
      (wire, asked) => readAnswer(answer, wire, asked),
    );
  };
}

/** Returns the action of a call for errors: `set an alias of "model"`. */
function actionOf(action: string, [first]: readonly unknown[]): string {
  return typeof first === "string" ? `${action} ${shown(first)}` : action;
}

function optionsOf({ takes }: OperationRow, callArgs: readonly unknown[]): Values {
  return (callArgs[takes.length] ?? {}) as Values;
}

/** Returns the request for the items of a list. */
export function listingOf(row: OperationRow, callArgs: readonly unknown[]) {
  const { after, limit } = optionsOf(row, callArgs) as { after?: string | number; limit?: number };
  return { ...requestOf(row, callArgs), after: after?.toString(), limit };
}

/** Returns the request for an operation with these arguments and options. */
export function requestOf(row: OperationRow, callArgs: readonly unknown[]): Call {
  const { action, takes, options: rows, route } = row;
  const args = Object.fromEntries(takes.map((name, at) => [name, callArgs[at]]));
  const options = optionsOf(row, callArgs);
  const [method, path] = route!.at.split(" ") as [Call["method"], string];
  const sent: Record<string, unknown> = {};
  for (const name of sentArguments(row)) sent[name] = args[name];
  for (const name in rows) if (rows[name]!.sent !== undefined) sent[name] = options[name];
  const isEmpty = Object.keys(sent).length === 0;
  const inBody = method !== "GET" && method !== "DELETE";
  return {
    action: actionOf(action, callArgs),
    method,
    path: pathOf(path, { ...args, version: options.version }),
    ...isEmpty ? {} : inBody ? { json: sent } : { query: queryOf(sent) },
    signal: options.signal as AbortSignal | undefined,
  };
}

/** Returns the path with its values: a ref is a name and a version, `latest` by default. */
function pathOf(path: string, values: Values): string {
  const { ref, version } = values as { ref?: string; version?: string };
  return path.slice(1).replace(
    REF_OR_ARGUMENT,
    (_, name) => name === undefined ? versionPath(ref!, version) : segmentOf(name, values[name]),
  );
}

const REF_OR_ARGUMENT = /artifacts\/:name\/versions\/:version|:(\w+)/g;

function segmentOf(name: string, value: unknown): string {
  const text = value as string;
  if (name === "name") checkName(text);
  if (name === "alias") checkAlias(text);
  return nameSegment(text);
}

/** An empty value means null. Undefined values are left out. */
function queryOf(values: Values): Call["query"] {
  const pairs = Object.entries(values).map(([name, value]) => [
    name,
    value === null ? "" : value instanceof Date ? value.toISOString() : value,
  ]);
  return Object.fromEntries(pairs) as Call["query"];
}

/** Returns an answer with its dates. Throws `Unsupported` for one that lacks a member. */
function readAnswer({ type, has, returns }: AnswerRow, wire: unknown, asked: Asked): unknown {
  if (!isJsonObject(wire)) throw unexpected(asked, `it is not of type ${type}`);
  const value: Record<string, unknown> = { ...wire };
  for (const [name, kind] of Object.entries(has)) {
    const member = value[name];
    if (member === undefined && kind.endsWith("?")) continue;
    const plain = kind.replace("?", "") as keyof typeof IN_JSON;
    const actual = typeof member;
    if (actual !== IN_JSON[plain]) throw unexpected(asked, `it has no ${name}`);
    if (plain === "moment") value[name] = new Date(member as string);
  }
  return returns === null ? undefined : returns === undefined ? value : value[returns];
}

export function savedOf(wire: unknown, asked: Asked): SavedArtifact {
  return readAnswer(SAVED, wire, asked) as SavedArtifact;
}

const IN_JSON = {
  text: "string",
  digest: "string",
  moment: "string",
  flag: "boolean",
  count: "number",
  author: "object",
};
