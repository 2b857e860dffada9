// The order of steps, their levels, their cycles.
import { fault, type RegistryError } from "../../core/errors.ts";

/** What the graph of steps is made of. */
export interface GraphStep {
  readonly id: string;
  /** What must come before it. Those that are no steps here are passed over: they were done before. */
  readonly upstream: readonly string[];
}

/**
 * Ids of steps, each after all that it depends on; of those that could come next, the first in the list does.
 *
 * @throws {RegistryError} `Invalid` for a cycle, which it names
 *
 * @example
 * ```ts
 * import { topologicalOrder } from "@holdfast/holdfast/operators/graph";
 * import { assertEquals } from "@std/assert";
 *
 * const steps = [{ id: "train", upstream: ["clean"] }, { id: "clean", upstream: [] }];
 * assertEquals(topologicalOrder(steps), ["clean", "train"]);
 * ```
 */
export function topologicalOrder(steps: readonly GraphStep[]): string[] {
  return levelsOf(steps).flat();
}

/**
 * Steps by how many others they have before them at least: those of a level can run at once.
 *
 * @throws {RegistryError} `Invalid` for a cycle, which it names
 */
export function levelsOf(steps: readonly GraphStep[]): string[][] {
  const ids = new Set(steps.map(({ id }) => id));
  const open = new Map<string, number>();
  const after = new Map<string, string[]>();
  for (const { id, upstream } of steps) {
    const known = new Set(upstream.filter((other) => ids.has(other)));
    open.set(id, known.size);
    for (const other of known) {
      const waiting = after.get(other);
      if (waiting === undefined) after.set(other, [id]);
      else waiting.push(id);
    }
  }
  const place = new Map(steps.map(({ id }, index) => [id, index]));
  const levels: string[][] = [];
  let level = steps.filter(({ id }) => open.get(id) === 0).map(({ id }) => id);
  let count = 0;
  while (level.length > 0) {
    levels.push(level);
    count += level.length;
    const next: string[] = [];
    for (const id of level) {
      for (const child of after.get(id) ?? []) {
        const left = open.get(child)! - 1;
        open.set(child, left);
        if (left === 0) next.push(child);
      }
    }
    level = next.sort((a, b) => place.get(a)! - place.get(b)!);
  }
  if (count < ids.size) throw cycleError(findCycle(steps) ?? []);
  return levels;
}

/** The ids of a cycle in the order of the work, the first one again at the end; undefined where there is none. */
export function findCycle(steps: readonly GraphStep[]): string[] | undefined {
  const upstream = new Map(steps.map((step) => [step.id, step.upstream]));
  const done = new Set<string>();
  for (const { id: start } of steps) {
    if (done.has(start)) continue;
    const trail = [{ id: start, at: 0 }]; // no recursion: a chain may be longer than the stack
    const onTrail = new Map([[start, 0]]);
    while (trail.length > 0) {
      const last = trail[trail.length - 1];
      const next = upstream.get(last.id)?.[last.at++];
      if (next === undefined) {
        done.add(last.id);
        onTrail.delete(last.id);
        trail.pop();
      } else if (onTrail.has(next)) {
        return [...trail.slice(onTrail.get(next)).map(({ id }) => id), next].reverse();
      } else if (upstream.has(next) && !done.has(next)) {
        onTrail.set(next, trail.length);
        trail.push({ id: next, at: 0 });
      }
    }
  }
}

function cycleError(cycle: readonly string[]): RegistryError {
  return fault({
    code: "Invalid",
    action: "order steps",
    state: `${cycle.join(" → ")} is a cycle`,
    hint: "Remove one of these dependencies.",
  });
}
