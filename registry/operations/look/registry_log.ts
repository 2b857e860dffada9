// The log of all names, from their records.
import { shown } from "../../../core/naming/names.ts";
import { invalid } from "../../../core/errors.ts";
import { EVENTS, type LogEntry, type RegistryLogOptions } from "../../../core/registry/log.ts";
import type { Registry } from "../../../core/registry.ts";
import { listHeads } from "../../cell/heads.ts";
import { NAMES, parseCellKey } from "../../format/layout.ts";
import { type Context, contextOf } from "../context.ts";
import { aliasSource, newestOf, noteSource, type Source, versionSource } from "./log.ts";

export async function* readRegistryLog(
  registry: Registry,
  { limit = Infinity, since, until, by, event, names = () => true, signal }: RegistryLogOptions =
    {},
): AsyncGenerator<LogEntry> {
  if (event !== undefined && !EVENTS.includes(event)) {
    const hint = `Pass one of ${EVENTS.join(", ")}.`;
    throw invalid("list the log of the registry", `event ${shown(event)}`, "unknown", { hint });
  }
  const { service } = registry;
  if (service?.registryLog !== undefined) {
    const options = { since, until, by, event, signal };
    let count = 0;
    for await (const entry of service.registryLog(options)) {
      if (!names(entry.name)) continue;
      if (count++ >= limit) return;
      yield entry;
    }
    return;
  }
  const context = contextOf(registry, "list the log of the registry");
  const from = since?.getTime() ?? 0;
  const list = async function* () {
    for await (const source of sourcesOf(context, names, signal)) {
      if (source.latest >= from) yield source;
    }
  };
  const isWanted = (entry: LogEntry) =>
    (since === undefined || entry.at >= since) && (until === undefined || entry.at <= until) &&
    (by === undefined || entry.by?.name === by) && (event === undefined || entry.event === event);
  yield* await newestOf(list, limit, { isWanted }) ?? [];
}

/** Lists all records of names once: a thousand with each request. */
async function* sourcesOf(
  context: Context,
  isWanted: (name: string) => boolean,
  signal?: AbortSignal,
): AsyncGenerator<Source> {
  let order = 0, cell = "";
  for await (const listed of listHeads(context, NAMES, { signal })) {
    const record = parseCellKey(listed.key);
    if (record === undefined || !isWanted(record.name)) continue;
    const { name, kind, label, version } = record;
    if (kind === "note") yield noteSource(context, name, listed, signal);
    else if (kind === "alias") yield aliasSource(context, { name, alias: label!, listed }, signal);
    else if (kind === "version" && record.cell !== cell) { // the first is the newest
      cell = record.cell;
      const source = { version: version!, head: listed, order: --order };
      yield versionSource(context, name, source, signal);
    }
  }
}
