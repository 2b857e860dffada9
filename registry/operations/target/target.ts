// The commit target of a save, a generation of a version's cell: of the next version above all that
// were ever used, or of a given version.
import { type Advice, alreadyExists, conflict, type RegistryError } from "../../../core/errors.ts";
import { compareVersions, FIRST_VERSION, nextVersion } from "../../../core/naming/versions.ts";
import type { Bump, Version } from "../../../core/naming/versions.ts";
import { generationAbove, knownFrom, type KnownHead, viewHead } from "../../cell/cell.ts";
import type { Context } from "../context.ts";
import type { FoundRecord } from "../../cell/heads.ts";
import { isPrefix } from "../../../core/backend.ts";
import { parseCellKey, versionCell, versionsFolder } from "../../format/layout.ts";
import type { Moment, Operation } from "../../cell/operation.ts";
import { isStaleView } from "../../payload/base.ts";
import type { OnConflict } from "../../../core/registry.ts";
import { sinceAbove } from "../../cell/since.ts";
import { mayBecomeVoid } from "../../cell/voids.ts";

export interface Target {
  version: Version;
  cell: string;
  generation: number;
  previous?: string;
  /** First save of the version, if this is not the first record of its cell. */
  since?: string;
}

/** A generation to create, or an existing version to return. */
export type Choice = { target: Target } | { existing: FoundRecord };

export interface TargetChooser {
  /** Chooses. `early` checks before the payload is written, so that hopeless saves end at once. */
  choose(early: boolean): Promise<Choice>;
  /** Returns the result of a save with the same key. Absent without a key. */
  recall?(): Promise<FoundRecord | undefined>;
  /** The record of the key that decided, if an earlier operation wrote it. */
  readonly repeats?: FoundRecord;
  /** Chooses an existing version, unless a save with the same key has chosen otherwise. */
  keep(existing: FoundRecord): Promise<Choice>;
  /**
   * Handles a lost race: throws if it is final, else returns the existing version or undefined to
   * retry.
   */
  lost(target: Target, winner: FoundRecord): Promise<FoundRecord | undefined>;
}

function versionExists(context: Context, ref: string, known: KnownHead): RegistryError {
  const { mutable, versioned } = context.settings;
  const state = known.dead ? "the version was deleted" : "version exists";
  return alreadyExists("save", `"${ref}"`, state, {
    ...howToReplace(mutable, versioned),
    backend: context.backend.location,
  });
}

function howToReplace(mutable: boolean, versioned: boolean): Advice {
  if (mutable) {
    return {
      hint: `Pass onConflict: "overwrite" to replace it${versioned ? ", or another version" : ""}.`,
      reason: versioned ? { kind: "version_replaceable" } : { kind: "value_replaceable" },
    };
  }
  return versioned
    ? {
      hint: "Versions are never reused: leave the version out for the next one, or pass another.",
      reason: { kind: "version_exists" },
    }
    : {
      hint: "Values are never replaced here: use another name, or a mutable registry.",
      reason: { kind: "value_fixed" },
    };
}

/** Chooses the version above the highest, again after each lost race, until time is up. */
export function automaticTarget(
  context: Context,
  operation: Operation,
  name: string,
  bump?: Bump,
): TargetChooser {
  let highest: Version | undefined;
  let lookedAt: Moment | undefined;
  return {
    async choose(): Promise<Choice> {
      if (lookedAt === undefined || isStaleView(operation, lookedAt)) await look();
      const version = highest === undefined ? FIRST_VERSION : nextVersion(highest, bump);
      return { target: { version, cell: versionCell(name, version, true), generation: 1 } };
    },
    keep: (existing) => Promise.resolve({ existing }),
    lost(target) {
      if (highest === undefined || compareVersions(highest, target.version) < 0) {
        highest = target.version;
      }
      lookedAt = undefined;
      return Promise.resolve(undefined);
    },
  };

  /** One entry is enough: releases are listed before prereleases, newest first. */
  async function look(): Promise<void> {
    operation.checkSend();
    const seenAt = operation.moment();
    const listed = await newestVersion();
    operation.views.head = lookedAt = seenAt;
    if (listed === undefined) return;
    if (highest === undefined || compareVersions(highest, listed) < 0) highest = listed;
  }

  async function newestVersion(): Promise<Version | undefined> {
    const { signal } = operation;
    const folder = versionsFolder(name);
    let after: string | undefined;
    for (let limit = 1;; limit = 1000) { // more than one only after foreign files
      let entries = 0;
      for await (const entry of context.backend.list(folder, { limit, after, signal })) {
        const key = isPrefix(entry) ? undefined : parseCellKey(entry.key);
        if (key?.version !== undefined) return key.version;
        after = isPrefix(entry) ? entry.prefix : entry.key;
        entries++;
      }
      if (entries < limit) return undefined;
    }
  }
}

interface ExplicitOptions {
  onConflict: OnConflict;
  ifCommit?: string;
  /** Generation to write above although nothing may be replaced: nothing counts there or below. */
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
  let lookedAt: Moment | undefined;

  return {
    async choose(early): Promise<Choice> {
      // A version that cannot be replaced needs no lookup: the create decides.
      if (!early && !overwrite && above === undefined && lookedAt === undefined) {
        return { target: { version, cell, generation: 1 } };
      }
      if (lookedAt === undefined || isStaleView(operation, lookedAt)) await look();
      else operation.views.head = lookedAt; // that of an idempotency key may be younger
      if (ifCommit !== undefined && (known?.dead || known?.found?.record.commit !== ifCommit)) {
        throw changed();
      }
      if (known === undefined) return { target: { version, cell, generation: 1 } };
      if (!overwrite && known.generation !== above && !await mayExpire(known)) {
        return { existing: existing(known) };
      }
      const { previous, found } = known;
      const generation = generationAbove({ ...known, record: found?.record });
      return { target: { version, cell, generation, previous, since: sinceAbove(known) } };
    },

    keep: (existing) => Promise.resolve({ existing }),

    async lost(target, winner) {
      known = await knownFrom(context, operation, target.generation, winner);
      lookedAt = undefined;
      if (ifCommit !== undefined) throw changed();
      if (overwrite) return undefined;
      await look(); // `choose` writes above it
      return await mayExpire(known) ? undefined : existing(known);
    },
  };

  async function look(): Promise<void> {
    known = await viewHead(context, operation, cell, known);
    lookedAt = operation.views.head;
  }

  /** Returns true for a version that `skip` must not return: it landed late, with payload. */
  async function mayExpire({ found }: KnownHead): Promise<boolean> {
    return onConflict === "skip" && found?.record.kind === "version" &&
      await mayBecomeVoid(context, found, operation.signal);
  }

  function existing(head: KnownHead): FoundRecord {
    if (onConflict === "skip" && head.found?.record.kind === "version") return head.found;
    throw versionExists(context, ref, head);
  }

  function changed(): RegistryError {
    const now = known?.dead ? "it was deleted" : "it was changed after you read it";
    const state = known === undefined ? "no such version" : now;
    return conflict("overwrite", `"${ref}" of commit ${ifCommit}`, state, {
      hint: "Read it again, and decide whether your change still applies.",
      backend: context.backend.location,
    });
  }
}
