// Fifty faults of the protocol, by which the power of the simulation is measured: how many of them does
// one run of CI find? `deno task mutants simulation` counts, and writes the table simulation.md.
import { valueAt } from "../../../core/faults/present.ts";
import type { Mutant } from "../mutant.ts";
import { GARBAGE } from "./garbage.ts";
import { PROTOCOL } from "./protocol.ts";
import { SAVING } from "./saving.ts";

const COMMIT_DRAFT = "registry/operations/drafts/commit_draft.ts";
const CHECK_LISTS = "extensions/maintenance/garbage/check_lists.ts";
const KEYED = "registry/operations/target/keyed.ts";
const OPERATION = "registry/cell/operation.ts";
const TARGET = "registry/operations/target/target.ts";
const OF_NAME = "extensions/maintenance/garbage/garbage_of_name.ts";

/** Mutants that a test finds, too. Here, only the simulation runs. */
const OF_TESTS = [
  "rules/read-back-first-exists",
  "rules/stay-on-unresolved-key",
  "rules/deadline",
  "rules/void-records",
  "rules/grace",
  "rules/mark-first",
  "rules/keep-generation-one",
  "rules/head-age",
  "rules/reread-base",
  "cell/exists-is-own",
  "cell/lost-reply-is-a-refusal",
  "cell/abort-after-send-is-an-abort",
  "cell/fenced-tries-again",
  "cell/landing-not-checked",
  "cell/read-back-success-not-settled",
  "cell/refusal-forgets-what-was-sent",
  "cell/stale-listing-lowers-the-head",
  "cell/only-the-first-send-is-checked",
  "operation/no-store-clock",
  "voids/late-after-twice-the-grace",
  "target/numbered-below-what-is-known",
  "keyed/race-saves-twice",
  "keyed/void-result-counts",
  "save/tombstone-taken-for-the-base",
  "save/shared-objects-not-settled",
  "payload/unresolved-payload-removed",
  "payload/no-sign-of-life",
  "garbage/lowered-at-once",
  "garbage/late-record-replaces",
  "garbage/payload-of-the-young-removed",
  "drafts/payload-is-not-needed",
  "drafts/late-part-counts",
];

const OWN: Mutant[] = [
  {
    name: "cell/create-overwrites",
    file: "registry/cell/cell.ts",
    text: `mode: "create",`,
    replacement: `mode: "overwrite",`,
  },
  {
    name: "operation/start-is-the-time-of-sending",
    file: OPERATION,
    text: "startedAt: new Date(this.#began())",
    replacement: "startedAt: new Date(this.#store.system.now())",
  },
  {
    name: "operation/renewed-at-the-reply",
    file: OPERATION,
    text: "this.#start = sentAt;",
    replacement: "this.#start = this.moment();",
  },
  {
    name: "save/inputs-noted-after-the-record",
    file: "registry/operations/saving/commit.ts",
    text:
      "    await announceInputs(context, operation, { name, version, inputs, materializer });\n",
    replacement: "",
    also: [{
      file: "registry/operations/saving/commit.ts",
      text: "if (outcome.won) {",
      replacement:
        "if (outcome.won) {\n      await announceInputs(context, operation, { name, version, inputs, materializer });",
    }],
  },
  {
    name: "save/base-that-landed-late-is-shared",
    file: "registry/payload/base.ts",
    text: "const late = await isLate(store, object, signal);",
    replacement: "const late = false;",
  },
  {
    name: "keyed/target-not-noted-first",
    file: KEYED,
    text: "const generation = (known?.generation ?? 0) + 1;",
    replacement:
      `if ("target" in choice) return choice;\n      const generation = (known?.generation ?? 0) + 1;`,
  },
  {
    name: "keyed/late-result-is-returned",
    file: KEYED,
    text: "if (this.#again !== undefined) return undefined;",
    replacement: "this.#again = undefined;",
  },
  {
    name: "keyed/look-at-the-key-renews-the-head",
    file: TARGET,
    text:
      "isStaleView(operation, lookedAt)) await look();\n      else operation.views.head = lookedAt;",
    replacement: "isStaleView(operation, operation.views.head!)) await look();",
  },
  {
    name: "target/late-version-is-skipped-for",
    file: TARGET,
    text: `return onConflict === "skip" && found`,
    replacement: `return false && found`,
  },
  {
    name: "undelete/late-version-is-live",
    file: "registry/operations/undelete/deleted_version.ts",
    text: "if (!lasting || !await mayBecomeVoid(context, object, signal))",
    replacement: "if (record.size >= 0)",
  },
  {
    name: "lists/not-checked",
    file: OF_NAME,
    text: "  await checkLists(collection, { name, cells, records, note }, going);\n",
    replacement: "",
  },
  {
    name: "lists/record-above-not-asked-for",
    file: CHECK_LISTS,
    text: "own === undefined ? [first] : keysAbove(own, records)",
    replacement: "own === undefined ? [first] : []",
  },
  {
    name: "lists/first-record-not-asked-for",
    file: CHECK_LISTS,
    text: "own === undefined ? [first] : keysAbove(own, records)",
    replacement: "own === undefined ? [] : keysAbove(own, records)",
  },
  {
    name: "lists/target-of-a-key-not-asked-for",
    file: CHECK_LISTS,
    text: "records.get(key)?.target ?? []",
    replacement: "[]",
  },
  {
    name: "lists/noted-records-not-asked-for",
    file: CHECK_LISTS,
    text: "isRemoving || note.isRead ? await note.unlisted(listed) : []",
    replacement: "[]",
  },
  {
    name: "garbage/payload-of-a-part-goes-at-once",
    file: "extensions/maintenance/garbage/second_run.ts",
    text: "if (before.has(place) && since < mark - restMs)",
    replacement: "if (since <= mark)",
  },
  {
    name: "drafts/parts-listed-before-the-draft-closes",
    file: COMMIT_DRAFT,
    text: "    await closeDraft(draft);\n    const closed = await lookAtDraft(draft);\n",
    replacement: "    const closed = await lookAtDraft(draft);\n    await closeDraft(draft);\n",
  },
  {
    name: "garbage/history-of-an-alias-goes",
    file: OF_NAME,
    text: `if (cell.kind === "alias" || cell.kind === "note") return;`,
    replacement: `if (cell.kind === "note") return;`,
  },
];

