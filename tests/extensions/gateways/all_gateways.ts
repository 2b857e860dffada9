// The gateways of all extensions, as `holdfast serve` opens them with every option that has no value.
import { tmpdir } from "node:os";
import { EXTENSIONS } from "../../../apps/extensions.ts";
import type { CommandContext } from "../../../apps/cli/extending.ts";
import type { Gateway } from "../../../apps/server/gateways/gateway.ts";
import { silentLogger } from "../../../core/system.ts";
import { realSystem } from "../../../mod.ts";
import { type JobQueue, openQueue } from "../../../extensions/queues/mod.ts";
import { createJobsGateway } from "../../../extensions/queues/surface/jobs.ts";

export interface AllGateways extends AsyncDisposable {
  readonly gateways: readonly Gateway[];
  /** The queue of the routes of jobs. */
  readonly queue: JobQueue;
}

/** Opens the gateways of all extensions. */
export async function openAllGateways(): Promise<AllGateways> {
  await using opening = new AsyncDisposableStack();
  const queue = opening.use(await openQueue("memory:"));
  const gateways: Gateway[] = [];
  const io = { cwd: tmpdir(), system: { ...realSystem, env: () => undefined } };
  const context = { io, logger: silentLogger } as unknown as CommandContext;
  for (const { name, serving } of EXTENSIONS) {
    if (serving === undefined) continue;
    const flags = Object.fromEntries(
      serving.options.filter(({ flags }) => !flags.includes("<"))
        .map(({ flags }) => [camelCase(flags.replace("--", "")), true]),
    );
    const before = gateways.length;
    gateways.push(...await serving.gateways?.(flags) ?? []);
    for await (const part of serving.open?.(flags, context) ?? []) {
      gateways.push(...part.gateways ?? []);
      if (part[Symbol.asyncDispose]) opening.use(part as AsyncDisposable);
    }
    if (gateways.length > before || serving.routes === undefined) continue;
    // Its option has a value: `--queue URL`, and a queue in memory is refused there.
    if (name !== "jobs") throw new Error(`Cannot open the gateway of ${name}: add it here`);
    gateways.push(createJobsGateway(queue));
  }
  const opened = opening.move();
  return { gateways, queue, [Symbol.asyncDispose]: () => opened.disposeAsync() };
}

function camelCase(words: string): string {
  return words.replace(/-(\w)/g, (_, letter) => letter.toUpperCase());
}
