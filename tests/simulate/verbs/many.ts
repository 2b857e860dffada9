// Verbs that do many things at once.
import { loadMany, saveMany } from "../../../registry/contract/many.ts";
import type { SaveOptions } from "../../../core/registry.ts";
import type { VerbParts } from "../actor.ts";
import type { Bundle } from "../bundle.ts";
import type { LoggedOperation, Outcome, Request } from "../operation_log.ts";

export interface SaveOfMany {
  name: string;
  value: Bundle;
  options?: SaveOptions;
}

export interface ManyVerbs {
  saveMany(entries: readonly SaveOfMany[]): Promise<void>;
  loadMany(refs: readonly { name: string; ref: string }[]): Promise<void>;
  deleteAll(name: string, options?: { force?: boolean }): Promise<void>;
}

export function createManyVerbs({ call, registry, log, labels, reading }: VerbParts): ManyVerbs {
  /** Each item is its own operation. */
  function begin(whole: LoggedOperation, requests: readonly Request[]): void {
    whole.parts = requests.map((request) => log.begin(request, whole));
  }

  function end<T>(
    { parts }: LoggedOperation,
    results: readonly ({ ok: true; value: T } | { ok: false; error: unknown })[],
    outcome: (value: T) => Outcome,
  ): Outcome {
    results.forEach((result, place) =>
      log.end(parts[place], result.ok ? outcome(result.value) : result)
    );
    return { ok: true, done: true };
  }

  return {
    async saveMany(entries) {
      await call({ verb: "saveMany", parts: entries.length }, async (whole) => {
        for (const { value } of entries) labels.learn(value);
        begin(
          whole,
          entries.map(({ name, value, options = {} }) => ({ verb: "save", name, value, options })),
        );
        const inputs = entries.map(({ name, value, options }) => ({ name, value, ...options }));
        return end(
          whole,
          (await saveMany(registry, inputs)).results,
          (saved) => ({ ok: true, saved }),
        );
      });
    },

    async loadMany(refs) {
      await call({ verb: "loadMany", parts: refs.length }, async (whole) => {
        reading.restMs = 0;
        begin(whole, refs.map(({ name, ref }) => ({ verb: "load", name, ref })));
        const inputs = refs.map(({ name, ref }) => ref === "latest" ? name : `${name}@${ref}`);
        return end(whole, (await loadMany(registry, inputs)).results, (value) => {
          return { ok: true, read: { label: (value as Bundle).label } };
        });
      });
    },

    async deleteAll(name, { force = false } = {}) {
      await call({ verb: "deleteAll", name, force }, async () => {
        return { ok: true, done: await registry.delete(name, { allVersions: true, force }) };
      });
    },
  };
}
