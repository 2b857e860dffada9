// One of the stores of a world, and how its processes see it.
import type { Backend } from "../../../core/backend.ts";
import type { ActorPlan } from "../actor.ts";
import type { NoteWatch } from "../checks/check_lineage.ts";
import type { Ledger } from "../ledger.ts";
import type { SimulatedSettings } from "../schedules/schedule.ts";
import type { SimulatedProcess, SimulatedSystem } from "../simulated_system.ts";

/** A store with one registry in it. */
export interface Site extends Pick<SiteOptions, "view" | "settings"> {
  /** What it is called. */
  readonly name: string;
  /** What its objects say at each moment. */
  readonly ledger: Ledger;
  /** What is noted of lineage. */
  readonly notes: NoteWatch;
  /** The store, as whoever asks for it under a name: its changes are recorded under that name. */
  recorded(actor: string): Backend;
  /** How long a listing may take to show what others wrote, milliseconds. */
  staleMs: number;
  /** Whether the store itself may make an operation fail whose calls all went well. */
  disturbs: boolean;
}

/** What a view of a store is made for. */
export interface Viewer {
  /** The process that looks. */
  process: SimulatedProcess;
  /** What goes wrong for it. */
  plan: ActorPlan;
  /** The world. */
  system: SimulatedSystem;
  /** Hears that the store gave up a write of it: what it does must not be sent again. */
  fenced(): void;
}

/** Options of {@linkcode World.site}. */
export interface SiteOptions {
  /** Where it is, for registries and caches. @default "simulated" */
  location?: string;
  /** What the registry is. @default as in "main" */
  settings?: SimulatedSettings;
  /** What processes see of the store. @default the store */
  view?: (recorded: Backend, viewer: Viewer) => Backend;
  /** See {@linkcode Site.staleMs}. @default 0 */
  staleMs?: number;
  /** See {@linkcode Site.disturbs}. @default false */
  disturbs?: boolean;
}
