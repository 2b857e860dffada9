// Operations of GraphQL, each a route of its own with checked variables: what clients ask at /graphql
// is passed on to the route of the name, with the members of an input as variables. Answers have all members that any client asks for.
import * as v from "npm:valibot@^1.5";
import { route, type RouteContext, type Routes } from "../../../apps/gateways.ts";
import type { Gateway, GatewayContext, ReadablePages } from "../../../apps/gateways.ts";
import type { RouteDescription } from "../../../apps/gateways.ts";
import { answerVersionFile, publicUrl } from "../../../apps/server/extending.ts";
import { isJsonObject, mapAtOnce, orMissing, sha256 } from "../../../core/kernel.ts";
import { noSuch, passedOn, refused } from "./errors.ts";
import type { ReadableRun } from "./known_run.ts";
import { nameOfProject, projectJson, runKey } from "./names.ts";
import type { WandbRuns } from "./run_store.ts";
import { maybe, ofProject } from "./schemas.ts";

export const GRAPHQL = "/graphql";
export const FRESH = { "cache-control": "no-store" };
const JSON_BODY = { "application/json": { schema: { type: "object" } } };
const STATUSES = [400, 401, 403, 404, 409, 413, 422, 429, 503];

/** Returns the description of a route of W&B. */
export function described(id: string, summary: string, scope: RouteDescription["scope"]) {
  const error = { description: "An error of W&B", content: JSON_BODY };
  return {
    id: `wandb${id}`,
    tag: "wandb",
    summary,
    scope,
    parse: (text: string): unknown => JSON.parse(text),
    refused,
    answers: {
      200: { description: "The answer of W&B", content: JSON_BODY },
      ...Object.fromEntries(STATUSES.map((status) => [status, error])),
    },
  };
}

/** Returns the headers with which a client sends files: its own token. */
export function uploadHeaders(c: RouteContext): string[] {
  const authorization = c.header("authorization");
  return authorization === undefined ? [] : [`Authorization:${authorization}`];
}

/** Answers a file of a version, or a range of it. */
export async function answerFile(
  c: RouteContext,
  context: GatewayContext,
  { artifact, path, fixed = true }: { artifact: ReadablePages; path: string; fixed?: boolean },
) {
  const file = await orMissing((async () => await artifact.file(path))());
  if (file === undefined) throw noSuch(`file ${path.slice(0, 500)} not found`);
  const answered = { artifact, file, fixed, exact: true, headers: FRESH };
  return await answerVersionFile(c, context, { ...answered, disposition: "attachment" });
}

export interface AskedPage {
  readonly cursor?: string;
  readonly perPage?: number | null;
}

/** Items of a page, if the client names no number. */
const USUAL = 50;

/** Returns the cursor of item number `at`: the number of the next one, and a digest of its id. */
function cursorOf(id: string, at: number): string {
  return `${at + 1}.${sha256(new TextEncoder().encode(id)).slice(0, 16)}`;
}

/** Returns the number of the item after a cursor, also if items came or went before it. */
function placeAfter(cursor: string, ids: readonly string[]): number {
  const [number = "", digest] = cursor.split("."), at = Math.max(Number(number) || 0, 0);
  const isIt = (id: string | undefined) => id !== undefined && cursorOf(id, 0) === `1.${digest}`;
  if (digest === undefined || isIt(ids[at - 1])) return at;
  const found = ids.findIndex(isIt);
  return found < 0 ? at : found + 1;
}

/**
 * Returns a page of a list in the form of all lists of W&B. A cursor names the last item of its page
 * by `idOf`, because lists change between pages; `most` limits `perPage`.
 */
export async function pageOf<T, N>(
  items: readonly T[],
  { cursor, perPage, most = 500 }: AskedPage & { readonly most?: number },
  idOf: (item: T) => string,
  nodeOf: (item: T) => N | Promise<N>,
) {
  const ids = items.map(idOf), from = cursor === undefined ? 0 : placeAfter(cursor, ids);
  const to = from + Math.min(perPage ?? USUAL, most);
  const nodes = mapAtOnce(items.slice(from, to), async (item) => await nodeOf(item));
  const edges = (await Array.fromAsync(nodes))
    .map((node, at) => ({ node, cursor: cursorOf(ids[from + at] ?? "", from + at) }));
  const endCursor = edges.at(-1)?.cursor ?? null, hasNextPage = to < items.length;
  const pageInfo = { __typename: "PageInfo", endCursor, hasNextPage };
  return { totalCount: items.length, pageInfo, edges };
}

export type Given<E extends v.ObjectEntries> = v.InferOutput<v.ObjectSchema<E, undefined>>;

/** Adds an operation, which returns `data` of the answer. Versions of clients have names of their own. */
export function operation<E extends v.ObjectEntries>(
  routes: Routes,
  [names, scope]: readonly [names: string | readonly string[], scope: RouteDescription["scope"]],
  variables: E,
  data: (c: RouteContext, given: Given<E>) => unknown,
): void {
  for (const name of [names].flat()) {
    route(routes, `POST ${GRAPHQL}/${name}`, {
      ...described(name, `Answers the operation ${name} of W&B's clients`, scope),
      json: v.object(variables),
      answer: async ({ c, json }) => c.json({ data: await data(c, json as Given<E>) }, 200, FRESH),
    });
  }
}

