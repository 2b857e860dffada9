// The next version: one above the highest that was ever used.
import { isPrefix } from "../../core/backend.ts";
import { compareVersions, FIRST_VERSION, nextVersion } from "../../core/naming/versions.ts";
import type { Bump, Version } from "../../core/naming/versions.ts";
import type { Context } from "../opening/context.ts";
import { parseCellKey, versionCell, versionsFolder } from "../layout.ts";
import type { Operation } from "../cell/operation.ts";
import { isStaleView } from "../payload/base.ts";
import type { Choice, TargetChooser } from "./target.ts";

/** Chooses the version above the highest, again after each lost race: it ends by time, never by a conflict. */
export function automaticTarget(
  context: Context,
  operation: Operation,
  name: string,
  bump?: Bump,
): TargetChooser {
  let highest: Version | undefined;
  let looked = false;
  return {
    async choose(): Promise<Choice> {
      if (!looked || isStaleView(operation, "head")) await look();
      const version = highest === undefined ? FIRST_VERSION : nextVersion(highest, bump);
      return { target: { version, cell: versionCell(name, version, true), generation: 1 } };
    },
    keep: (existing) => Promise.resolve({ existing }),
    lost(target) {
      if (highest === undefined || compareVersions(highest, target.version) < 0) {
        highest = target.version;
      }
      looked = false;
      return Promise.resolve(undefined);
    },
  };

  /** One entry tells: releases are listed before prereleases, and the newest first. */
  async function look(): Promise<void> {
    operation.checkSend();
    const seenAt = operation.moment();
    const listed = await newestVersion();
    operation.views.head = seenAt;
    looked = true;
    if (listed === undefined) return;
    if (highest === undefined || compareVersions(highest, listed) < 0) highest = listed;
  }

  async function newestVersion(): Promise<Version | undefined> {
    const { signal } = operation;
    const folder = versionsFolder(name);
    let after: string | undefined;
    for (let limit = 1;; limit = 1000) { // more than one only where a stranger's files come first
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
