// `holdfast serve --processes`: this process serves nothing. It starts those that do, keeps what they
// must share, and replaces them.
import { createServiceMemory } from "../../apps/server/memory/service_memory.ts";
import { takeSharedPort } from "./shared_port.ts";
import { aborted, findRegistry, invalid, ownCommand } from "../../apps/cli/extending.ts";
import type { CommandContext } from "../../apps/cli/extending.ts";
import { auditSink } from "../../apps/cli/services/serve_audit.ts";
import { reloadOnHangup } from "../../apps/cli/services/serve_reload.ts";
import {
  DEFAULT_HOST,
  DEFAULT_PORT,
  DEFAULT_STOP_MS,
  type ServeFlags,
} from "../../apps/cli/services/serve_options.ts";
import type { Serving } from "../../apps/cli/program/extension.ts";
import { openGateways } from "../../apps/cli/services/serve_parts.ts";
import { readTokens } from "../../apps/cli/services/serve_tokens.ts";
import { ProcessGroup } from "./process_group.ts";

/** How much longer than its requests a process may take to end. */
const END_MS = 10_000;

type Instead = Parameters<NonNullable<Serving["instead"]>>[2];
type SeveralFlags = ServeFlags & { processes?: number };

/** Serves with several processes until `use` has ended. Returns the number of requests that were cut. */
export async function superviseProcesses(
  flags: SeveralFlags,
  context: CommandContext,
  { extensions, use }: Instead,
): Promise<number | undefined> {
  const { io, shared } = context;
  const { processes = 1, host = DEFAULT_HOST } = flags;
  refuseMemoryRegistry(context);
  const audit = auditSink(flags.audit, io);
  await audit?.check?.();
  const gateways = await openGateways(extensions, flags);
  const taken = await takeSharedPort({ host, port: flags.port ?? DEFAULT_PORT });
  const group = new ProcessGroup({
    command: ownCommand(shared),
    cwd: io.cwd,
    memory: createServiceMemory(io.system, audit),
    kinds: gateways.flatMap(({ memory = [] }) => memory),
    system: io.system,
    message: {
      flags: { ...flags, port: taken.port },
      shared,
      processes,
      ...flags.tokens === "-" && { tokens: await readTokens(io) },
    },
    note: (text) => context.note(text),
    onText: (line) => void io.stderr.write(`${line}\n`),
  });
  const stopReloading = reloadOnHangup(group, context);
  let cut: number | undefined;
  try {
    await untilStopped(group, flags, { use, signal: io.signal });
  } finally {
    stopReloading();
    cut = await stopGroup(group, flags, context);
    await taken.release();
  }
  return cut;
}

async function untilStopped(
  group: ProcessGroup,
  flags: SeveralFlags,
  { use, signal }: Pick<Instead, "use"> & { signal: AbortSignal },
): Promise<void> {
  const stopped = aborted(signal);
  const orStopped = async <T>(starting: Promise<T>): Promise<T> => {
    starting.catch(() => {}); // after a stop
    return await Promise.race([starting, stopped.then(() => Promise.reject(signal.reason))]);
  };
  const first = await orStopped(group.start(0)); // alone: all would fail with the same error
  const others = Array.from({ length: (flags.processes ?? 1) - 1 }, (_, i) => group.start(i + 1));
  const all = [first, ...await orStopped(Promise.all(others))];
  const served = use(first.started);
  const kept = Promise.all(all.map(({ process }, index) => group.keep(index, process)));
  kept.catch(() => {}); // after a stop
  await Promise.race([served, kept]);
}

/** Stops all processes. Returns undefined if a second signal, or a process that hangs, cut that. */
async function stopGroup(
  group: ProcessGroup,
  { stopWithin = DEFAULT_STOP_MS }: ServeFlags,
  { io }: CommandContext,
): Promise<number | undefined> {
  const ended = new AbortController();
  const stopping = group.stop().finally(() => ended.abort());
  const late = io.system.sleep(stopWithin + END_MS, ended.signal).catch(() => stopping);
  const second = io.secondStop === undefined ? late : aborted(io.secondStop);
  const cut = await Promise.race([
    stopping,
    late.then(() => undefined),
    second.then(() => undefined),
  ]);
  if (typeof cut === "number") return cut;
  group.kill();
  await stopping;
  return undefined;
}

function refuseMemoryRegistry({ io, shared }: CommandContext): void {
  if (!/^memory:/i.test(findRegistry(shared.registry, io).location)) return;
  const state = "a registry in memory belongs to one process";
  throw invalid("serve with several processes", state, "Omit --processes, or use a folder.");
}