/** Adds a query about a run that a request may read, which is null without one. */
export function query<E extends v.ObjectEntries>(
  [routes, runs]: [routes: Routes, runs: WandbRuns],
  names: string | readonly string[],
  variables: E,
  answer: (run: ReadableRun, given: Given<E>, c: RouteContext) => unknown,
): void {
  const all = { ...ofProject, name: maybe, run: maybe, runName: maybe };
  operation(routes, [names, "read"], { ...all, ...variables }, async (c, given) => {
    const { name, run: ofRun, runName = "", ...of } = given as Given<typeof all>;
    const own = nameOfProject(of), { access } = c.info;
    access.check("read", own);
    const found = await runs.find(runKey(own, name ?? ofRun ?? runName), access);
    const isThere = found !== undefined && found.state !== "discarded";
    const run = isThere ? await answer(found, given as never, c) : null;
    return { project: { ...projectJson(own), run } };
  });
}

/** Parts of W&B that this service does not have, by the names of operations. */
const ABSENT: readonly [name: RegExp, what: string][] = [
  [/sweep|agent|heartbeat/i, "sweeps: use a matrix of a pipeline, or Optuna"],
  [/alert/i, "alerts: use webhooks of the service"],
  [/report|view|customchart/i, "reports"],
  [/launch|runqueue|resourceconfig/i, "Launch: use pipelines"],
  [/weave/i, "Weave"],
  [/registr|linkartifact|portfolio|^fetchorg/i, "the registry of W&B: use aliases of artifacts"],
  [/rewind/i, "rewinds: begin another run by `fork_from`"],
  [/^delete/i, "deletions: use holdfast rm, or holdfast runs rm"],
  [/^getprojects$/i, "lists of projects: use holdfast ls"],
];

const Asked = v.object({
  query: v.pipe(v.string(), v.maxLength(2 ** 17)),
  operationName: v.nullish(v.pipe(v.string(), v.maxLength(200))),
  variables: v.pipe(
    v.nullish(v.custom<Record<string, unknown>>(isJsonObject, "it is not an object")),
    v.metadata({ as: { type: "object", maxProperties: 100 } }),
  ),
});

/** Names that are remembered once they are in the log. */
const MOST_NAMES = 1000;

/** Passes operations on, with the rights of the request. */
export const wandbGraphql: Omit<Gateway, "authorization"> = {
  name: "wandb-graphql",
  passesOn: true,
  paths: [GRAPHQL],
  sendsFiles: () => true,
  addRoutes(routes: Routes, { dispatch, logger }: GatewayContext) {
    const logged = new Set<string>();
    route(routes, `POST ${GRAPHQL}`, {
      ...described("Graphql", "Answers an operation of W&B's clients", "open"),
      json: Asked,
      answer: async ({ c, json: { query, operationName, variables } }) => {
        const name = operationName || /\b(?:query|mutation)\s+(\w+)/.exec(query)?.[1] ||
          (/^[^{]*\{\s*viewer\b/.test(query) ? "Viewer" : "");
        const isNamed = /^\w{1,200}$/.test(name);
        const headers = new Headers(c.request.headers);
        headers.set("content-type", "application/json");
        headers.delete("content-length");
        const url = publicUrl(c, GRAPHQL);
        url.pathname = `${GRAPHQL}/${name}`;
        const { input, ...given } = declared(variables ?? {}, query);
        const body = JSON.stringify({ ...given, ...(isJsonObject(input) && input) });
        const request = new Request(url, { method: "POST", headers, body });
        const answer = isNamed
          ? await dispatch(request, { ...c.info, gateway: undefined })
          : undefined;
        if (answer !== undefined && answer.problem?.reason?.kind !== "route_missing") {
          return passedOn(answer);
        }
        if (!logged.has(name) && logged.size < MOST_NAMES) {
          logged.add(name);
          logger.warn(`W&B's clients ask for ${JSON.stringify(name)}, which is not answered`);
        }
        return c.json({ data: null, errors: [{ message: absent(name) }] }, 200, FRESH);
      },
    });
  },
};

/** Leaves out the variables that a query does not declare: clients also send such. */
function declared(variables: Record<string, unknown>, query: string): Record<string, unknown> {
  const names = new Set(query.match(/\$\w+/g));
  const isDeclared = ([name]: [string, unknown]) => names.size === 0 || names.has(`$${name}`);
  return Object.fromEntries(Object.entries(variables).filter(isDeclared));
}

function absent(name: string): string {
  const what = ABSENT.find(([names]) => names.test(name))?.[1] ?? `operation ${name}`;
  return `This service does not have ${what}. docs/wandb.md lists what it has.`;
}
