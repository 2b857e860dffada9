// How many backend calls each verb makes for a small value. Nothing is timed: this is the same
// everywhere.
import { createMemoryBackend, openRegistry } from "../../mod.ts";
import { withCounts } from "./counted_backend.ts";
import { type Group, type Measure, timed } from "./measure.ts";

export async function createCallsGroup(): Promise<Group> {
  const { backend, calls } = withCounts(createMemoryBackend());
  const registry = await openRegistry(backend);
  const opening = calls.take();
  for (let i = 0; i < 10; i++) await registry.save("name", i);
  let next = 0;

  return {
    measures: [
      {
        name: "open a new registry",
        count: 1,
        unit: "op",
        run: () => ({ wallMs: 0, cpuMs: 0 }),
        facts: () => ({ calls: opening }),
      },
      counted("open an existing registry", () => openRegistry(backend, { create: false })),
      counted(
        "save, new name, explicit version",
        () => registry.save(`new-${next++}`, 1, { version: "1.0.0" }),
      ),
      counted("save, next of 10 versions", () => registry.save("name", 1)),
      counted(
        "save with an idempotency key",
        () => registry.save("keyed", 1, { idempotencyKey: `run ${next++}` }),
      ),
      counted("save with two inputs, explicit version", () => {
        const inputs = ["name@1.0.0", "name@2.0.0"];
        return registry.save(`made-${next++}`, 1, { version: "1.0.0", inputs });
      }),
      counted("load, explicit version", () => registry.load("name@1.0.0")),
      counted("load, latest", () => registry.load("name")),
      counted("load, range", () => registry.load("name@^3")),
      counted("set an alias", () => registry.setAlias("name", "production", "2.0.0")),
      counted("load, alias", () => registry.load("name@production")),
      counted("info", () => registry.info("name@1.0.0")),
      counted("has", () => registry.has("name@1.0.0")),
      counted("delete", () => registry.delete(`new-${next - 1}@1.0.0`)),
    ],
    [Symbol.asyncDispose]: () => registry[Symbol.asyncDispose](),
  };

  function counted(name: string, action: () => Promise<unknown>): Measure {
    let made = "";
    const run = async () => {
      calls.take();
      const time = await timed(action);
      made = calls.take();
      return time;
    };
    return { name, count: 1, unit: "op", run, facts: () => ({ calls: made }) };
  }
}
