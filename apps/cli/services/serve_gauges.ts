// Values of `/metrics` about the machine of a service: alerts on them fire without traffic.
import { statfs } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import type { Registry } from "../../../mod.ts";
import { cacheFolder } from "../../../disk/cache_folder.ts";
import type { Gauge } from "../../server/observe/gauge.ts";
import { localPathOf } from "../places/open_store.ts";
import type { CommandContext } from "../program/command.ts";
import type { Maintained } from "../program/maintained.ts";
import { readLastRuns } from "./last_runs.ts";

/** Returns gauges for the registry of a service. */
export function createServedGauges(
  registry: Registry,
  { certificateEndsAt, audit, maintained, io: { system, cwd } }: Pick<CommandContext, "io"> & {
    maintained: readonly Maintained[];
    /** The file of the audit trail; `-` for standard output. */
    audit?: string;
    /** Returns when the certificate expires; undefined without TLS. */
    certificateEndsAt(): Date | undefined;
  },
): Gauge[] {
  const folder = localPathOf(registry.location);
  const cache = cacheFolder(undefined, system);
  const disks = {
    ...folder !== undefined && { registry: folder },
    ..."path" in cache && { cache: cache.path },
    ...audit !== undefined && audit !== "-" && { audit: dirname(resolve(cwd, audit)) },
  };
  return [
    {
      name: "holdfast_disk_free_bytes",
      help: "Free space on the disks of the registry, the cache and the audit trail",
      label: "disk",
      async read() {
        const free: Record<string, number> = {};
        for (const [disk, path] of Object.entries(disks)) {
          const stats = await statfs(path).catch(() => undefined); // the cache may not exist yet
          if (stats !== undefined) free[disk] = stats.bavail * stats.bsize;
        }
        return free;
      },
    },
    {
      name: "holdfast_last_success_timestamp_seconds",
      help: "When maintenance of the registry last succeeded on this machine",
      label: "command",
      async read() {
        const runs = Object.entries(await readLastRuns(registry.id, maintained, system));
        return Object.fromEntries(runs.map(([command, at]) => [command, at / 1000]));
      },
    },
    {
      name: "holdfast_certificate_expiry_timestamp_seconds",
      help: "When the certificate of the service expires",
      read() {
        const end = certificateEndsAt()?.getTime();
        return Promise.resolve(end === undefined ? undefined : end / 1000);
      },
    },
  ];
}
