/**
 * Verification: reading everything and checking it.
 *
 * @module
 */
import { isPrefix } from "../../core/backend.ts";
import type { ErrorCode } from "../../core/errors.ts";
import { decodeName } from "../../core/names.ts";
import type { Registry, SignalOptions } from "../../core/registry.ts";
import { contextOf } from "../context.ts";
import type { Context } from "../context.ts";
import { nameFolder, NAMES, OBJECTS, objectsFolder, SETTINGS } from "../layout.ts";
import { checkKnown } from "../listing.ts";
import { countAside, countStrangers } from "./unseen.ts";
import type { VerifyUnseen } from "./unseen.ts";
import { verifyRecords } from "./verify_records.ts";

/** Options of {@linkcode verifyRegistry}. */
export interface VerifyOptions extends SignalOptions {
  /** Only these names. @default all */
  names?: Iterable<string>;
  /** Read every file and check its SHA-256; else only the records. @default true */
  deep?: boolean;
  /** Hears of each version that was looked at. */
  onProgress?: (progress: { versions: number; bytes: number; ref: string }) => void;
}

/** What {@linkcode verifyRegistry} found. */
export interface VerifyReport {
  /** True when there are no problems. */
  ok: boolean;
  /** How many versions were looked at. */
  versions: number;
  /** How many records were read: of all generations of versions, aliases and idempotency keys, and the settings. */
  records: number;
  /** How many files of versions were read. */
  files: number;
  /** Their bytes. */
  bytes: number;
  /** What is wrong. */
  problems: VerifyProblem[];
  /** What was not looked at. */
  unseen: VerifyUnseen;
}

/** One thing that is wrong. */
export interface VerifyProblem {
  /** The version or the alias; of an idempotency key its name; `settings` of the registry's own record. */
  ref: string;
  /** The storage key concerned. */
  key: string;
  /**
   * What kind of problem: `Corrupt` for damage, `NotFound` for a version that does not count because it came too late,
   * and for an alias that names nothing.
   */
  code: ErrorCode;
  /** What is wrong. */
  message: string;
  /** What to do. */
  hint?: string;
}

/**
 * Reads every record and every version, and checks them; with `names` those of these names (one that is not there is
 * `NotFound`). Damage is reported, never thrown; what the store refuses is thrown. The report also says what was not
 * looked at.
 */
export async function verifyRegistry(registry: Registry, options: VerifyOptions = {}): Promise<VerifyReport> {
  const context: Context = { ...contextOf(registry), cache: undefined }; // what the store has is to be verified
  const { names, deep = true, signal, onProgress } = options;
  const unseen: VerifyUnseen = { names: 0, files: 0, generations: 0, auxiliary: 0, strangers: 0 };
  const report: VerifyReport = { ok: true, versions: 0, records: 0, files: 0, bytes: 0, problems: [], unseen };
  const look = (prefix: string) => verifyRecords(context, prefix, report, { deep, signal, onProgress });
  await look(SETTINGS);
  if (names === undefined) {
    await look(NAMES);
    await countStrangers(context, OBJECTS, unseen, signal);
    await countAside(context, unseen, signal);
  } else {
    const asked = new Set<string>();
    for await (const name of names) {
      await checkKnown(context, name, signal);
      asked.add(name);
      await look(nameFolder(name));
      await countStrangers(context, objectsFolder(name), unseen, signal);
    }
    for await (const entry of context.backend.list(NAMES, { delimiter: "/", signal })) {
      const name = isPrefix(entry) ? decodeName(entry.prefix.slice(NAMES.length, -1)) : undefined;
      if (name !== undefined && !asked.has(name)) unseen.names++;
    }
  }
  report.ok = report.problems.length === 0;
  return report;
}
