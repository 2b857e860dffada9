// A store of a world, and the views of its processes.
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
  /** Longest lag of listings, milliseconds. */
  staleMs: number;
  disturbs: boolean;
  /** True if no read returns the note of an earlier run; it may be wrong otherwise. */
  hasCurrentNotes?: boolean;
  /** True if all notes are read as they were written. */
  hasRightNotes?: boolean;
}

export interface Viewer {
  process: SimulatedProcess;
  plan: ActorPlan;
  system: SimulatedSystem;
  fenced(): void;
}

export interface SiteOptions {
  location?: string;
  settings?: SimulatedSettings;
  view?: (recorded: Backend, viewer: Viewer) => Backend;
  staleMs?: number;
  disturbs?: boolean;
}
