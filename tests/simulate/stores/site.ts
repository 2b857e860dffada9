// One of the stores of a world, and how its processes see it.
import type { Backend } from "../../../core/backend.ts";
import type { ActorPlan } from "../actor.ts";
import type { NoteWatch } from "../checks/check_lineage.ts";
import type { Ledger } from "../ledger.ts";
import type { SimulatedSettings } from "../schedules/schedule.ts";
import type { SimulatedProcess, SimulatedSystem } from "../simulated_system.ts";

export interface Site extends Pick<SiteOptions, "view" | "settings"> {
  readonly name: string;
  readonly ledger: Ledger;
  readonly notes: NoteWatch;
  recorded(actor: string): Backend;
  /** How long a listing may take to show what others wrote, milliseconds. */
  staleMs: number;
  disturbs: boolean;
}

export interface Viewer {
  process: SimulatedProcess;
  plan: ActorPlan;
  system: SimulatedSystem;
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
