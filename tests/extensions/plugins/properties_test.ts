import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { Behavior, createPlugins } from "../../../extensions/plugins/mod.ts";
import type { PlainValue, PluginConfig, Plugins } from "../../../extensions/plugins/mod.ts";
import { holdJobs, runElsewhere } from "./runner.ts";

/** A set: `note` records its name and extends a list, and `greedy` reads all settings. */
function noting(): { plugins: Plugins; notes: string[] } {
  const plugins = createPlugins();
  const notes: string[] = [];
  plugins.register(Behavior, "note", ({ name }: { name: string }) => ({
    async execute(next, input) {
      notes.push(`>${name}`);
      const result = await next([...input as string[], name]);
      notes.push(`<${name}`);
      return result;
    },
  }));
  plugins.register(Behavior, "greedy", (config: Record<string, unknown>) => {
    takeAll(config);
    return { execute: (next, input) => next(input) };
  });
  plugins.defineTask("list", (input: string[]) => input);
  return { plugins, notes };
}

function takeAll(value: unknown): void {
  if (typeof value !== "object" || value === null) return;
  for (const [key, member] of Object.entries(value)) {
    takeAll(member);
    delete (value as Record<string, unknown>)[key];
  }
}

const name = fc.string({ minLength: 1, maxLength: 3 });
const plain = fc.jsonValue() as fc.Arbitrary<PlainValue>;

Deno.test("behaviors nest in the order of their addition", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(name, { maxLength: 12 }), fc.nat(3), async (names, times) => {
      const { plugins, notes } = noting();
      const task = plugins.createTask<string[]>("list");
      for (const name of names) task.addBehavior("note", { name });
      const expected = [
        ...names.map((name) => `>${name}`),
        ...names.toReversed().map((name) => `<${name}`),
      ];
      for (let time = 0; time <= times; time++) {
        notes.length = 0;
        assertEquals(await task.submit([]), names);
        assertEquals(notes, expected);
      }
    }),
    { numRuns: 60 },
  );
});

Deno.test("cutting a task into jobs keeps its order", async () => {
  const cuts = fc.array(fc.record({ name, cut: fc.constantFrom("none", "near", "far") }), {
    maxLength: 8,
  });
  await fc.assert(
    fc.asyncProperty(cuts, async (steps) => {
      const { plugins, notes } = noting();
      const near = holdJobs(plugins, "near");
      const far = holdJobs(plugins, "far", { crossesProcess: true });
      const task = plugins.createTask<unknown>("list");
      for (const { name, cut } of steps) {
        if (cut !== "none") task.addBehavior("schedule_job", { job_type: cut });
        task.addBehavior("note", { name });
      }
      const results: unknown[] = [await task.submit([])];
      while (far.jobs.length > 0 || (results.at(-1) as { scheduled?: boolean }).scheduled) {
        results.push(...await near.runAll(), ...await runElsewhere(far, plugins));
      }
      assertEquals(results.at(-1), steps.map(({ name }) => name));
      const ways = notes.filter((note) => note.startsWith(">"));
      assertEquals(ways, steps.map(({ name }) => `>${name}`));
    }),
    { numRuns: 60 },
  );
});

Deno.test("plugins cannot change configurations", async () => {
  const configs = fc.array(fc.dictionary(name, plain, { noNullPrototype: true }), {
    minLength: 1,
    maxLength: 4,
  });
  await fc.assert(
    fc.asyncProperty(configs, async (configs) => {
      const { plugins } = noting();
      const seen: unknown[] = [];
      plugins.register(Behavior, "see", () => ({
        execute(next, input, { config }) {
          seen.push(structuredClone(config));
          try {
            takeAll(config);
          } catch {
            // frozen settings reject this
          }
          return next(input);
        },
      }));
      const before = structuredClone(configs) as PluginConfig[];
      const task = plugins.createTask<string[]>("list");
      for (const config of configs) task.addBehavior("greedy", config).addBehavior("see", config);
      for (let time = 0; time < 2; time++) {
        seen.length = 0;
        await task.submit([]);
        assertEquals(seen, before);
      }
      assertEquals(configs as PluginConfig[], before);
    }),
    { numRuns: 60 },
  );
});

Deno.test("inputs arrive unchanged", async () => {
  const bytes = fc.uint8Array({ maxLength: 200 });
  const value = fc.letrec((tie) => ({
    any: fc.oneof(
      { maxDepth: 4 },
      plain,
      bytes,
      fc.array(tie("any"), { maxLength: 4 }),
      fc.dictionary(name, tie("any"), { maxKeys: 4, noNullPrototype: true }),
    ),
  })).any.filter((value) => !hasMinusZero(value));
  await fc.assert(
    fc.asyncProperty(value, async (value) => {
      const plugins = createPlugins();
      const far = holdJobs(plugins, "far", { crossesProcess: true });
      const seen: unknown[] = [];
      plugins.defineTask("see", (input) => void seen.push(input));
      await plugins.createTask("see").addBehavior("schedule_job", { job_type: "far" }).submit(
        value,
      );
      await runElsewhere(far, plugins);
      assertEquals(seen, [value]);
    }),
    { numRuns: 100 },
  );
});

/** JSON lacks these values. */
function hasMinusZero(value: unknown): boolean {
  if (Object.is(value, -0)) return true;
  if (typeof value !== "object" || value === null || value instanceof Uint8Array) return false;
  return Object.values(value).some(hasMinusZero);
}
