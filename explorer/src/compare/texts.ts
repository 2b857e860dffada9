// Text compared line by line.
import { unifiedDiff } from "../../../apps/diff.ts";
import { formatBytes, formatCount, formatNumber } from "../format/format.ts";
import { whenLoaded } from "../components/notices.ts";
import { html } from "../framework/html.ts";
import { useMemo, type VNode } from "../framework/preact.ts";
import { Scroll, useMore } from "../components/long_content.ts";
import { useFiles } from "../previews/parts.ts";
import type { PairProps } from "./pair.ts";

/** The beginning of each file that is compared. */
const MAX_BYTES = 512 * 1024;
/** Milliseconds until texts with too many differences are given up. */
const TIMEOUT_MS = 2000;
/** Lines that are shown at a time. */
const STEP = 500;
const MAX_CHARACTERS = 2000;

/** A line of a difference; `gap` stands for equal lines that are left out. */
export interface DiffLine {
  kind: "added" | "removed" | "same" | "gap";
  text: string;
  before?: number;
  after?: number;
}

/** Parses a patch in the format of `diff -u`. */
export function diffLines(patch: string): DiffLine[] {
  const lines: DiffLine[] = [];
  let [before, after] = [0, 0];
  for (const line of patch.split("\n").slice(2)) {
    const place = /^@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@/.exec(line);
    if (place !== null) {
      // A file without lines begins at 0.
      before = Math.max(1, Number(place[1]));
      after = Math.max(1, Number(place[3]));
      lines.push({ kind: "gap", text: line });
    } else if (line.startsWith("+")) {
      lines.push({ kind: "added", text: line.slice(1), after: after++ });
    } else if (line.startsWith("-")) {
      lines.push({ kind: "removed", text: line.slice(1), before: before++ });
    } else if (line.startsWith(" ")) {
      lines.push({ kind: "same", text: line.slice(1), before: before++, after: after++ });
    } else if (line.startsWith("\\")) lines.push({ kind: "gap", text: line });
  }
  return lines;
}

export function TextComparison({ left, right }: PairProps): VNode {
  const loaded = useFiles(
    (signal) => Promise.all([left.text(MAX_BYTES, signal), right.text(MAX_BYTES, signal)]),
    left,
    right,
  );
  return whenLoaded(loaded, ([before, after]) =>
    html`
      ${(before.truncated || after.truncated) && html`<p class="note left-out">
        ${`The first ${formatBytes(MAX_BYTES)} of each file are compared.`}
      </p>`}
      <${Lines} before=${before.text} after=${after.text} names=${[left.ref, right.ref]} />
    `);
}

function Lines({ before, after, names }: {
  before: string;
  after: string;
  names: readonly [string, string];
}): VNode {
  const lines = useMemo(() => {
    const [old, now] = [{ name: "a", text: before }, { name: "b", text: after }];
    const patch = unifiedDiff(old, now, { timeoutMs: TIMEOUT_MS });
    return patch === undefined ? undefined : diffLines(patch);
  }, [before, after]);
  const [shown, more] = useMore(lines?.length ?? 0, STEP, "line");
  if (lines === undefined) {
    return html`
      <p
        class="note left-out">These texts differ in too many lines to list them in ${TIMEOUT_MS /
          1000} seconds.</p>
    `;
  }
  if (lines.length === 0) return html`<p class="note">This text is equal in both files.</p>`;
  const count = (kind: DiffLine["kind"]) => lines.filter((line) => line.kind === kind).length;
  const sign = { added: "+", removed: "-", same: " ", gap: " " };
  return html`
    <p class="summary-line">${formatCount(count("removed"), "line")} removed, ${formatNumber(
      count("added"),
    )} added</p>
    <${Scroll} label="Differences of lines">
      <table class="diff">
        <thead class="hidden"><tr>
          <th scope="col">Line of ${names[0]}</th><th scope="col">Line of ${names[1]}</th>
          <th scope="col">Change</th><th scope="col">Text</th>
        </tr></thead>
        <tbody>${lines.slice(0, shown).map(({ kind, text, before, after }) =>
          html`
            <tr class=${kind}>
              <td class="number">${before ?? ""}</td>
              <td class="number">${after ?? ""}</td>
              <td>${sign[kind]}</td>
              <td>${cutText(text)}</td>
            </tr>
          `
        )}</tbody>
      </table>
    <//>
    ${more}
  `;
}

function cutText(text: string): string {
  return text.length > MAX_CHARACTERS ? `${text.slice(0, MAX_CHARACTERS)}…` : text;
}
