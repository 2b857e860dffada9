// Requests for operations, and their answers, by the rows of the operations.
import { checkName, nameSegment, shown } from "../../core/naming/names.ts";
import { checkAlias, parseRef } from "../../core/naming/refs.ts";
import type { AnswerRow, OperationRow, RouteRow } from "../../core/registry/operations/row.ts";
import { isJsonObject } from "../../core/text/json_text.ts";
import { versionOf } from "./address.ts";
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
): (...given: unknown[]) => unknown {
  const { effect, repeatsWithout } = row;
  if (effect === "lists") return (...given) => listItems(connection, row, given);
  return async (...given) => {
    const { options, route, call } = requestOf(row, given);
    const writes = effect === "writes";
    if (writes) checkWritable(call.action);
    const repeats = repeatsWithout?.every((name) => options[name] === undefined);
    return await connection.read(
      { ...call, writes, repeats },
      (wire, asked) => readAnswer(route.answer, wire, asked),
    );
  };
}

function listItems(
  connection: Connection,
  row: OperationRow,
  given: readonly unknown[],
): AsyncIterable<unknown> {
  const asked = { action: actionOf(row, given), location: connection.location, writes: false };
  const begin = () => {
    const { options, call } = requestOf(row, given);
    const { after, limit } = options as { after?: string | number; limit?: number };
    return { ...call, after: after?.toString(), limit };
  };
  return listAll(connection, begin, (item) => readAnswer(row.route!.answer, item, asked));
}

/** Returns the action of a call for errors: `set an alias of "model"`. */
function actionOf({ action }: OperationRow, [first]: readonly unknown[]): string {
  return typeof first === "string" ? `${action} ${shown(first)}` : action;
}

function requestOf(
  row: OperationRow,
  given: readonly unknown[],
): { options: Values; route: RouteRow; call: Call } {
  const names = Object.keys(row.takes);
  const values = Object.fromEntries(names.map((name, at) => [name, given[at]]));
  const options = (given[names.length] ?? {}) as Values;
  const { ref: text } = values;
  const ref = typeof text === "string" ? parseRef(text, options.version as string) : undefined;
  const route = (ref?.bare ? row.routeOfName : undefined) ?? row.route!;
  const [method, path] = route.at.split(" ") as [Call["method"], string];

  const inPath = ref === undefined ? values : { name: ref.name, version: versionOf(ref) };
  const filled = path.slice(1).replace(
    /:(\w+)/g,
    (_, name: string) => segmentOf(name, inPath[name] as string),
  );
  const isInPath = (name: string) =>
    path.includes(`/:${name === "ref" ? "name" : name}`) || name === route.body;
  const rest = names.filter((name) => !isInPath(name)).map((name) => [name, values[name]]);
  const sent = Object.entries(row.options).filter(([, { sent }]) => sent !== undefined)
    .map(([name]) => [name, options[name]]);
  const others = Object.fromEntries([...rest, ...sent]) as Values;

  const hasBody = method !== "GET" && method !== "DELETE";
  const json = route.body === undefined ? others : values[route.body];
  return {
    options,
    route,
    call: {
      action: actionOf(row, given),
      method,
      path: filled,
      query: hasBody && route.body === undefined ? undefined : queryOf(others),
      json: hasBody ? json : undefined,
      signal: options.signal as AbortSignal | undefined,
    },
  };
}

function segmentOf(name: string, value: string): string {
  if (name === "name") checkName(value);
  if (name === "alias") checkAlias(value);
  return nameSegment(value);
}

/** An empty value means null. Undefined values are left out. */
function queryOf(values: Values): Call["query"] {
  const given = Object.entries(values).map(([name, value]) => [name, value === null ? "" : value]);
  return Object.fromEntries(given) as Call["query"];
}

/** Returns an answer with its dates. Throws `Unsupported` for one that lacks a member. */
function readAnswer(
  { type, has, returns, isOptional }: AnswerRow,
  wire: unknown,
  asked: Asked,
): unknown {
  if (wire === null && isOptional) return undefined;
  if (has === undefined) return wire;
  if (!isJsonObject(wire)) throw unexpected(asked, `it is not of type ${type}`);
  const value: Record<string, unknown> = { ...wire };
  for (const [name, kind] of Object.entries(has)) {
    const member = value[name];
    const [own, mayLack] = typeof kind === "string" ? kind.split("?") : ["text"];
    if (mayLack !== undefined && member === undefined) continue;
    if (!IS_OF[own as keyof typeof IS_OF](member)) throw unexpected(asked, `it has no ${name}`);
    if (own === "moment") value[name] = new Date(member as string);
  }
  return returns === null ? undefined : returns === undefined ? value : value[returns];
}

const isText = (value: unknown) => typeof value === "string";

const IS_OF = {
  text: isText,
  moment: isText,
  flag: (value: unknown) => typeof value === "boolean",
  count: (value: unknown) => typeof value === "number",
  object: isJsonObject,
  list: Array.isArray,
};
