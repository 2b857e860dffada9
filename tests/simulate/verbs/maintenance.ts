// Verbs for maintenance of a registry, and questions about the past.
import { changeSettings } from "../../../registry/operations/stored_settings.ts";
import { collectGarbage } from "../../../extensions/maintenance/garbage/collect_garbage.ts";
import { prune } from "../../../extensions/maintenance/pruning/prune.ts";
import type { PruneOptions } from "../../../extensions/maintenance/pruning/report.ts";
import { mirrorRegistry } from "../../../extensions/mirrors/mirror.ts";
import type { Actor, VerbParts } from "../actor.ts";
import type { VersionRecord } from "../../../core/record.ts";

export interface MaintenanceVerbs {
  collect(options?: { forget?: boolean; all?: boolean }): Promise<void>;
  changeGrace(graceMs: number): Promise<void>;
  prune(options: PruneOptions): Promise<void>;
  mirror(from: Actor, options?: { deleted?: boolean; verify?: boolean }): Promise<void>;
}

export function createMaintenanceVerbs({ call, registry }: VerbParts): MaintenanceVerbs {
  return {
    async collect({ forget = false, all = false } = {}) {
      await call({ verb: "collect", forget }, async () => {
        await collectGarbage(registry, { forget, all });
        return { ok: true, done: true };
      });
    },

    async changeGrace(graceMs) {
      await call({ verb: "changeGrace", graceMs }, async () => {
        await changeSettings(registry, { graceMs });
        return { ok: true, done: true };
      });
    },

    async prune(options) {
      await call(
        { verb: "prune", options },
        async () => ({ ok: true, pruned: await prune(registry, options) }),
      );
    },

    async mirror(from, { deleted = true, verify = false } = {}) {
      await call({ verb: "mirror", from: from.site, deleted }, async () => {
        return {
          ok: true,
          mirrored: await mirrorRegistry(from.registry, registry, { deleted, verify }),
        };
      });
    },
  };
}

export interface AskVerbs {
  ask(name: string, ref: string, asOf: Date): Promise<void>;
}

export function createAskVerbs({ call, registry, labels }: VerbParts): AskVerbs {
  return {
    async ask(name, ref, asOf) {
      await call({ verb: "ask", name, ref, asOf }, async () => {
        const info = await registry.info(ref === "latest" ? name : `${name}@${ref}`, { asOf });
        const label = labels.of({ files: info.files } as unknown as VersionRecord);
        return { ok: true, read: { label, commit: info.commit, version: info.version } };
      });
    },
  };
}
