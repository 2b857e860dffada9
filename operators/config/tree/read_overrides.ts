// Overrides as they are written: files, and lines like `operators.clean.params.lr=0.2`.
import type { ConfigSource } from "./node.ts";
import { type Assignment, assignmentsOf } from "./overrides.ts";
import type { ProblemList } from "./problems.ts";
import { languageOf, parseTree } from "./read_tree.ts";
import { parseYamlTree } from "./yaml.ts";

export type OverrideText = { kind: "file"; source: ConfigSource } | {
  kind: "set";
  lines: readonly string[];
};

export function readOverrides(texts: readonly OverrideText[], problems: ProblemList): Assignment[] {
  return texts.flatMap((text) => {
    if (text.kind === "set") return readLines(text.lines, problems);
    const tree = parseTree(text.source, languageOf(text.source.file ?? ""), { problems });
    return tree === undefined ? [] : assignmentsOf(tree);
  });
}

/** Each line is a text of its own: the line number of a mistake says which it was. */
function readLines(lines: readonly string[], problems: ProblemList): Assignment[] {
  const assignments: Assignment[] = [];
  for (const [index, line] of lines.entries()) {
    const before = "\n".repeat(index);
    const source: ConfigSource = { file: "--set", text: before + line };
    const place = { source, offset: before.length };
    const equals = line.indexOf("=");
    if (equals < 1) {
      const hint = "Write path.to.key=value: operators.clean.params.lr=0.2";
      problems.add(place, {
        message: `an override has no ${equals < 0 ? "=" : "path before ="}`,
        hint,
      });
      continue;
    }
    const start = before.length + equals + 1;
    const told = problems.count;
    const node = parseYamlTree(source, problems, start);
    if (problems.count > told) continue;
    const empty = { kind: "scalar", place: { source, offset: start }, value: null } as const;
    assignments.push({ path: line.slice(0, equals).trim(), place, node: node ?? empty });
  }
  return assignments;
}
