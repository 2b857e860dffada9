import { assertEquals } from "@std/assert";
import { createScriptedSystem } from "../../support/scripted_system.ts";
import { rejected } from "../rejected.ts";
import { withHooks } from "../with_hooks.ts";
import { testOnEach } from "../registries.ts";
import { RegistryError } from "../../../core/errors.ts";

/** A world in which something happens at each sleep; after the last step `end` is called. */
function scripted(steps: (() => Promise<unknown>)[], end: () => void) {
  const system = createScriptedSystem({ startAt: 1_800_000_000_000 });
  const slept: number[] = [];
  return {
    slept,
    system: {
      ...system,
      async sleep(ms: number, signal?: AbortSignal) {
        slept.push(ms);
        const step = steps.shift();
        if (step === undefined) end();
        await step?.();
        signal?.throwIfAborted();
      },
    },
  };
}

testOnEach(
  "watch() tells an overwrite by its commit, and asks every two seconds by default",
  async ({ registry, open }) => {
    const stop = new AbortController();
    const { system, slept } = scripted([
      () => registry.set("a", 1),
      () => registry.set("a", 1),
    ], () => stop.abort());
    const watching = await open({ system });
    const events = await Array.fromAsync(watching.watch("a", { signal: stop.signal }));
    assertEquals(events.map(({ version }) => version), [undefined, "1.0.0", "1.0.0"]);
    assertEquals(new Set(events.map(({ commit }) => commit)).size, 3);
    assertEquals(slept, [2_000, 2_000, 2_000]);
  },
  { versioned: false, mutable: true },
);

testOnEach("watch() throws what the store says", async ({ registry, open }) => {
  await registry.save("a", 1);
  let broken = false;
  const watching = await open({}, (inner) =>
    withHooks(inner, {
      before() {
        if (!broken) return;
        throw new RegistryError({
          code: "Denied",
          message: "Cannot list: key expired",
          hint: "Sign in again.",
        });
      },
    }));
  const events = watching.watch("a")[Symbol.asyncIterator]();
  broken = true;
  await rejected("Denied", events.next());
});
