// A version that the caller names, or the only one where versions are not kept.
import { fault, type RegistryError } from "../../core/errors.ts";
import type { OnConflict } from "../../core/registry.ts";
import type { Version } from "../../core/naming/versions.ts";
import { knownFrom, viewHead } from "../cell/cell.ts";
import type { KnownHead } from "../cell/cell.ts";
import type { Context } from "../opening/context.ts";
import type { FoundRecord } from "../cell/heads.ts";
import { versionCell } from "../layout.ts";
import type { Operation } from "../cell/operation.ts";
import { sinceAbove } from "../cell/since.ts";
import { isStaleView } from "../payload/base.ts";
import { versionExists } from "./target.ts";
import type { Choice, TargetChooser } from "./target.ts";

export interface ExplicitOptions {
  /** See `SaveOptions.onConflict`. */
  onConflict: OnConflict;
  /** See `SaveOptions.ifCommit`. */
  ifCommit?: string;
  /** The generation that may be written above though nothing may be replaced: nothing counts there, nor below. */
  above?: number;
}

export function explicitTarget(
  context: Context,
  operation: Operation,
  artifact: { name: string; version: Version },
  options: ExplicitOptions,
): TargetChooser {
  const { name, version } = artifact;
  const { onConflict, ifCommit, above } = options;
  const overwrite = onConflict === "overwrite";
  const cell = versionCell(name, version, context.settings.versioned);
  const ref = `${name}@${version.canonical}`;
  let known: KnownHead | undefined;
  let looked = false;

  return {
    async choose(early): Promise<Choice> {
      // The first generation of a version that nobody may replace needs no look: its create tells.
      if (!early && !overwrite && above === undefined && !looked) {
        return { target: { version, cell, generation: 1 } };
      }
      if (!looked || isStaleView(operation, "head")) {
        known = await viewHead(context, operation, cell, known);
        looked = true;
      }
      if (ifCommit !== undefined && (known?.dead || known?.found?.record.commit !== ifCommit)) {
        throw changed();
      }
      if (known === undefined) return { target: { version, cell, generation: 1 } };
      if (!overwrite && known.generation !== above) return { existing: existing(known) };
      const { generation, previous } = known;
      return {
        target: { version, cell, generation: generation + 1, previous, since: sinceAbove(known) },
      };
    },

    keep: (existing) => Promise.resolve({ existing }),

    async lost(target, found) {
      known = await knownFrom(context, operation, target.generation, found);
      looked = false;
      if (ifCommit !== undefined) throw changed();
      if (overwrite) return undefined;
      known = await viewHead(context, operation, cell, known);
      return existing(known!);
    },
  };

  function existing(head: KnownHead): FoundRecord {
    if (onConflict === "skip" && head.found?.record.kind === "version") return head.found;
    throw versionExists(context, ref, head);
  }

  function changed(): RegistryError {
    const now = known === undefined
      ? "there is none"
      : known.dead
      ? "it was deleted"
      : "another commit is there";
    return fault({
      code: "Conflict",
      action: "overwrite",
      subject: `"${ref}" of commit ${ifCommit}`,
      state: now,
      hint: "Read it again, and decide whether your change still applies.",
      backend: context.backend.location,
    });
  }
}
