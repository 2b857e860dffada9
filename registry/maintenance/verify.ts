// Verification: reading everything and checking it.
import { isPrefix } from "../../core/backend.ts";
import { decodeName } from "../../core/naming/names.ts";
import type { VersionRecord } from "../../core/record.ts";
import type { Registry } from "../../core/registry.ts";
import {
  AUXILIARY,
  LINEAGE,
  nameFolder,
  NAMES,
  OBJECTS,
  objectsFolder,
  parsePayloadKey,
  SETTINGS,
} from "../format/layout.ts";
import { checkKnown } from "../operations/listing.ts";
import { listReadable } from "./readable.ts";
import { LineageCheck } from "./verify_lineage.ts";
import { verifyRecords } from "./verify_records.ts";
import type { VerifyOptions, VerifyReport, VerifyUnseen } from "./verify_report.ts";
import { type Context, contextOf } from "../operations/context.ts";

/** What `verifyRegistry` of `registry/tools.ts` does. */
export async function verifyRegistry(
  registry: Registry,
  options: VerifyOptions = {},
): Promise<VerifyReport> {
  const context: Context = { ...contextOf(registry, "verify the registry"), cache: undefined }; // what the store has is to be verified
  const { names, deep = true, signal, onProgress } = options;
  const unseen: VerifyUnseen = { names: 0, files: 0, generations: 0, auxiliary: 0, strangers: 0 };
  const report: VerifyReport = {
    ok: true,
    versions: 0,
    records: 0,
    files: 0,
    bytes: 0,
    problems: [],
    unseen,
  };
  const lineage = new LineageCheck(context);
  const onRecord = names === undefined
    ? (record: VersionRecord) => lineage.learn(record)
    : undefined;
  const look = (prefix: string) =>
    verifyRecords(context, prefix, report, { deep, signal, onProgress, onRecord });
  await look(SETTINGS);
  if (names === undefined) {
    await look(NAMES);
    await countStrangers(context, OBJECTS, unseen, signal);
    await countAside(context, unseen, signal);
    await lineage.check(report, { signal });
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

async function countStrangers(
  context: Context,
  prefix: string,
  unseen: VerifyUnseen,
  signal?: AbortSignal,
): Promise<void> {
  for await (
    const { key } of listReadable(context, prefix, {
      signal,
      onFailure: () => void unseen.strangers++,
    })
  ) {
    if (parsePayloadKey(key) === undefined) unseen.strangers++;
  }
}

/** Counts what lies beside records and payload. */
async function countAside(
  context: Context,
  unseen: VerifyUnseen,
  signal?: AbortSignal,
): Promise<void> {
  for await (const top of context.backend.list("", { delimiter: "/", signal })) {
    if (!isPrefix(top)) unseen.strangers++;
    else if (![SETTINGS, NAMES, OBJECTS, LINEAGE].includes(top.prefix)) {
      const kind = AUXILIARY.includes(top.prefix) ? "auxiliary" : "strangers";
      const onFailure = () => void unseen.strangers++;
      for await (const _ of listReadable(context, top.prefix, { signal, onFailure })) {
        unseen[kind]++;
      }
    }
  }
}
