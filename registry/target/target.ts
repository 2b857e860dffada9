// Where a save commits: which generation of which version's cell.
import { fault, type RegistryError } from "../../core/errors.ts";
import type { Version } from "../../core/naming/versions.ts";
import type { KnownHead } from "../cell/cell.ts";
import type { Context } from "../opening/context.ts";
import type { FoundRecord } from "../cell/heads.ts";

export interface Target {
  version: Version;
  cell: string;
  generation: number;
  previous?: string;
  /** When the version was first saved, if this is not the first record of its cell. */
  since?: string;
}

/** A generation to create, or the version that is there already and is returned instead. */
export type Choice = { target: Target } | { existing: FoundRecord };

export interface TargetChooser {
  /** Chooses. `early` asks before a payload is written, so that a save that cannot succeed ends before it. */
  choose(early: boolean): Promise<Choice>;
  /** What a save with the same key has ended in; absent where there is no key. */
  recall?(): Promise<FoundRecord | undefined>;
  /** Ends in a version that is there already, unless a save with the same key has chosen otherwise. */
  keep(existing: FoundRecord): Promise<Choice>;
  /** Learns from a lost race. Throws where that is the end; else what exists instead, or undefined to choose again. */
  lost(target: Target, found: FoundRecord): Promise<FoundRecord | undefined>;
}

export function versionExists(context: Context, ref: string, known: KnownHead): RegistryError {
  const { mutable, versioned } = context.settings;
  return fault({
    code: "AlreadyExists",
    action: "save",
    subject: `"${ref}"`,
    state: known.dead ? "the version was deleted" : "version exists",
    hint: mutable
      ? `Pass onConflict: "overwrite" to replace it${versioned ? ", or another version" : ""}.`
      : versioned
      ? "Versions of this registry are never reused: leave the version out for the next one, or pass another."
      : "This registry keeps one value per name and never replaces it: use another name, or a mutable registry.",
    backend: context.backend.location,
  });
}
