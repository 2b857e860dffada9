// Random graphs with random outcomes: which steps start, and how all of them end.
import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { Frontier } from "../../../operators/runner/frontier.ts";
import type { StepEnd, StepOutcome } from "../../../operators/runner/outcomes.ts";

type Planned = ConstructorParameters<typeof Frontier>[0][number];
type Success = Parameters<Frontier["skip"]>[1];

/** A step that the plan skips, or how it ends if it starts, and which steps are before it. */
const anyStep = fc.record({
  end: fc.constantFrom<StepEnd>("skipped", "skipped", "ran", "ran", "ran", "failed", "cancelled"),
  before: fc.array(fc.nat({ max: 11 }), { maxLength: 4 }),
});
const anyGraph = fc.array(anyStep, { maxLength: 12 }).map((steps) =>
  steps.map(({ end, before }, index) => ({
    id: `s${index}`,
    end,
    before: [...new Set(before.filter((other) => other < index))].map((other) => `s${other}`),
  }))
);
type Graph = typeof anyGraph extends fc.Arbitrary<infer G> ? G : never;

/** Numbers that choose which of several steps ends next. */
const anyOrder = fc.infiniteStream(fc.nat());

const success = { record: { outputs: {} }, info: { name: "s", version: "1.0.0" } } as Success;

function frontierOf(graph: Graph, { isKnown }: { isKnown: boolean }): Frontier {
  const planned = graph.map(({ id: step, end }) =>
    ({ step, decision: end === "skipped" ? "skip" : "run" }) as Planned
  );
  const before = new Map(graph.map((step) => [step.id, step.before]));
  const after = new Map(graph.map(({ id }) => [
    id,
    graph.flatMap((other) => other.before.includes(id) ? [other.id] : []),
  ]));
  const successes = new Map(
    graph.flatMap(({ id, end }) => end === "skipped" ? [[id, success] as const] : []),
  );
  return new Frontier(planned, { before, after }, isKnown ? successes : undefined);
}

/** How each step should end, by the ends of the steps before it. */
function endsOf(graph: Graph): Record<string, StepEnd> {
  const ends: Record<string, StepEnd> = {};
  for (const { id, end, before } of graph) {
    const others = before.map((other) => ends[other]!);
    const isBlocked = others.includes("failed") || others.includes("blocked");
    ends[id] = isBlocked ? "blocked" : others.includes("cancelled") ? "cancelled" : end;
  }
  return ends;
}

const isWell = (end: StepEnd | undefined) => end === "ran" || end === "skipped";
const isStarted = ({ end, before }: Graph[number], ends: Record<string, StepEnd>) =>
  end !== "skipped" && before.every((other) => isWell(ends[other]));

const outcome = (end: StepEnd): StepOutcome => ({ end, durationMs: 0 });
const ends = (outcomes: Record<string, StepOutcome>) =>
  Object.fromEntries(Object.entries(outcomes).map(([id, { end }]) => [id, end]));

function takeFrom<T>(list: T[], order: Iterator<number>): T {
  return list.splice(order.next().value! % list.length, 1)[0]!;
}

Deno.test("a run starts each step that can run once, after all before it", () => {
  fc.assert(fc.property(anyGraph, anyOrder, (graph, order) => {
    const byId = new Map(graph.map((step) => [step.id, step]));
    const frontier = frontierOf(graph, { isKnown: true });
    const running = frontier.ready;
    const started = [...running];
    while (running.length > 0) {
      const id = takeFrom(running, order);
      const ready = frontier.end(id, { outcome: outcome(byId.get(id)!.end) });
      for (const next of ready) {
        for (const other of byId.get(next)!.before) {
          assert(
            isWell(frontier.outcomeOf(other)?.end),
            `${next} starts before ${other} has ended`,
          );
        }
        assertEquals(frontier.end(id, { outcome: outcome("failed") }), [], "it has ended");
      }
      running.push(...ready);
      started.push(...ready);
    }
    const expected = endsOf(graph);
    // The cancelled steps, with those after them, are all that is left.
    for (const id of frontier.open) assertEquals(expected[id], "cancelled");
    const told: string[] = [];
    assertEquals(ends(frontier.close()), expected);
    frontier.emitEnds(({ step }) => told.push(step));
    assertEquals(told.toSorted(), [...byId.keys()].toSorted());
    const startable = graph.filter((step) => isStarted(step, expected)).map(({ id }) => id);
    assertEquals(started.toSorted(), startable.toSorted());
  }));
});

Deno.test("a process that learns the ends in any order gets the same outcomes", () => {
  fc.assert(fc.property(anyGraph, anyOrder, (graph, order) => {
    const expected = endsOf(graph);
    const frontier = frontierOf(graph, { isKnown: false });
    const news = graph.filter((step) => step.end === "skipped" || isStarted(step, expected))
      .filter(({ end }) => end !== "cancelled");
    while (news.length > 0) {
      const { id, end } = takeFrom(news, order);
      if (end === "skipped") frontier.skip(id, success);
      else frontier.end(id, { outcome: outcome(end) });
    }
    assertEquals(ends(frontier.close()), expected);
  }));
});
