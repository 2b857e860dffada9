// Conversion of wire types to the types of a registry.
import type { Annotations, ArtifactInfo, Restoration } from "../../core/artifact.ts";
import type { DeletedEntry, VersionEntry, VersionsOptions } from "../../core/registry.ts";
import type { LogEntry } from "../../core/registry/log.ts";
import type { Lineage, LineageNode } from "../../core/registry/lineage.ts";
import type { RetentionRules } from "../../core/registry/rules.ts";
import type { Release } from "../../core/registry/release.ts";
import { isJsonObject } from "../../core/text/json_text.ts";
import type { FileInfo } from "../../core/record.ts";
import type { OnWire } from "../../core/kinds.ts";
import { type Asked, errorOfProblem, unexpected } from "./problem.ts";

export type { OnWire };

/** The info of a version. A small version includes the bytes of its files as base64. */
export type WireInfo = Omit<OnWire<ArtifactInfo>, "files" | "annotations" | "restored"> & {
  annotations?: OnWire<Annotations>;
  restored?: OnWire<Restoration>[];
  files: (FileInfo & { data?: string })[];
  /** If a long list is left out. */
  fileCount?: number;
};

export type WireVersion =
  & Omit<OnWire<VersionEntry>, "info" | "error" | "annotations" | "deleted">
  & {
    info?: WireInfo;
    deleted?: OnWire<DeletedEntry>;
    error?: unknown;
  };

export function infoOf(wire: WireInfo, asked: Asked): ArtifactInfo {
  if (typeof wire?.version !== "string" || !Array.isArray(wire.files)) {
    throw unexpected(asked, "it is not a version");
  }
  const files = wire.files.map(({ data: _, ...file }) => file);
  const { annotations, restored, fileCount: _, ...info } = wire;
  return {
    ...info,
    files,
    createdAt: new Date(wire.createdAt),
    ...restored && { restored: restored.map(restorationOf) },
    ...annotations && { annotations: annotationsOf(annotations, asked) },
  };
}

function restorationOf({ commit, deletedAt, restoredAt }: OnWire<Restoration>): Restoration {
  return { commit, deletedAt: new Date(deletedAt), restoredAt: new Date(restoredAt) };
}

export function annotationsOf(wire: OnWire<Annotations>, asked: Asked): Annotations {
  if (!isJsonObject(wire?.labels)) throw unexpected(asked, "it has no labels");
  return { ...wire, changedAt: new Date(wire.changedAt) };
}

export function rulesOf(wire: OnWire<RetentionRules>, asked: Asked): RetentionRules {
  if (!Array.isArray(wire?.rules)) throw unexpected(asked, "it has no rules");
  return { ...wire, changedAt: new Date(wire.changedAt) };
}

/** Returns a parser for an answer with one boolean field. */
export function flag(name: string): (wire: unknown, asked: Asked) => boolean {
  return (wire, asked) => {
    const value = (wire as Record<string, unknown> | null)?.[name];
    if (typeof value !== "boolean") throw unexpected(asked, `\`${name}\` is missing`);
    return value;
  };
}

export function versionOf(
  { info: wire, error, modifiedAt, deleted, ...entry }: WireVersion,
  asked: Asked,
  { details, annotations }: VersionsOptions = {},
): VersionEntry {
  const version: VersionEntry = { ...entry, modifiedAt: new Date(modifiedAt) };
  if (deleted) {
    const { at, until } = deleted;
    version.deleted = { ...deleted, at: new Date(at), until: new Date(until) };
  }
  const info = wire && infoOf(wire, asked);
  if (info !== undefined && details) version.info = info;
  if (info?.annotations && annotations) version.annotations = info.annotations;
  if (error !== undefined) version.error = errorOfProblem(error, asked);
  return version;
}

export function logEntryOf(wire: OnWire<LogEntry>): LogEntry {
  return { ...wire, at: new Date(wire.at) };
}

export function lineageOf(
  wire: Omit<Lineage, "nodes"> & { nodes: OnWire<LineageNode>[] },
  asked: Asked,
): Lineage {
  if (!Array.isArray(wire?.nodes)) throw unexpected(asked, "it is not a lineage");
  const nodes = wire.nodes.map(({ createdAt, ...node }) =>
    createdAt === undefined ? node : { ...node, createdAt: new Date(createdAt) }
  );
  return { ...wire, nodes };
}

export function releaseOf(wire: Release, asked: Asked): Release {
  if (!isJsonObject(wire?.members)) throw unexpected(asked, "it is not a release");
  return wire;
}

export function encodeBase64(bytes: Uint8Array): string {
  const { toBase64 } = bytes as { toBase64?(): string };
  if (toBase64 !== undefined) return toBase64.call(bytes);
  let text = "";
  for (let at = 0; at < bytes.length; at += 8192) {
    text += String.fromCharCode(...bytes.subarray(at, at + 8192));
  }
  return btoa(text);
}

export function decodeBase64(text: string): Uint8Array<ArrayBuffer> {
  const { fromBase64 } = Uint8Array as { fromBase64?(text: string): Uint8Array<ArrayBuffer> };
  if (fromBase64 !== undefined) return fromBase64.call(Uint8Array, text);
  return Uint8Array.from(atob(text), (char) => char.charCodeAt(0));
}
