// Verification of what is noted of lineage: records say what is true, notes only where to look.
import { fault, type RegistryError } from "../../core/errors.ts";
import { parseVersion } from "../../core/naming/versions.ts";
import type { VersionRecord } from "../../core/record.ts";
import type { SignalOptions } from "../../core/registry.ts";
import { forEachAtOnce } from "../../core/work/at_once.ts";
import { readHead } from "../cell/heads.ts";
import {
  LINEAGE,
  LINEAGE_WHOLE,
  parseLineageKey,
  recordKey,
  versionCell,
} from "../format/layout.ts";
import { isWhole, lineageKeys, readInput } from "../operations/lineage/inputs.ts";
import type { Context } from "../operations/context.ts";
import { listReadable } from "./readable.ts";
import { asProblem, type VerifyReport } from "./verify_report.ts";

/** What records say of lineage, to be compared with what is noted. */
export class LineageCheck {
  readonly #context: Context;
  readonly #expected = new Map<string, { ref: string; record: string }>();
  readonly #inputs = new Set<string>();

  constructor(context: Context) {
    this.#context = context;
  }

  learn(record: VersionRecord): void {
    const { settings } = this.#context;
    const { name, generation, inputs } = record;
    if (inputs === undefined) return;
    const version = parseVersion(record.version);
    const cell = versionCell(name, version, settings.versioned);
    const from = { ref: `${name}@${version.canonical}`, record: recordKey(cell, generation) };
    for (const key of lineageKeys(this.#context, { ...record, version, inputs })) {
      this.#expected.set(key, from);
    }
    for (const input of inputs) {
      const { name, version } = readInput(this.#context, input);
      if (name === undefined || version === undefined) continue;
      this.#inputs.add(versionCell(name, version, settings.versioned));
    }
  }

  async check(report: VerifyReport, { signal }: SignalOptions): Promise<void> {
    const context = this.#context, expected = this.#expected;
    const whole = await isWhole(context, { signal });
    const lineage = report.lineage = { whole, notes: 0, stale: 0, dangling: 0 };
    const onFailure = (error: RegistryError, key: string) =>
      void report.problems.push(asProblem("lineage", key, error));
    for await (const { key } of listReadable(context, LINEAGE, { signal, onFailure })) {
      if (key === LINEAGE_WHOLE) continue;
      if (parseLineageKey(key) === undefined) report.unseen.strangers++;
      else if (++lineage.notes && !expected.delete(key)) lineage.stale++;
    }
    await forEachAtOnce(this.#inputs, async (cell) => {
      const head = await readHead(context, cell, signal);
      if (head === undefined || head.dead) lineage.dangling++;
    });
    if (!whole) return; // nobody relies on what is noted
    for (const [key, { ref, record }] of expected) {
      if (await context.backend.head(record, { signal }) === undefined) continue; // collected meanwhile, with its notes
      report.problems.push(asProblem(ref, key, missing(ref, key)));
    }
  }
}

function missing(ref: string, key: string): RegistryError {
  return fault({
    code: "NotFound",
    action: "find the note of what",
    subject: `"${ref}" is made from`,
    state: "something else deleted it, or a power cut did",
    hint: "Looking down misses the version until that is noted again: rebuildLineage(registry)",
    hints: {
      cli: "Looking down misses the version until that is noted again: holdfast lineage --rebuild",
    },
    key,
  });
}
