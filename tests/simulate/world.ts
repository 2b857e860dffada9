/**
 * A simulated world around one store: its history, its truth, and the actors that use it.
 *
 * @module
 */
import { createMemoryBackend } from "../../backends/memory.ts";
import type { Backend } from "../../core/backend.ts";
import { createMaterializerSet } from "../../core/materializer.ts";
import type { OpenOptions } from "../../core/registry.ts";
import { openOnBackend } from "../../registry/mod.ts";
import { createActor } from "./actor.ts";
import type { Actor } from "./actor.ts";
import { createBundleMaterializer } from "./bundle.ts";
import { createLedger } from "./ledger.ts";
import type { Ledger } from "./ledger.ts";
import { createOperationLog } from "./operation_log.ts";
import type { LoggedOperation, OperationLog } from "./operation_log.ts";
import type { Random } from "./random.ts";
import { createSimulatedSystem } from "./simulated_system.ts";
import type { SimulatedSystem } from "./simulated_system.ts";
import { withFaults } from "./with_faults.ts";
import type { Fault, StoreCall } from "./with_faults.ts";
import { createHistory, withHistory } from "./with_history.ts";
import type { History } from "./with_history.ts";
import { withProcess } from "./with_process.ts";
import type { CallPause } from "./with_process.ts";

/** The grace of simulated registries: the shortest that there is. */
export const GRACE_MS = 3_600_000;

/** A simulated world around one store. */
export interface World {
  /** Draws of the schedule. */
  readonly random: Random;
  /** The clock of the store and the network. */
  readonly system: SimulatedSystem;
  /** What truly happened. */
  readonly history: History;
  /** What it means. */
  readonly ledger: Ledger;
  /** What the actors did and were told. */
  readonly log: OperationLog;
  /** All actors, in the order they came. */
  readonly actors: readonly Actor[];
  /** Starts a process and opens the registry in it; undefined where that failed or the process was killed. */
  actor(name: string, options?: ActorOptions): Promise<Actor | undefined>;
}

/** Options of {@linkcode World.actor}. */
export interface ActorOptions extends Pick<OpenOptions, "mutable" | "versioned" | "retryForMs" | "create"> {
  /** How far its wall clock is ahead, milliseconds. @default 0 */
  skewMs?: number;
  /** What goes wrong with its calls. @default nothing */
  fault?: (call: StoreCall) => Fault | undefined;
  /** When it stands still. @default never */
  pause?: (call: StoreCall) => CallPause | undefined;
}

/** Options of {@linkcode createWorld}. */
export interface WorldOptions {
  /** The store. @default memory, with this world's clock */
  store?: (system: SimulatedSystem, history: History) => Backend;
}

/** Creates a world from a seed. */
export function createWorld(seed: number, options: WorldOptions = {}): World {
  const { store: createStore } = options;
  const system = createSimulatedSystem(seed);
  const random = system.randomness.fork();
  const network = system.randomness.fork();
  const history = createHistory();
  const ledger = createLedger(GRACE_MS);
  history.listen((effect) => ledger.apply(effect));
  const store = createStore?.(system, history) ?? createMemoryBackend({ system, id: "simulated" });
  const log = createOperationLog(() => ({ order: history.order, at: system.now() }));
  const actors: Actor[] = [];

  async function actor(name: string, options: ActorOptions = {}): Promise<Actor | undefined> {
    const { skewMs, fault, pause, ...open } = options;
    let current: LoggedOperation | undefined;
    const process = system.process(name, { skewMs, onId: (id) => current && log.claim(id, current) });
    const plan = { fault, pause };
    const reading = { restMs: 0 };
    const recorded = withHistory(store, { history, now: system.now, actor: name, hold: system.scheduler.hold });
    const faulty = withFaults(recorded, {
      choose: (call) => plan.fault?.(call),
      sleep: (ms) => system.sleep(ms),
      latencyMs: () => network.between(0.5, 20),
    });
    const backend = withProcess(faulty, { process, pause: (call) => plan.pause?.(call) });
    const materializers = createMaterializerSet([createBundleMaterializer(process.system, reading)]);
    const opened = { ...open, graceMs: GRACE_MS, system: process.system, materializers };
    const opening = openOnBackend(backend, opened);
    opening.catch(() => {}); // seen below, unless the process was killed first
    const registry = await Promise.race([opening, process.death]).catch(() => undefined);
    if (registry === undefined) return undefined;
    const made = createActor({
      process,
      registry,
      reading,
      plan,
      log,
      system,
      enter: (operation) => current = operation,
    });
    actors.push(made);
    return made;
  }

  return { random, system, history, ledger, log, actors, actor };
}
