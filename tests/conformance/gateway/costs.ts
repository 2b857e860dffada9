// Costs of the worst requests of a gateway. A piece of work is the processor time of this thread from
// one turn of the event loop to the next: other programs add nothing to it but cold caches. The bound
// is 50 ms on a quiet machine. The factor is for garbage collection, for compiling and for those
// caches, so what this suite guarantees is that one of five tries has no piece above 100 ms.
import { deepStrictEqual } from "node:assert/strict";
import type { RouteEntry } from "../../../apps/server/gateways/gateway.ts";
import { nextTurn } from "../../../core/work/next_turn.ts";
import { type CostlyTexts, largestRequests, type MadeRequest } from "./generate.ts";
import { costOf, idleMib } from "./measure.ts";
import { MANY, type ServiceFacts, type TestService, TOKENS, valuesFor } from "./service.ts";

/** The longest piece of work without a turn, milliseconds of processor, and how often it may be more. */
const PIECE_MS = 50, FACTOR = 2;
/** Memory of a request above idle, MiB: alone, and of 24 at once. */
const ALONE_MIB = 64, AT_ONCE = 24, AT_ONCE_MIB = 512;
/** Work after the client has left, milliseconds of processor. */
const LEFT_MS = 1000;
/** Turns of the event loop after a client has left. */
const TURNS = 100;
/** Tries until a piece is short: the first one also compiles. */
const TRIES = 5;

type CostFacts = ServiceFacts & { texts?: CostlyTexts };

/**
 * The requests of routes with different descriptions: others share their code. Reads come first, as
 * changes may delete what they are about.
 */
function* worstOf({ routes }: TestService, facts: CostFacts): Generator<MadeRequest> {
  const different = new Map(routes.map((route) => [`${route.method} ${route.summary}`, route]));
  const changes = (route: RouteEntry) => Number(route.scope !== "read");
  for (const route of [...different.values()].sort((a, b) => changes(a) - changes(b))) {
    yield* largestRequests(route, valuesFor(facts, MANY, route), facts.texts);
  }
}

async function drained(answer: Response): Promise<void> {
  if (answer.headers.get("content-type")?.includes("event-stream")) {
    return void await answer.body?.cancel();
  }
  for await (const _ of answer.body ?? []);
}

export async function checkCosts(service: TestService, facts: CostFacts): Promise<void> {
  const wrong: string[] = [];
  let idle = idleMib(), route: unknown;
  for (const made of worstOf(service, facts)) {
    if (made.route !== route) idle = idleMib(); // with what the service keeps
    route = made.route;
    const limitMib = AT_ONCE_MIB / AT_ONCE;
    const ask = async () => await drained(await service.ask(made, TOKENS.owner));
    let { pieceMs, memoryMib } = await costOf(ask, { limitMib, idle });
    const isOver = () => pieceMs > PIECE_MS * FACTOR || memoryMib > ALONE_MIB;
    for (let tries = 1; isOver() && tries < TRIES; tries++) {
      idle = idleMib(); // with what the request has stored in this process
      const again = await costOf(ask, { limitMib, idle });
      pieceMs = Math.min(pieceMs, again.pieceMs);
      memoryMib = Math.min(memoryMib, again.memoryMib);
    }
    if (pieceMs > PIECE_MS * FACTOR) {
      wrong.push(`${made.title}: ${Math.round(pieceMs)} ms in one piece`);
    }
    if (memoryMib > ALONE_MIB) wrong.push(`${made.title}: ${Math.round(memoryMib)} MiB`);
    if (memoryMib <= AT_ONCE_MIB / AT_ONCE || wrong.length > 0) continue;
    const many = () => Promise.all(Array.from({ length: AT_ONCE }, ask));
    const together = await costOf(many, { limitMib: AT_ONCE_MIB, idle });
    if (together.memoryMib > AT_ONCE_MIB) {
      wrong.push(`${made.title}: ${Math.round(together.memoryMib)} MiB of ${AT_ONCE} at once`);
    }
  }
  deepStrictEqual(wrong, []);
}

/** A client that leaves as soon as its request is there, and one that leaves after the first bytes. */
export async function checkLeaving(service: TestService, facts: CostFacts): Promise<void> {
  const wrong: string[] = [];
  for (const made of worstOf(service, facts)) {
    const leave = async () => {
      const client = new AbortController();
      const asked = service.ask(made, TOKENS.owner, client.signal);
      client.abort();
      await asked.then((answer) => answer.body?.cancel()).catch(() => {});
    };
    const answer = await service.ask(made, TOKENS.owner);
    const reader = answer.body?.getReader();
    await reader?.read();
    const part = async () => {
      await reader?.cancel();
      for (let turns = 0; turns < TURNS; turns++) await nextTurn(); // of work that goes on
    };
    for (const [when, work] of [["at once", leave], ["after the first bytes", part]] as const) {
      const { totalMs } = await costOf(work);
      if (totalMs > LEFT_MS) wrong.push(`${made.title}: left ${when}, ${Math.round(totalMs)} ms`);
    }
  }
  deepStrictEqual(wrong, []);
}
