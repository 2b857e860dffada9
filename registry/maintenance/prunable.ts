// The versions of one name as retention sees them: in a store, or by what every registry has.
import { isRegistryError } from "../../core/errors.ts";
import type { Registry } from "../../core/registry.ts";
import { readAliases } from "../aliases.ts";
import type { KnownAliases } from "../aliases.ts";
import { versionHeads } from "../cell/heads.ts";
import type { VersionHead } from "../cell/heads.ts";
import { deleteListed } from "../delete.ts";
import { cellOf } from "../layout.ts";
import type { Context } from "../opening/context.ts";
import { readCell } from "../resolve.ts";

/** A version in a listing. */
export interface Listed {
  version: string;
  /** When the store received its newest record, milliseconds. */
  modifiedAt: number;
  generation: number;
}

/** One name that is pruned. */
export interface Prunable<L extends Listed = Listed> {
  readonly name: string;
  /** Its versions, newest first. */
  list(): AsyncIterable<L>;
  /** The versions that its aliases name. */
  aliased(): Promise<string[]>;
  /** When the store received the record that counts, milliseconds; undefined where none does. */
  receivedAt(listed: L): Promise<number | undefined>;
  /** Deletes a version, unless it was changed since it was listed. */
  delete(listed: L): Promise<"deleted" | "changed" | "gone">;
}

export function prunableInStore(
  context: Context,
  name: string,
  signal?: AbortSignal,
): Prunable<Listed & { found: VersionHead }> {
  const known: KnownAliases = new Map();
  return {
    name,
    async *list() {
      for await (const found of versionHeads(context, name, { signal })) {
        const { generation, modifiedAt } = found.head;
        yield { version: found.version.canonical, modifiedAt, generation, found };
      }
    },
    aliased: async () =>
      (await readAliases(context, name, { known, signal })).map(([, version]) => version),
    async receivedAt({ found: { head } }) {
      return (await readCell(context, cellOf(head.key), { head, signal }))?.head.modifiedAt;
    },
    delete: ({ found }) => deleteListed(context, name, found, { signal }),
  };
}

export function prunableByContract(
  registry: Registry,
  name: string,
  { keepAliased, signal }: { keepAliased: boolean; signal?: AbortSignal },
): Prunable {
  const infoOf = ({ version }: Listed) => registry.info(`${name}@${version}`, { signal });
  return {
    name,
    async *list() {
      for await (const { version, modifiedAt, generation } of registry.versions(name, { signal })) {
        yield { version, modifiedAt: modifiedAt.getTime(), generation };
      }
    },
    aliased: async () => Object.values(await registry.aliases(name, { signal })),
    receivedAt: (listed) => Promise.resolve(listed.modifiedAt),
    async delete(listed) {
      try {
        const { commit, generation } = await infoOf(listed);
        if (generation !== listed.generation) return "changed";
        const options = { force: !keepAliased, ifCommit: commit, signal };
        return await registry.delete(`${name}@${listed.version}`, options) ? "deleted" : "gone";
      } catch (error) {
        if (isRegistryError(error, "NotFound")) return "gone";
        if (isRegistryError(error, "Conflict")) return "changed";
        throw error;
      }
    },
  };
}
