// The behavior that caches results.
import type { InferOutput } from "../../../registry/mod.ts";
import type { PlainValue } from "../../../materializers/mod.ts";
import { keepNewest, plainProblem } from "../../../core/kernel.ts";
import type { PluginDefinition } from "../contract.ts";
import type { Behavior } from "../interfaces.ts";
import { count, defineSettings, milliseconds } from "../sets/settings.ts";

const SETTINGS = defineSettings({
  ttlMs: { ...milliseconds, otherwise: 60_000 },
  maxEntries: { ...count({ least: 1 }), otherwise: 1_000 },
});

/**
 * `cache`: returns the cached result of an equal input, as a copy. Each task has its own cache in
 * the memory of this process. Caches only plain data, not failures, bytes or streams.
 */
export const cache: PluginDefinition<Behavior, InferOutput<typeof SETTINGS>> = {
  config: SETTINGS,
  aliases: { ttl_ms: "ttlMs", max_entries: "maxEntries" },
  consumes: [],
  create({ ttlMs, maxEntries }) {
    const results = new Map<string, { result: string; until: number }>();
    return {
      async execute(next, input, { system }) {
        if (plainProblem(input) !== undefined) return await next(input);
        const key = JSON.stringify(sorted(input as PlainValue));
        const cached = results.get(key);
        if (cached !== undefined && cached.until > system.monotonic()) {
          return JSON.parse(cached.result);
        }
        const result = await next(input);
        if (plainProblem(result) !== undefined) return result;
        results.delete(key);
        results.set(key, { result: JSON.stringify(result), until: system.monotonic() + ttlMs });
        keepNewest(results, maxEntries);
        return result;
      },
    };
  },
};

/** Sorts the members of objects, so that equal inputs have equal JSON. */
function sorted(value: PlainValue): PlainValue {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== "object" || value === null) return value;
  const members = Object.entries(value).sort(([a], [b]) => a < b ? -1 : 1);
  return Object.fromEntries(members.map(([key, member]) => [key, sorted(member)]));
}
