// The records of one name.
import type { Annotations, ArtifactInfo } from "../../core/artifact.ts";
import { parseVersion } from "../../core/naming/versions.ts";
import type { AliasChange, HistoryOptions, SignalOptions } from "../../core/registry.ts";
import { type Located, readHead, type VersionHead, versionHeads } from "../cell/heads.ts";
import { versionCell } from "../format/layout.ts";
import { aliasHistory } from "../operations/aliases.ts";
import { annotationsOfName, readAnnotations } from "../operations/annotations.ts";
import type { Context } from "../operations/context.ts";
import { deleteListed } from "../operations/delete.ts";
import { type KnownHolds, listHolds } from "../operations/holds.ts";
import { artifactInfo } from "../operations/load.ts";

/** Versions, aliases, notes and labels of one name. */
export class NameRecords {
  readonly #context: Context;
  readonly #name: string;

  constructor(context: Context, name: string) {
    this.#context = context;
    this.#name = name;
  }

  /** Yields the heads of its live versions, newest first. */
  heads(options?: SignalOptions): AsyncGenerator<VersionHead> {
    return versionHeads(this.#context, this.#name, options);
  }

  /** Lists the aliases and releases that name its versions. `known` makes a second list cheap. */
  holds(options: SignalOptions & { known?: KnownHolds }): ReturnType<typeof listHolds> {
    return listHolds(this.#context, { name: this.#name }, options);
  }

  /** True for a version whose newest record is a deletion. */
  async isDeleted(version: string, signal?: AbortSignal): Promise<boolean> {
    const { settings } = this.#context;
    const cell = versionCell(this.#name, parseVersion(version), settings.versioned);
    return (await readHead(this.#context, cell, signal))?.dead ?? false;
  }

  /** Yields the changes of an alias, newest first. */
  history(alias: string, options?: HistoryOptions): AsyncGenerator<AliasChange> {
    return aliasHistory(this.#context, { name: this.#name, alias }, options);
  }

  /** Reads its notes and labels; undefined if there never were any. */
  annotations(signal?: AbortSignal): Promise<Annotations | undefined> {
    return readAnnotations(this.#context, { name: this.#name }, signal);
  }

  /** Returns a function that reads those of a version, after one list of all. */
  ofVersions(signal?: AbortSignal): ReturnType<typeof annotationsOfName> {
    return annotationsOfName(this.#context, this.#name, signal);
  }

  /** Describes a version. */
  info(located: Located, options: SignalOptions): Promise<ArtifactInfo> {
    return artifactInfo(this.#context, located, options);
  }

  /** Deletes a version as it was listed, even if aliases point to it. */
  delete(listed: VersionHead, options: SignalOptions): ReturnType<typeof deleteListed> {
    return deleteListed(this.#context, this.#name, listed, options);
  }
}
