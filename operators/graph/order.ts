// The order of steps, their levels, their cycles.
import { invalid, valueAt } from "../../core/kernel.ts";

interface GraphStep {
  readonly id: string;
  /** Steps before it. Ids outside the graph are ignored. */
  readonly upstream: readonly string[];
}

/**
 * Sorts steps so that each follows its dependencies, otherwise in the order of the list.
 *
 * @throws {RegistryError} `Invalid` for a cycle, which it names
 */
export function topologicalOrder(steps: readonly GraphStep[]): string[] {
  return levelsOf(steps).flat();
}

/**
 * Groups steps by the length of their longest chain of dependencies. Steps of a level can run at
 * once.
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
      const waiting = after.get(other) ?? [];
      waiting.push(id);
      after.set(other, waiting);
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
        const waitsFor = valueAt(open, child) - 1;
        open.set(child, waitsFor);
        if (waitsFor === 0) next.push(child);
      }
    }
    level = next.sort((a, b) => valueAt(place, a) - valueAt(place, b));
  }
  if (count < ids.size) {
    throw invalid("order steps", undefined, `${(findCycle(steps) ?? []).join(" → ")} is a cycle`, {
      hint: "Remove one of these dependencies.",
    });
  }
  return levels;
}

/** Returns the ids of a cycle in execution order, the first one repeated at the end. */
export function findCycle(steps: readonly GraphStep[]): string[] | undefined {
  const upstream = new Map(steps.map((step) => [step.id, step.upstream]));
  const done = new Set<string>();
  for (const { id: start } of steps) {
    if (done.has(start)) continue;
    const trail = [{ id: start, at: 0 }]; // no recursion: a chain may exceed the stack
    const onTrail = new Map([[start, 0]]);
    for (let last = trail.at(-1); last !== undefined; last = trail.at(-1)) {
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
