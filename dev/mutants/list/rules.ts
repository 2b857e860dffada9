// The nine rules of the commit protocol, each left out.
import type { Mutant } from "../mutant.ts";

/** The nine rules of the commit protocol, each left out. */
export const RULES: readonly Mutant[] = [
  {
    name: "rules/read-back-first-exists",
    file: "registry/cell/cell.ts",
    text: "const own = found.record.commit === operation.commit;",
    replacement: `const own = sent !== "exists" && found.record.commit === operation.commit;`,
    foundBy: { seeds: { first: 1, count: 2000 } },
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
    foundBy: { seeds: { first: 1, count: 2000 } },
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
    foundBy: { seeds: { first: 1, count: 2000 } },
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
    foundBy: { seeds: { first: 1, count: 2000 } },
  },
  {
    name: "rules/grace",
    file: "registry/maintenance/collect_garbage.ts",
    text: "modifiedAt < markAt() - graceMs",
    replacement: "modifiedAt < markAt()",
    foundBy: { seeds: { first: 1, count: 2000 } },
  },
  {
    name: "rules/mark-first",
    file: "registry/maintenance/collect_garbage.ts",
    text: "modifiedAt < markAt() - graceMs",
    replacement: "modifiedAt < system.now() - graceMs",
    foundBy: { seeds: { first: 1, count: 2000 } },
  },
  {
    name: "rules/keep-generation-one",
    file: "registry/maintenance/garbage_of_name.ts",
    text: "} else if (head.generation > 1) plan",
    replacement: "} else if (head.generation > 0) plan",
    foundBy: { seeds: { first: 1, count: 2000 } },
  },
  {
    name: "rules/head-age",
    file: "registry/cell/operation.ts",
    text: "[start, head, base, draft]",
    replacement: "[start, base, draft]",
    also: [{
      file: "registry/target/automatic.ts",
      text: `!looked || isStaleView(operation, "head")`,
      replacement: "!looked",
    }, {
      file: "registry/target/explicit.ts",
      text: `!looked || isStaleView(operation, "head")`,
      replacement: "!looked",
    }],
    foundBy: { seeds: { first: 1, count: 2000 } },
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
    foundBy: { seeds: { first: 1, count: 2000 } },
  },
];
