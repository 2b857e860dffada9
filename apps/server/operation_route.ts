// Routes of operations. Their rows describe requests and answers; routes add what only HTTP has.
import type { OperationRow } from "../../core/registry/operations/row.ts";
import type { Access } from "./access/access.ts";
import { route } from "./describe.ts";
import { answerListing, type PageQuery } from "./listing.ts";
import type { Answer, RouteContext, RouteDescription, Routes } from "./routing.ts";
import { answersOf, bodyOf, type OwnSchemas, queryOf } from "./operation_schemas.ts";

// deno-lint-ignore no-explicit-any -- the parameters are those of each operation
type Operation = (...given: any[]) => any;

/** The arguments of an operation before its options, the last parameter. */
type ArgsOf<F extends Operation> = Required<Parameters<F>> extends [...infer Args, unknown] ? Args
  : never;
type OptionsOf<F extends Operation> = Required<Parameters<F>> extends
  readonly [...unknown[], infer Options] ? Options : never;

type Values = Record<string, unknown>;

interface Given<F extends Operation> {
  args: ArgsOf<F>;
  /** With the signal of the request if the operation writes, and without those of a page. */
  options: OptionsOf<F>;
}

/** A request for an operation. */
export interface AskedOperation<F extends Operation> extends Given<F> {
  c: RouteContext;
  page: PageQuery;
  access: Access;
}

/** The parts of a route that the row of its operation lacks. */
export interface OwnRoute<F extends Operation> extends Pick<RouteDescription, "requestHeaders"> {
  /** @default the answer of the row */
  answers?: RouteDescription["answers"];
  schemas?: OwnSchemas;
  /** @default what the operation returns */
  answer?(asked: AskedOperation<F>): Answer | Promise<Answer>;
}

/** Adds the routes of an operation, which `run` does. */
export function operationRoute<F extends Operation>(
  routes: Routes,
  row: OperationRow,
  run: F,
  own: OwnRoute<F> = {},
): void {
  const answer = own.answer ??
    ((asked: AskedOperation<F>) => answerOperation(row, run, asked));
  for (const described of [row.route, row.routeOfName]) {
    if (described === undefined) continue;
    const { id, tag, summary, description, scope, body } = described;
    route(routes, described.at as `${string} /${string}`, {
      ...{ id, tag, summary, description, scope, requestHeaders: own.requestHeaders },
      answers: own.answers ?? answersOf(row, described),
      query: queryOf(row, described, own.schemas),
      json: bodyOf(row, described, own.schemas),
      answer: async (asked) => {
        const { c, query, json, access } = asked;
        const params: { name?: string; version?: string } = asked.params;
        const sent = body === undefined ? json : { [body]: json };
        const values: Values = { ...params, ...query as Values, ...sent as Values };
        const { name, version } = params;
        if (described.reads) access.check("read", name!);
        if (name !== undefined) values.ref = version === undefined ? name : `${name}@${version}`;
        const { args, options, page } = split(row, values);
        // Only writes may touch the signal, see `ServerContext`.
        const how = row.effect === "writes" ? { ...options, signal: asked.signal } : options;
        return await answer({ c, ...{ args, options: how } as Given<F>, page, access });
      },
    });
  }
}

function split(row: OperationRow, values: Values) {
  const { after, limit } = values as PageQuery;
  const isPage = (name: string) => row.effect === "lists" && (name === "after" || name === "limit");
  const names = Object.keys(row.options).filter((name) => name in values && !isPage(name));
  return {
    args: Object.keys(row.takes).map((name) => values[name] as string),
    options: Object.fromEntries(names.map((name) => [name, values[name]])),
    page: { after, limit },
  };
}

async function answerOperation<F extends Operation>(
  { effect, route }: OperationRow,
  run: F,
  { c, args, options, page }: AskedOperation<F>,
): Promise<Answer> {
  const { returns, key = "" } = route!.answer;
  if (effect === "lists") {
    return await answerListing<Values, unknown>(c, page, {
      list: (page) => run(...args, { ...options as object, ...page }),
      keyOf: (item) => item[key],
    });
  }
  const result = await run(...args, options);
  const fresh = effect === "reads" ? { "cache-control": "no-cache" } : undefined;
  return c.json(typeof returns === "string" ? { [returns]: result } : result, 200, fresh);
}
