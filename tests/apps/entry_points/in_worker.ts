// Registries behind the Worker of the example, in workerd, over an R2 bucket in memory.
import { openHttpRegistry } from "../../../apps/client.ts";
import { createToken } from "../../../apps/server.ts";
import { realSystem } from "../../../core/system.ts";
import type { PruneReport } from "../../../extensions/maintenance/pruning/mod.ts";
import { createMaterializers } from "../../../materializers/mod.ts";
import { bundleWorker, startWorker } from "../../servers/r2/run_worker.ts";
import { tempRoot } from "../../support/temp_root.ts";
import type { EntryPoint } from "./entry_point.ts";
import type { NewLocation } from "./locations.ts";

/** Adds the maintenance that the Worker runs itself. */
export function withSchedule({ operations, without }: EntryPoint): EntryPoint {
  const { prune: _, ...others } = without;
  return {
    without: others,
    operations: {
      ...operations,
      async prune({ url }) {
        const answer = await fetch(url.replace("/at/", "/prune/"));
        const { deleted }: PruneReport = await answer.json();
        return deleted.map(({ name, version }) => `${name}@${version}`);
      },
    },
  };
}

/** Starts the Worker. Its registries are those of the run. */
export async function startInWorker(): Promise<{ create: NewLocation } & AsyncDisposable> {
  await using started = new AsyncDisposableStack();
  const root = started.use(await tempRoot());
  const { token } = await createToken(root.join("tokens.json"), { scopes: ["admin"] });
  const bindings = { TOKENS: await Deno.readTextFile(root.join("tokens.json")) };
  const script = await bundleWorker("tests/servers/r2/service.ts");
  const worker = started.use(await startWorker(script, { bindings }));
  const running = started.move();
  return {
    async create({ mutable }) {
      const prefix = realSystem.id();
      await worker.fetch(`/create/${prefix}${mutable ? "?mutable" : ""}`);
      const url = `${worker.urls[0]}/at/${prefix}`;
      const cwd = await tempRoot();
      return {
        url,
        token,
        cwd: cwd.path,
        async use(run) {
          const materializers = createMaterializers();
          await using registry = await openHttpRegistry(url, { token, materializers });
          return await run(registry);
        },
        [Symbol.asyncDispose]: () => cwd[Symbol.asyncDispose](),
      };
    },
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
}
