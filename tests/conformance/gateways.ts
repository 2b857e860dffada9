/**
 * The conformance suite for gateways: bounds of requests, rights, the audit trail, and what requests
 * cost, by requests that are made from the schemas of routes.
 *
 * @example
 * ```ts ignore
 * import { testGateway } from "@holdfast/holdfast/testing";
 *
 * testGateway(Deno.test, () => createMyGateway(), { name: "mine" });
 * ```
 *
 * @module
 */
import { deepStrictEqual, ok } from "node:assert/strict";
import type { Gateway, RouteEntry } from "../../apps/server/gateways/gateway.ts";
import type { Registry } from "../../core/registry.ts";
import type { RegisterTest } from "./backend/backend_case.ts";
import { unboundedIn } from "./gateway/bounds.ts";
import { checkCosts, checkLeaving } from "./gateway/costs.ts";
import { randomRequests } from "./gateway/generate.ts";
import type { KnownValues } from "./gateway/generate.ts";
import { checkHeaders } from "./gateway/headers.ts";
import {
  checkAnswers,
  checkHidden,
  checkReadOnly,
  checkTrail,
  checkUnsigned,
} from "./gateway/rights.ts";
import {
  type GatewayTarget,
  openTestService,
  TEAM,
  type TestService,
  TOKENS,
  valuesFor,
} from "./gateway/service.ts";

/** Options of {@linkcode testGateway}: what the schemas of routes do not have. */
export interface TestGatewayOptions {
  /** Prefix of the names of tests. @default "gateway" */
  name?: string;
  /** Saves what the gateway answers about, beside the artifacts that each service has. @default nothing */
  seed?(registry: Registry): Promise<unknown>;
  /**
   * Returns values of parameters of paths, and of members of queries and bodies, by their names, for
   * requests about an artifact: `({ name }) => ({ repo: name })`.
   *
   * @default name, version, path, alias, and ref
   */
  values?(target: GatewayTarget, route: RouteEntry): KnownValues;
  /**
   * Writes costly texts of a length, by the name of the member: `{ filter: (length) => … }`. Of a
   * list, it writes each item.
   *
   * @param at index of the item
   * @default the same letter again and again
   */
  texts?: Readonly<Record<string, (length: number, at: number) => string>>;
  /**
   * Signs a request with a token.
   *
   * @default the header `Authorization: Bearer TOKEN`
   */
  sign?(request: Request, token: string): Request | Promise<Request>;
  /**
   * Routes that answer no request of an administrator about the first artifact, with words of their
   * answers: `{ "POST /parts/:path": "not supported" }`. All others must: what is refused for its
   * form tells nothing about rights.
   *
   * @default none
   */
  refuses?: Readonly<Record<string, string>>;
  /**
   * Parameters and members whose values the entries of changes in the audit trail must have, beside
   * the names of artifacts: `["run_id"]`.
   *
   * @default none
   */
  subjects?: readonly string[];
}

/**
 * Registers tests for a gateway. The routes are those that it adds to a service over a registry in
 * memory, with names of two teams.
 *
 * @param test a function that registers a test: `Deno.test`, or `test` of `node:test`
 * @param create creates the gateway
 */
export function testGateway(
  test: RegisterTest,
  create: () => Gateway | Promise<Gateway>,
  { name = "gateway", ...facts }: TestGatewayOptions = {},
): void {
  for (const [title, run] of Object.entries(GATEWAY_CASES)) {
    test(`${name}: ${title}`, async () => {
      const isLarge = LARGE.has(title);
      const service = await openTestService(await create(), { ...facts, isLarge });
      try {
        await run(service, facts);
      } finally {
        await service[Symbol.asyncDispose]();
      }
    });
  }
}

type GatewayCase = (service: TestService, facts: TestGatewayOptions) => Promise<void>;

const GATEWAY_CASES: Readonly<Record<string, GatewayCase>> = {
  "each list, string and number of a request has a maximum": ({ routes }) => {
    deepStrictEqual(routes.flatMap(unboundedIn), []);
    return Promise.resolve();
  },
  "each route answers about an artifact that is there": checkAnswers,
  "requests without a token, or without a right, get nothing": checkUnsigned,
  "what a token may not read is in no answer, and is as if it were missing": checkHidden,
  "a token that may only read changes nothing": checkReadOnly,
  "the audit trail has the subject of each change": checkTrail,
  "no request is an internal error": checkNoFaults,
  "headers of answers are ASCII": checkHeaders,
  "no request keeps the thread or the memory": checkCosts,
  "work ends with its client": checkLeaving,
};

const LARGE = new Set([
  "no request keeps the thread or the memory",
  "work ends with its client",
]);

/** Random requests of a run: a fault has some chance to be found by each of them. */
const RANDOM = 300;

async function checkNoFaults(service: TestService, facts: TestGatewayOptions): Promise<void> {
  const values = (route: RouteEntry) => valuesFor(facts, TEAM, route);
  const faulty: string[] = [];
  for (const made of randomRequests(service.routes, { seed: 1, count: RANDOM, values })) {
    for (const token of [TOKENS.owner, undefined]) {
      let status: number;
      try {
        const answer = await service.ask(made, token, AbortSignal.timeout(60_000));
        status = answer.status;
        await answer.body?.cancel();
      } catch (error) {
        if (error instanceof TypeError && /header|URL/i.test(error.message)) continue; // not sent
        throw error;
      }
      if (status === 500) faulty.push(`${made.title}: ${made.path} ${made.body ?? ""}`);
    }
  }
  deepStrictEqual(faulty, []);
  ok(service.faults.length === 0, JSON.stringify(service.faults[0]));
}
