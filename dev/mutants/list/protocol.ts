// Mistakes in the commit protocol: cells, heads, times, retries.
import type { Mutant } from "../mutant.ts";

/** Mistakes in the commit protocol: cells, heads, times, retries. */
export const PROTOCOL: readonly Mutant[] = [
  {
    name: "rules/read-back-first-exists",
    file: "registry/cell/cell.ts",
    text: "const own = found.record.commit === operation.commit;",
    replacement: `const own = sent !== "exists" && found.record.commit === operation.commit;`,
    foundBy: { seeds: { "first": 1, "count": 2000 } },
  },
  {
    name: "rules/stay-on-unresolved-key",
    file: "registry/cell/cell.ts",
    text: "await patience.wait(sent);",
    replacement: `if (sent === "lost") {
      operation.unresolved = false;
      const record = { kind: "version", commit: "", startedAt: "1970-01-01T00:00:00.000Z", files: [] };
      return { won: false, found: { record, inline: bytes, info: { key, size: 1, modifiedAt: 0 } } as never };
    }
    await patience.wait(sent);`,
    foundBy: { seeds: { "first": 1, "count": 2000 } },
  },
  {
    name: "rules/deadline",
    file: "registry/cell/operation.ts",
    text: "committing ? [start, head, base, draft] : [start]",
    replacement: "committing ? [head, base, draft].filter((view) => view !== start) : []",
    also: [{
      file: "registry/cell/cell.ts",
      text: "if (!operation.landedLate(info)) return;",
      replacement: "return;",
    }],
    foundBy: { seeds: { "first": 1, "count": 2000 } },
  },
  {
    name: "rules/void-records",
    file: "registry/cell/voids.ts",
    text: "return isLate(context, found) && objectsOf",
    replacement: "return false && objectsOf",
    also: [{
      file: "registry/load.ts",
      text: "if (isLate(context, found)) noteVoid",
      replacement: "if (false) noteVoid",
    }],
    foundBy: { seeds: { "first": 1, "count": 2000 } },
  },
  {
    name: "rules/grace",
    file: "registry/maintenance/collection.ts",
    text: "modifiedAt < this.markAt() - this.graceMs",
    replacement: "modifiedAt < this.markAt()",
    foundBy: { seeds: { "first": 1, "count": 2000 } },
  },
  {
    name: "rules/mark-first",
    file: "registry/maintenance/collection.ts",
    text: "modifiedAt < this.markAt() - this.graceMs",
    replacement: "modifiedAt < this.context.system.now() - this.graceMs",
    foundBy: { seeds: { "first": 1, "count": 2000 } },
  },
  {
    name: "rules/keep-generation-one",
    file: "registry/maintenance/garbage_of_name.ts",
    text: "} else if (head.generation > 1) plan",
    replacement: "} else if (head.generation > 0) plan",
    foundBy: { seeds: { "first": 1, "count": 2000 } },
  },
  {
    name: "rules/head-age",
    file: "registry/cell/operation.ts",
    text: "[start, head, base, draft]",
    replacement: "[start, base, draft]",
    also: [{
      file: "registry/target/target.ts",
      text: `!looked || isStaleView(operation, "head")) await look();`,
      replacement: "!looked) await look();",
    }, {
      file: "registry/target/target.ts",
      text: `!looked || isStaleView(operation, "head")) {`,
      replacement: "!looked) {",
    }],
    foundBy: { seeds: { "first": 1, "count": 2000 } },
  },
  {
    name: "rules/reread-base",
    file: "registry/cell/operation.ts",
    text: "[start, head, base, draft]",
    replacement: "[start, head, draft]",
    also: [{
      file: "registry/save.ts",
      text: `if (!isStaleView(operation, "base")) return true;`,
      replacement: "if (true) return true;",
    }],
    foundBy: { seeds: { "first": 1, "count": 2000 } },
  },
  {
    name: "cell/exists-is-own",
    file: "registry/cell/cell.ts",
    text: "const own = found.record.commit === operation.commit;",
    replacement: "const own = true;",
    foundBy: {
      test: "tests/registry/cell/cell_test.ts",
      name: `an "exists" with another commit there is a loss`,
    },
  },
  {
    name: "cell/lost-reply-is-a-refusal",
    file: "registry/cell/cell.ts",
    text: `if (error.maybeWritten) return "lost";`,
    replacement: "",
    foundBy: {
      test: "tests/registry/cell/cell_test.ts",
      name: "a refusal for good is reported as it is, unless a lost request came before",
    },
  },
  {
    name: "cell/abort-after-send-is-an-abort",
    file: "registry/cell/cell.ts",
    text: "if (operation.signal?.aborted) throw unknownOutcome(backend, operation, error);",
    replacement: "if (operation.signal?.aborted) throw operation.signal.reason;",
    foundBy: {
      test: "tests/registry/cell/operation_test.ts",
      name: "an abort while a create is in flight is Unknown, landed or not",
    },
  },
  {
    name: "cell/fenced-tries-again",
    file: "registry/cell/cell.ts",
    text: `return "fenced";`,
    replacement: `return "lost";`,
    foundBy: {
      test: "tests/registry/cell/cell_test.ts",
      name: "a writer whom the store gave up never tries again",
    },
  },
  {
    name: "cell/landing-not-checked",
    file: "registry/cell/cell.ts",
    text: "  await checkLanding(context, operation, result.info);\n",
    replacement: "",
    foundBy: {
      test: "tests/registry/cell/cell_test.ts",
      name: "a record with payload that landed too late is no success, though it is the head",
    },
  },
  {
    name: "cell/landing-of-read-back-not-checked",
    file: "registry/cell/cell.ts",
    text: "          await checkLanding(context, operation, found.info);\n",
    replacement: "",
    foundBy: {
      test: "tests/registry/cell/cell_test.ts",
      name: "a record that landed too late is no success:",
    },
  },
  {
    name: "cell/read-back-success-not-settled",
    file: "registry/cell/cell.ts",
    text: "          await settleOwn(context, operation, key);\n",
    replacement: "",
    foundBy: {
      test: "tests/registry/cell/settle_test.ts",
      name: "what a save finds that it had written itself",
    },
  },
  {
    name: "cell/late-below-the-head-counts",
    file: "registry/cell/cell.ts",
    text:
      "if (byOwnClock && (await readHead(context, cell, operation.signal))?.key === info.key) return;",
    replacement: "if (byOwnClock) return;",
    foundBy: {
      test: "tests/registry/cell/cell_test.ts",
      name: "a record that landed too late is no success:",
    },
  },
  {
    name: "cell/refusal-forgets-what-was-sent",
    file: "registry/cell/cell.ts",
    text: "operation.unresolved = wasUnresolved;",
    replacement: "operation.unresolved = false;",
    foundBy: {
      test: "tests/registry/cell/cell_test.ts",
      name:
        "an operation commits at most once, and says truly what became of it, whatever goes wrong",
    },
  },
  {
    name: "cell/stale-listing-lowers-the-head",
    file: "registry/cell/cell.ts",
    text: "head.generation <= (known?.generation ?? 0)",
    replacement: "false",
    foundBy: {
      test: "tests/registry/cell/contention_test.ts",
      name: "knowledge of a head rises against a stale list: overwriting",
    },
  },
  {
    name: "cell/unknown-is-not-maybe-written",
    file: "registry/cell/operation.ts",
    text: "    maybeWritten: true,\n",
    replacement: "",
    foundBy: {
      test: "tests/registry/cell/cell_test.ts",
      name: "a writer whom the store gave up never tries again",
    },
  },
  {
    name: "operation/no-store-clock",
    file: "registry/cell/operation.ts",
    text: "lastReply === undefined ? 0 : lastReply - (since.store ?? firstReply!)",
    replacement: "0",
    foundBy: { test: "tests/registry/cell/operation_test.ts", name: "past graceMs / 4 by the" },
  },
  {
    name: "operation/drift-unnoticed",
    file: "registry/cell/operation.ts",
    text: "Math.abs(drift) > deadlineMs / 4 ? undefined : system.now() + known.ms",
    replacement: "system.now() + known.ms",
    foundBy: { test: "tests/registry/cell/renewal_test.ts", name: "in a process that" },
  },
  {
    name: "operation/landing-judged-too-late",
    file: "registry/cell/operation.ts",
    text: "began() + graceMs / 2",
    replacement: "began() + graceMs * 2",
    foundBy: {
      test: "tests/registry/cell/cell_test.ts",
      name: "a record with payload that landed too late is no success, though it is the head",
    },
  },
  {
    name: "operation/views-not-checked-before-each-send",
    file: "registry/cell/operation.ts",
    text: "committing ? [start, head, base, draft] : [start]",
    replacement: "[start]",
    foundBy: {
      test: "tests/registry/cell/renewal_test.ts",
      name: "a head that was seen graceMs / 4 ago is not written above, whatever was renewed since",
    },
  },
  {
    name: "operation/head-not-checked-before-each-send",
    file: "registry/cell/operation.ts",
    text: "[start, head, base, draft]",
    replacement: "[start, base, draft]",
    foundBy: {
      test: "tests/registry/cell/renewal_test.ts",
      name: "a head that was seen graceMs / 4 ago is not written above, whatever was renewed since",
    },
  },
  {
    name: "operation/store-time-goes-back",
    file: "registry/cell/operation.ts",
    text: "Math.max(lastReply ?? modifiedAt, modifiedAt)",
    replacement: "modifiedAt",
    foundBy: {
      test: "tests/registry/cell/operation_test.ts",
      name: "a reply that tells an earlier time than one before makes no view younger",
    },
  },
  {
    name: "operation/abort-after-send-is-an-abort",
    file: "registry/cell/operation.ts",
    text:
      "      if (operation.unresolved) throw unknownOutcome(backend, operation, signal.reason);\n",
    replacement: "",
    foundBy: {
      test: "tests/registry/cell/operation_test.ts",
      name: "an abort is Unknown once a create was sent, whenever it comes",
    },
  },
  {
    name: "heads/strangers-file-hides-the-head",
    file: "registry/cell/heads.ts",
    text: `"generation" in newest ? newest : await headBehind(context, cell, signal)`,
    replacement: `"generation" in newest ? newest : undefined`,
    foundBy: {
      test: "tests/registry/damage/misplaced_test.ts",
      name: "a stranger's file that is listed before the records of a cell hides none of them",
    },
  },
  {
    name: "heads/generation-not-checked",
    file: "registry/cell/heads.ts",
    text: "if (record.generation !== generationOf",
    replacement: "if (false && record.generation !== generationOf",
    foundBy: {
      test: "tests/registry/damage/misplaced_test.ts",
      name: "a record that was copied to another generation is Corrupt",
    },
  },
  {
    name: "heads/older-version-first",
    file: "registry/cell/heads.ts",
    text: "compareVersions(a.version, b.version) < 0) ? 1 : 0",
    replacement: "compareVersions(a.version, b.version) > 0) ? 1 : 0",
    foundBy: {
      test: "tests/registry/verbs/versions_test.ts",
      name: "versions() and latest order any versions as semantic versioning does",
    },
  },
  {
    name: "voids/restored-records-are-late",
    file: "registry/cell/voids.ts",
    text: "context.createdAt <= startedAt && ",
    replacement: "",
    foundBy: {
      test: "tests/registry/cell/void_records_test.ts",
      name: "in a registry that is younger than its records nothing is void: it was copied",
    },
  },
  {
    name: "voids/half-a-payload-is-enough",
    file: "registry/cell/voids.ts",
    text: "!== undefined) continue;",
    replacement: "!== undefined) return false;",
    foundBy: {
      test: "tests/registry/cell/void_records_test.ts",
      name: "a late record with a long list of files is void where its",
    },
  },
  {
    name: "voids/void-head-hides-the-version-below",
    file: "registry/cell/voids.ts",
    text: "if (head === undefined || !context.voids.has(head.key)) return head;",
    replacement:
      "if (head === undefined || !context.voids.has(head.key)) return head;\n  if (context.voids.size > 0) return undefined;",
    foundBy: {
      test: "tests/registry/cell/void_records_test.ts",
      name: "verify ends where what counts below a void record is damaged, and says so",
    },
  },
  {
    name: "cell/exists-is-another",
    file: "registry/cell/cell.ts",
    text: "const own = found.record.commit === operation.commit;",
    replacement: "const own = false;",
    foundBy: {
      test: "tests/registry/cell/cell_test.ts",
      name: "a hidden repeat of the request is a success",
    },
  },
  {
    name: "cell/only-the-first-send-is-checked",
    file: "registry/cell/cell.ts",
    text: `  for (;;) {
    operation.checkCommit();`,
    replacement: `  operation.checkCommit();
  for (;;) {`,
    foundBy: {
      test: "tests/registry/cell/operation_test.ts",
      name: "a create that may have been sent is not repeated past the deadline",
    },
  },
  {
    name: "voids/late-after-twice-the-grace",
    file: "registry/cell/voids.ts",
    text: "context.settings.leastGraceMs / 2",
    replacement: "context.settings.leastGraceMs * 2",
    foundBy: {
      test: "tests/registry/cell/void_records_test.ts",
      name: "latest passes over a version that is void",
    },
  },
  {
    name: "record/sum-not-checked",
    file: "core/record/record.ts",
    text: "sha256(bytes.subarray(0, summed)) !== sum[1]",
    replacement: "false",
    foundBy: {
      test: "tests/core/record/record_damage_test.ts",
      name: "a line whose members are another record's, or in another order, is Corrupt",
    },
  },
];
