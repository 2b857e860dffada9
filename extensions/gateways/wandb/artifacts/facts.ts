// Facts of artifacts: as clients send them, and in the metadata of versions.
import { isJsonObject, sortedJson } from "../../../../core/kernel.ts";
import type { ArtifactInfo } from "../../../../mod.ts";
import { valueOf } from "../../../runs/wandb/values.ts";
import { objectIn } from "../names.ts";
import type { Entry } from "./manifest.ts";

/** An artifact as clients send it, its aliases, and the refs of those that its run has used. */
export interface NewArtifact {
  readonly artifactTypeName: string;
  readonly runName?: string;
  readonly digest: string;
  readonly description?: string;
  readonly metadata?: string;
  readonly historyStep?: number | null;
  readonly aliases: readonly string[];
  readonly tags?: readonly string[];
  readonly inputs: readonly string[];
}

/** Returns what W&B's clients have said about a version: with a type, if it is an artifact of them. */
export function factsOf({ metadata: { wandb } }: ArtifactInfo): Record<string, unknown> {
  return isJsonObject(wandb) ? wandb : {};
}

/** Returns the tags with which an artifact was logged. */
export function tagsOf({ tags }: Record<string, unknown>): string[] {
  return Array.isArray(tags) ? tags.map(String) : [];
}

/** True for a version that W&B's clients have saved. */
export function isArtifact(info: ArtifactInfo | undefined): info is ArtifactInfo {
  return info !== undefined && typeof factsOf(info).type === "string";
}

/** Returns the metadata of a version. */
export function metadataOf(
  { artifactTypeName: type, runName: run, digest, description, metadata, historyStep: step, tags }:
    NewArtifact,
  entries: readonly Entry[],
  { draft }: { draft?: string },
): Record<string, unknown> {
  const size = entries.reduce((sum, { size = 0 }) => sum + size, 0);
  const { wandb: _, ...own } = objectIn(JSON.stringify(valueOf(metadata ?? "")));
  const isOther = sortedJson(own) !== sortedJson(objectIn(metadata));
  const sent = isOther ? { metadata } : {}; // with long integers, or a member `wandb`
  const all = {
    type,
    digest,
    files: entries.length,
    size,
    run,
    description,
    step,
    tags,
    draft,
    ...sent,
  };
  const given = Object.entries(all).filter(([, value]) => value !== undefined && value !== null);
  return { ...own, wandb: Object.fromEntries(given) };
}
