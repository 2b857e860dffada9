// Checks that inputs are noted before records, stay noted, and are found.
import { decodeRecord } from "../../../registry/format/record_codec.ts";
import type { VersionRecord } from "../../../core/record.ts";
import type { Registry, SaveOptions } from "../../../core/registry.ts";
import { FIRST_VERSION, parseVersion } from "../../../core/naming/versions.ts";
import { LINEAGE, parseCellKey } from "../../../registry/format/layout.ts";
import { readLineage } from "../../../registry/operations/lineage.ts";
import { lineageKeys } from "../../../registry/operations/lineage/inputs.ts";
import type { Bundle } from "../bundle.ts";
import { describeError } from "../operation_log.ts";
import type { Effect } from "../with_history.ts";
import { isLive } from "./cell_states.ts";
import type { BrokenInvariant, Evidence } from "./evidence.ts";

const NAMED = "a";

/** Returns the declared inputs of a value: for one of two, including a name's own versions. */
export function inputsOf(name: string, { label }: Bundle): Pick<SaveOptions, "inputs"> {
  const sum = Array.from(label).reduce((sum, character) => sum + character.codePointAt(0)!, 0);
  const refs = sum % 2 === 0 ? [] : [`${NAMED}@1.0.0`, name]; // perhaps not saved yet
  return refs.length === 0 ? {} : { inputs: refs.map((ref) => ({ ref, digest: null })) };
}

/** The lineage notes of a store. */
export interface NoteWatch {
  readonly keys: ReadonlySet<string>;
  readonly breaches: string[];
  apply(effect: Effect): void;
}

export function createNoteWatch(): NoteWatch {
  const keys = new Set<string>();
  const breaches: string[] = [];
  return {
    keys,
    breaches,
    apply({ order, verb, key, mode, bytes, written }) {
      if (key.startsWith(LINEAGE)) return void (verb === "put" ? keys.add(key) : keys.delete(key));
      if (
        verb !== "put" || mode !== "create" || !written || parseCellKey(key)?.kind !== "version"
      ) return;
      const { record } = decodeRecord(bytes!, key);
      for (
        const note of record.kind === "version" ? notesOf(record, !key.includes("/single/")) : []
      ) {
        if (!keys.has(note)) breaches.push(`change ${order}: ${key} landed before ${note}`);
      }
    },
  };
}

function notesOf(record: VersionRecord, versioned: boolean): string[] {
  const settings = { versioned, mutable: false, graceMs: 0, leastGraceMs: 0 };
  const version = versioned ? parseVersion(record.version) : FIRST_VERSION;
  return lineageKeys({ settings }, { ...record, version, inputs: record.inputs ?? [] });
}

/** Checks lineage notes, and what lineage finds from them at the end. */
export async function checkLineage(
  { site, ledger, settings }: Evidence,
  registry: Registry,
): Promise<BrokenInvariant[]> {
  const findings: BrokenInvariant[] = [];
  const say = (message: string) =>
    findings.push({ invariant: "the inputs of a version are noted before it", message });
  site.notes.breaches.forEach(say);
  const made: string[] = [];
  const root = `${NAMED}@1.0.0`;
  let isThere = false;
  for (const { place, states } of ledger.cells.values()) {
    const state = states.at(-1)!;
    if (place.kind !== "version" || !isLive(state)) continue;
    const record = state.head!.record as VersionRecord;
    const ref = `${place.name}@${place.version!.canonical}`;
    isThere ||= ref === root;
    for (const note of notesOf(record, settings.versioned)) {
      if (!site.notes.keys.has(note)) say(`at the end ${ref} counts, and ${note} is not there`);
    }
    if (record.inputs?.includes(root)) made.push(ref);
  }
  if (!isThere) return findings;
  try {
    const { edges } = await readLineage(registry, root, { direction: "down", depth: 1 });
    const found = edges.map(({ to }) => to).sort().join();
    if (found !== made.sort().join()) {
      say(`at the end ${made.join()} are made from ${root}, found are ${found}`);
    }
  } catch (error) {
    say(`at the end looking down from ${root} failed: ${describeError(error)}`);
  }
  return findings;
}
