// Copying and deleting versions and setting aliases: the same for a request of its own and for one
// of a batch.
import { parseRef } from "../../../mod.ts";
import type { CopyOptions, DeleteOptions, SavedArtifact, SetAliasOptions } from "../../../mod.ts";
import type { Access } from "../access/access.ts";
import type { ServerContext } from "../context.ts";
import { ofCondition } from "./save_sent.ts";

export interface CopiedVersion extends CopyOptions {
  name: string;
  /** A version, a range, an alias or `latest`. @default "latest" */
  version?: string;
  /** The ref that it is saved under; its right to be written is asked for here. */
  to: string;
  access: Access;
}

export async function copyVersion(
  { registry }: ServerContext,
  copied: CopiedVersion,
): Promise<SavedArtifact> {
  const { name, version = "latest", to, access, ...options } = copied;
  access.check("write", parseRef(to).name);
  return await registry.copy(version === "latest" ? name : `${name}@${version}`, to, options);
}

/** Deletes a version, or with `allVersions` all of a name; whether there was one. */
export async function deleteVersions(
  { registry }: ServerContext,
  { name, ...options }: DeleteOptions & { name: string },
): Promise<{ deleted: boolean }> {
  return { deleted: await ofCondition(options.ifCommit, () => registry.delete(name, options)) };
}

export async function setAlias(
  { registry }: ServerContext,
  { name, alias, version, ...options }: SetAliasOptions & {
    name: string;
    alias: string;
    version: string;
  },
): Promise<{ alias: string; version: string }> {
  await registry.setAlias(name, alias, version, options);
  for await (const change of registry.history(name, alias, { limit: 1 })) {
    return { alias, version: change.version ?? version };
  }
  return { alias, version };
}
