// A simulated world around one or several stores: their history, their true state, and the actors
// that use them.
import { createMemoryBackend } from "../../backends/memory.ts";
import type { Backend } from "../../core/backend.ts";
import { createMaterializerSet } from "../../core/materializer.ts";
import type { OpenOptions } from "../../core/registry.ts";
import type { System } from "../../core/system.ts";
import { openOnBackend } from "../../registry/open.ts";
import { withSmallPages } from "./small_pages.ts";
import { type Actor, createActor } from "./actor.ts";
import { createBundleMaterializer } from "./bundle.ts";
import { createNoteWatch } from "./checks/check_lineage.ts";
import { createLabels, type Labels } from "./checks/labels.ts";
import { createSendWatch } from "./checks/send_watch.ts";
import { createLedger } from "./ledger.ts";
import { createOperationLog, type LoggedOperation, type OperationLog } from "./operation_log.ts";
import { createRandom, type Random } from "./random.ts";
import { createSimulatedSystem } from "./simulated_system.ts";
import type { SimulatedProcess, SimulatedSystem } from "./simulated_system.ts";
import type { Site, SiteOptions } from "./stores/site.ts";
import { withWrongNotes } from "./stores/wrong_notes.ts";
import { type Fault, type StoreCall, withFaults } from "./with_faults.ts";
import { createHistory, type History, withHistory } from "./with_history.ts";
import { type CallPause, withProcess } from "./with_process.ts";

/** The least grace, and that of most registries: the shortest allowed. */
export const GRACE_MS = 3_600_000;

export interface World {
  readonly random: Random;
  readonly system: SimulatedSystem;
  readonly history: History;
  readonly sites: readonly Site[];
  readonly log: OperationLog;
  readonly labels: Labels;
  readonly actors: readonly Actor[];
  site(name: string, options?: SiteOptions): Site;
  /** Opens the registry in a new process; undefined if that failed or it was killed. */
  actor(name: string, options?: ActorOptions): Promise<Actor | undefined>;
}

export interface ActorOptions
  extends
    Pick<OpenOptions, "mutable" | "versioned" | "graceMs" | "retryForMs" | "create" | "verify"> {
  skewMs?: number;
  fault?: (call: StoreCall) => Fault | undefined;
  pause?: (call: StoreCall) => CallPause | undefined;
  /** Which registry it opens. @default "main" */
  site?: string;
  /** In which process. @default a new one */
  process?: SimulatedProcess;
  /** The store that it caches in. @default no cache */
  cache?: Backend;
}

export interface WorldOptions {
  /** The store. @default memory, with this world's clock */
  store?: (system: System) => Backend;
}

export function createWorld(seed: number, options: WorldOptions = {}): World {
  const { store: createStore } = options;
  const system = createSimulatedSystem(seed);
  const random = system.randomness.fork();
  const wrongNotes = withWrongNotes(createRandom(seed));
  const network = system.randomness.fork();
  const history = createHistory();
  const labels = createLabels();
  const log = createOperationLog(() => ({ order: history.order, at: system.now() }));
  const actors: Actor[] = [];
  const sites: Site[] = [];
  let disk: Backend["disk"];
  let createdWith = GRACE_MS;

  function addSite(name: string, { location = "simulated", ...rest }: SiteOptions = {}): Site {
    const memory = createMemoryBackend({ system, id: location });
    // A site is restored to the same kind of store.
    const store = name === "main" && createStore?.(system) || { ...memory, disk };
    if (name === "main") disk = store.disk;
    const ledger = createLedger(GRACE_MS);
    const notes = createNoteWatch();
    for (const { apply } of [ledger, notes]) {
      history.listen((effect) => effect.site === name && apply(effect));
    }
    const recorded: Site["recorded"] = (actor) =>
      withHistory(store, {
        history,
        now: system.now,
        actor,
        site: name,
        hold: system.scheduler.hold,
      });
    const site: Site = { name, ledger, notes, recorded, staleMs: 0, disturbs: false, ...rest };
    sites.push(site);
    return site;
  }

  async function actor(name: string, options: ActorOptions = {}): Promise<Actor | undefined> {
    const { skewMs = 0, fault, pause, site: siteName = "main", cache, process: given, ...open } =
      options;
    const site = sites.find((site) => site.name === siteName)!;
    let current: LoggedOperation | undefined;
    const sends = createSendWatch(GRACE_MS / 4);
    const onId = (id: string) => {
      if (current === undefined) return;
      log.claim(id, current);
      sends.began();
    };
    const process = given ?? system.process(name, { skewMs, onId });
    const own = given === undefined
      ? process.system
      : { ...process.system, id: claimed(process.system, onId) };
    const plan = { fault, pause };
    const reading = { restMs: 0 };
    const recorded = site.recorded(name);
    const view = site.view?.(recorded, { process, plan, system, fenced: sends.fenced }) ?? recorded;
    const { hasRightNotes, hasCurrentNotes: areCurrent = false } = site;
    const faulty = withFaults(hasRightNotes ? view : wrongNotes(view, { areCurrent }), {
      choose: (call) => plan.fault?.(call),
      sleep: (ms) => system.sleep(ms),
      latencyMs: () => network.between(0.5, 20),
    });
    const backend = withProcess(faulty, {
      process,
      pause(call) {
        if (current !== undefined && sends.isLate(call, process.system)) {
          current.lateSends.push(call.key);
        }
        return plan.pause?.(call);
      },
    });
    const materializers = createMaterializerSet([createBundleMaterializer(own, reading)]);
    const caching = cache && { cache: { backend: withProcess(cache, { process }) } };
    const { graceMs = createdWith } = open;
    createdWith = graceMs;
    const opened = { ...open, ...caching, graceMs, system: own, materializers };
    const opening = openOnBackend(backend, opened);
    opening.catch(() => {}); // seen below, unless the process was killed first
    const registry = await Promise.race([opening, process.death]).catch(() => undefined);
    if (registry === undefined) return undefined;
    if (seed % 2 === 1) withSmallPages(registry); // also versions of two files have lists in pages
    const made = createActor({
      process,
      registry,
      reading,
      plan,
      log,
      system,
      labels,
      site,
      skewMs,
      cached: cache !== undefined && open.verify !== "full",
      enter: (operation) => current = operation,
    });
    actors.push(made);
    return made;
  }

  addSite("main");
  return { random, system, history, sites, labels, log, actors, site: addSite, actor };
}

/** A second registry in a process: its ids are noted too. */
function claimed({ id }: System, onId: (id: string) => void): () => string {
  return () => {
    const made = id();
    onId(made);
    return made;
  };
}
