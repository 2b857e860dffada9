// Routes of operations. Their rows describe requests and answers; routes add what only HTTP has.
import type { ObjectEntries } from "npm:valibot@^1.5";
import { METHODS } from "../../core/options/methods.ts";
import type { OperationRow } from "../../core/registry/operations/row.ts";
import type { Registry } from "../../core/registry.ts";
import type { Access } from "./access/access.ts";
import { route } from "./describe.ts";
import { answerListing, type PageQuery } from "./listing.ts";
import { answersOf, bodyOf, queryOf } from "./operation_schemas.ts";
import type { RouteContext, RouteDescription, Routes } from "./gateways/gateway.ts";
import type { Answer } from "./answer.ts";
import type { ServerContext } from "./routing.ts";

// deno-lint-ignore no-explicit-any -- the parameters are those of each operation
type Operation = (...given: any[]) => any;

/** The arguments of an operation before its options, the last parameter. */
type ArgsOf<F extends Operation> = Required<Parameters<F>> extends [...infer Args, unknown] ? Args
  : never;
type OptionsOf<F extends Operation> = Required<Parameters<F>> extends
  readonly [...unknown[], infer Options] ? Options : never;

/** A request for an operation. */
export interface AskedOperation<F extends Operation> {
  c: RouteContext;
  args: ArgsOf<F>;
  /** With the signal of the request if the operation writes, and without those of a page. */
  options: OptionsOf<F>;
  /** The members of the query that only the route has. */
  own: Readonly<Record<string, unknown>>;
  page: PageQuery;
  access: Access;
}

/** The parts of a route that the row of its operation lacks: all of them, if it has no answer. */
export interface OwnRoute<F extends Operation>
  extends Pick<RouteDescription, "requestHeaders" | "readsMany"> {
  /** Schemas of members of the query that are no options of the operation. */
  query?: ObjectEntries;
  /** @default the answer of the row */
  answers?: RouteDescription["answers"];
  /** @default what the operation returns */
  answer?(asked: AskedOperation<F>): Answer | Promise<Answer>;
}

/** Adds the routes of all operations that have one in their row, and none in a file of `routes/`. */
export function operationRoutes(routes: Routes, { registry }: ServerContext): void {
  const known = new Set(routes.all.map(({ method, path }) => `${method} ${path}`));
  for (const [name, row] of Object.entries<OperationRow>(METHODS)) {
    if (row.route?.answer === undefined || known.has(row.route.at)) continue;
    const run = registry[name as keyof Registry] as Operation;
    operationRoute(routes, row, run.bind(registry));
  }
}

/** Adds the route of an operation, which `run` does. */
export function operationRoute<F extends Operation>(
  routes: Routes,
  row: OperationRow,
  run: F,
  own: OwnRoute<F> = {},
): void {
  const { at, answer: _, request: __, reads, forced, ...described } = row.route!;
  const answer = own.answer ?? ((asked: AskedOperation<F>) => answerOperation(row, run, asked));
  route(routes, at, {
    ...described,
    action: described.scope === "delete" ? row.action : undefined,
    readsMany: own.readsMany ?? row.effect === "lists",
    requestHeaders: own.requestHeaders,
    answers: own.answers ?? answersOf(row),
    query: queryOf(row, own.query),
    json: bodyOf(row),
    answer: async (asked) => {
      const { c, query, json, access } = asked;
      const values: Record<string, unknown> = { ...c.params, ...query, ...json };
      if (reads) access.check("read", c.params.name!);
      if (forced !== undefined && values.force === true) access.check(forced, c.params.name!);
      const { after, limit, ...others } = values as PageQuery;
      const isPage = row.effect === "lists";
      const sentValues = isPage ? others : values;
      const isSent = (name: string) => row.options[name]!.sent !== undefined && name in sentValues;
      const names = Object.keys(row.options).filter(isSent);
      const options = Object.fromEntries(names.map((name) => [name, values[name]]));
      return await answer({
        c,
        args: row.takes.map((name) => values[name] ?? refOf(c.params)) as ArgsOf<F>,
        // Only writes may touch the signal, see `ServerContext`.
        options:
          (row.effect === "writes" ? { ...options, signal: asked.signal } : options) as OptionsOf<
            F
          >,
        own: query ?? {},
        page: { after, limit },
        access,
      });
    },
  });
}

/** Returns the ref that a path names. */
function refOf({ name, version }: Readonly<Record<string, string | undefined>>): string {
  return version === undefined || version === "latest" ? name! : `${name}@${version}`;
}

async function answerOperation<F extends Operation>(
  { effect, route }: OperationRow,
  run: F,
  { c, args, options, page }: AskedOperation<F>,
): Promise<Answer> {
  const { returns, key = "" } = route!.answer!;
  if (effect === "lists") {
    return await answerListing<Record<string, unknown>, unknown>(c, page, {
      list: (page) => run(...args, { ...options as object, ...page }),
      keyOf: (item) => item[key],
    });
  }
  const result = await run(...args, options);
  if (effect === "writes") c.info.version = result?.version ?? c.info.version;
  const fresh = effect === "reads" ? { "cache-control": "no-cache" } : undefined;
  return c.json(typeof returns === "string" ? { [returns]: result } : result, 200, fresh);
}
