// `holdfast serve --processes`: this process serves nothing. It starts those that do, keeps what they
// must share, and replaces them.
import { createServiceMemory } from "../../apps/server/memory/service_memory.ts";
import { takeSharedPort } from "./shared_port.ts";
import { aborted, type CommandContext, findRegistry } from "../../apps/cli/extending.ts";
import { invalid, ownCommand } from "../../apps/cli/extending.ts";
import type { Serving } from "../../apps/cli/program/extension.ts";
import { ProcessGroup } from "./process_group.ts";
import type { StartMessage } from "./start_message.ts";

/** How much longer than its requests a process may take to end. */
const END_MS = 10_000;

type Instead = Parameters<NonNullable<Serving["instead"]>>[2];
type SeveralFlags = StartMessage["flags"] & { processes?: number };

/** Serves with several processes until `use` has ended. Returns the number of requests that were cut. */
export async function superviseProcesses(
  flags: SeveralFlags,
  context: CommandContext,
  serving: Instead,
): Promise<number | undefined> {
  const { io, shared } = context;
  const { processes = 1 } = flags;
  refuseMemoryRegistry(context);
  const audit = serving.openAudit();
  await audit?.check?.();
  const gateways = await serving.openGateways();
  const taken = await takeSharedPort(serving);
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
      tokens: await serving.readTokens(),
    },
    note: (text) => context.note(text),
    onText: (line) => void io.stderr.write(`${line}\n`),
  });
  const stopReloading = serving.reloadOnHangup(group);
  let cut: number | undefined;
  try {
    await untilStopped(group, processes, { use: serving.use, signal: io.signal });
  } finally {
    stopReloading();
    cut = await stopGroup(group, serving, context);
    await taken.release();
  }
  return cut;
}

async function untilStopped(
  group: ProcessGroup,
  processes: number,
  { use, signal }: Pick<Instead, "use"> & { signal: AbortSignal },
): Promise<void> {
  const stopped = aborted(signal);
  const orStopped = async <T>(starting: Promise<T>): Promise<T> => {
    starting.catch(() => {}); // after a stop
    return await Promise.race([starting, stopped.then(() => Promise.reject(signal.reason))]);
  };
  const first = await orStopped(group.start(0)); // alone: all would fail with the same error
  const others = Array.from({ length: processes - 1 }, (_, i) => group.start(i + 1));
  const all = [first, ...await orStopped(Promise.all(others))];
  const served = use(first.started);
  const kept = Promise.all(all.map(({ process }, index) => group.keep(index, process)));
  kept.catch(() => {}); // after a stop
  await Promise.race([served, kept]);
}

/** Stops all processes. Returns undefined if a second signal, or a process that hangs, cut that. */
async function stopGroup(
  group: ProcessGroup,
  { stopWithin }: Instead,
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
