// Many saves of one name at once, over a store that takes 30 ms for each request.
import { realSystem } from "../../../core/system.ts";
import { wrapCalls } from "../../../core/work/wrap_backend.ts";
import { createMemoryBackend, openRegistry } from "../../../mod.ts";
import { withCounts } from "../counted_backend.ts";
import { type BenchSettings, type Group, type Measure, timed } from "../measure.ts";

const SAVES = 50;
const REQUEST_MS = 30;

export function createBusyGroup(_: BenchSettings): Promise<Group> {
  const measures = [
    measure("the next version", () => undefined),
    measure("explicit versions", (n) => `1.0.${n}`),
  ];
  return Promise.resolve({ measures, [Symbol.asyncDispose]: () => Promise.resolve() });
}

function measure(name: string, versionOf: (n: number) => string | undefined): Measure {
  let requests = "";
  return {
    name,
    count: 1,
    unit: "op",
    async run() {
      const { backend, calls } = withCounts(createMemoryBackend());
      const far = wrapCalls(backend, async ({ signal }, act) => {
        await realSystem.sleep(REQUEST_MS, signal);
        return await act(signal);
      });
      const registry = await openRegistry(far, { cache: false });
      calls.take();
      const numbers = Array.from({ length: SAVES }, (_, n) => n);
      const save = (n: number) => registry.save("model", n, { version: versionOf(n) });
      const time = await timed(() => Promise.all(numbers.map(save)));
      requests = calls.take();
      return time;
    },
    columns: () => ({ requests }),
  };
}