const BY_NAME = new Map(
  [...PROTOCOL, ...SAVING, ...GARBAGE].map((mutant) => [mutant.name, mutant]),
);

export const SEEDED: readonly Mutant[] = [
  ...OF_TESTS.map((name) => ({ ...valueAt(BY_NAME, name), test: undefined, seeds: undefined })),
  ...OWN,
];

/** The schedules that are for faults which the others hardly show. */
export const SHOWN_BY: Readonly<Record<string, string>> = {
  "rules/head-age": "long upload",
  "rules/reread-base": "long upload",
  "cell/fenced-tries-again": "staged links",
  "cell/landing-not-checked": "slow commits",
  "cell/read-back-success-not-settled": "power cuts",
  "cell/refusal-forgets-what-was-sent": "long retry",
  "cell/stale-listing-lowers-the-head": "stale lists",
  "cell/only-the-first-send-is-checked": "long retry",
  "operation/no-store-clock": "frozen uploads",
  "target/numbered-below-what-is-known": "stale lists",
  "voids/late-after-twice-the-grace": "slow commits",
  "keyed/race-saves-twice": "racing keys",
  "keyed/void-result-counts": "repeated late",
  "save/tombstone-taken-for-the-base": "long upload",
  "save/shared-objects-not-settled": "power cuts",
  "payload/no-sign-of-life": "long upload",
  "garbage/lowered-at-once": "changed graces",
  "garbage/late-record-replaces": "two collectors",
  "drafts/payload-is-not-needed": "drafts",
  "drafts/late-part-counts": "late parts",
  "operation/start-is-the-time-of-sending": "repeated late",
  "operation/renewed-at-the-reply": "slow renewals",
  "save/base-that-landed-late-is-shared": "two collectors",
  "keyed/late-result-is-returned": "repeated late",
  "keyed/look-at-the-key-renews-the-head": "long upload",
  "target/late-version-is-skipped-for": "repeated late",
  "undelete/late-version-is-live": "repeated late",
  "lists/not-checked": "incomplete lists",
  "lists/record-above-not-asked-for": "incomplete lists",
  "lists/first-record-not-asked-for": "incomplete lists",
  "lists/target-of-a-key-not-asked-for": "incomplete lists",
  "garbage/payload-of-a-part-goes-at-once": "wrong lists",
  "drafts/parts-listed-before-the-draft-closes": "beside-commits",
};
