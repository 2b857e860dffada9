/**
 * What verification does not look at.
 *
 * @module
 */
import { isPrefix } from "../../core/backend.ts";
import type { Context } from "../context.ts";
import { AUXILIARY, NAMES, OBJECTS, parsePayloadKey, SETTINGS } from "../layout.ts";

/** What {@linkcode verifyRegistry} did not look at. */
export interface VerifyUnseen {
  /** How many names were not asked for. */
  names: number;
  /** How many files were not read, for `deep` was false. */
  files: number;
  /** Of how many older generations of versions the record was read and the files were not: no reader sees them. */
  generations: number;
  /** How many objects no reader needs: direct uploads, marks, notes, and what is kept for later releases. */
  auxiliary: number;
  /** How many objects have keys that no registry gives: somebody else put them there. */
  strangers: number;
}

/** Counts what lies among payload and is none. */
export async function countStrangers(
  { backend }: Context,
  prefix: string,
  unseen: VerifyUnseen,
  signal?: AbortSignal,
): Promise<void> {
  for await (const entry of backend.list(prefix, { signal })) {
    if (!isPrefix(entry) && parsePayloadKey(entry.key) === undefined) unseen.strangers++;
  }
}

/** Counts what lies beside records and payload. */
export async function countAside({ backend }: Context, unseen: VerifyUnseen, signal?: AbortSignal): Promise<void> {
  for await (const top of backend.list("", { delimiter: "/", signal })) {
    if (!isPrefix(top)) unseen.strangers++;
    else if (![SETTINGS, NAMES, OBJECTS].includes(top.prefix)) {
      const kind = AUXILIARY.includes(top.prefix) ? "auxiliary" : "strangers";
      for await (const _ of backend.list(top.prefix, { signal })) unseen[kind]++;
    }
  }
}
