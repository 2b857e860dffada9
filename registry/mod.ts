/**
 * Notes and labels, and the types of a registry: options and results of its methods, for programs
 * that wrap a registry or implement one with `defineRegistry`. Most programs need only the root.
 *
 * @module
 */
export type { RegistryErrorFields, RetryAdvice } from "../core/errors.ts";
export { defineReasons, LOCAL_REASONS, SERVICE_REASONS } from "../core/hints/reasons.ts";
export type {
  ExtensionReason,
  Hints,
  HintTable,
  Reason,
  ReasonKind,
  Reasons,
} from "../core/hints/reasons.ts";
export type { Author } from "../core/naming/author.ts";
export type { VersionParts, VersionRange } from "../core/naming/versions.ts";
export type { ArtifactInput, RegistrySettings } from "../core/record.ts";
export type {
  AliasChange,
  AliasEntry,
  CacheOptions,
  ClearCacheReport,
  FilePatterns,
  HistoryOptions,
  InfoOptions,
  NamesOptions,
  NoTypeOfLoad,
  OpenOptions,
  RolledBackAlias,
  SetAliasOptions,
  Verify,
} from "../core/registry.ts";
export type { DownloadChange, DownloadedFiles } from "../core/registry/downloading.ts";
export type { Lineage, LineageNode, LineageOptions } from "../core/registry/lineage.ts";
export type { CacheReport, ClearCacheOptions } from "./cache/entries.ts";
export type { LogEntry, LogOptions, RegistryLogOptions } from "../core/registry/log.ts";
export type { ClearOptions, RegistryMap } from "../core/registry/map.ts";
export type { Annotations } from "../core/artifact.ts";
export type { AnnotateOptions, AnnotationsChange } from "../core/registry/annotations.ts";
export type { Release } from "../core/registry/release.ts";
export type { SignalOptions } from "../core/registry/operations/saving.ts";
export type { RegistryService } from "../core/registry/service.ts";
export type {
  InferOutput,
  SchemaIssue,
  SchemaResult,
  StandardSchema,
} from "../core/standard_schema.ts";
export type { RegistryParts } from "./contract/define_registry.ts";
export type * from "./operations/look/difference.ts";
export type { ValueChange } from "../core/text/value_changes.ts";
export * from "./tools/annotate.ts";
export * from "./tools/files.ts";
