// Imports a mindtrace registry into a registry of Holdfast.
import { isDeepStrictEqual } from "node:util";
import type { SignalOptions } from "../../../registry/mod.ts";
import {
  checkToolOptions,
  isJsonObject,
  isUnreadable,
  notFound,
  orMissing,
  retold,
} from "../../../core/kernel.ts";
import type { ArtifactInfo, Registry } from "../../../mod.ts";
import type { OptionNames, RegistryError } from "../../../core/kernel.ts";
import { mirrorRegistry } from "../../../apps/maintenance.ts";
import type { MirrorItem } from "../../../apps/maintenance.ts";
import { ORIGIN_KEY } from "./description.ts";
import type { ListedVersion, Listing } from "./listing.ts";
import { createReader, type MindtraceReader, registryOf } from "./open.ts";
import type { MindtraceLocation } from "./source.ts";

/** Options of {@linkcode importMindtrace}. */
export interface ImportMindtraceOptions extends SignalOptions {
  /** Only names that begin with this. @default all */
  prefix?: string;
  /** Reads and checks everything, and writes nothing. @default false */
  dryRun?: boolean;
  /** Versions imported at the same time. @default 8 */
  concurrency?: number;
  onItem?: (item: ImportedVersion) => void;
  onProgress?: (progress: { versions: number; totalVersions: number; bytes: number }) => void;
}

const OPTIONS: OptionNames<ImportMindtraceOptions> = {
  prefix: true,
  dryRun: true,
  concurrency: true,
  onItem: true,
  onProgress: true,
  signal: true,
};

/** A version and what the import did with it. */
export interface ImportedVersion {
  name: string;
  version: string;
  action: "imported" | "skipped" | "failed";
  /** Why its files are kept as they are: a pickle, or a class that Holdfast does not know. */
  kept?: string;
  error?: RegistryError;
}

/** The result of {@linkcode importMindtrace}. */
export interface ImportReport {
  dryRun: boolean;
  versions: number;
  imported: number;
  /** Versions that the target had already. */
  skipped: number;
  files: number;
  /** Bytes of the imported files. */
  bytes: number;
  /** Versions whose files are kept as they are, and why. */
  kept: { name: string; version: string; reason: string }[];
  /** Damaged versions, and those that Holdfast cannot name. A later run tries them again. */
  failures: { name: string; version: string; error: RegistryError }[];
}

/** Implements `importMindtrace`. */
export async function importMindtrace(
  from: MindtraceLocation,
  to: Registry,
  options: ImportMindtraceOptions = {},
): Promise<ImportReport> {
  const checked = checkToolOptions("import a mindtrace registry", to, options, OPTIONS);
  const reader = await createReader(from, { signal: checked.signal });
  try {
    return await new Import(reader, to, checked).run();
  } finally {
    await reader[Symbol.asyncDispose]();
  }
}

class Import {
  readonly #reader: MindtraceReader;
  readonly #to: Registry;
  readonly #options: ImportMindtraceOptions;
  readonly #report: ImportReport;
  /** Why files are kept, by ref. */
  readonly #kept = new Map<string, string>();
  #totalVersions = 0;

  constructor(reader: MindtraceReader, to: Registry, options: ImportMindtraceOptions) {
    this.#reader = reader;
    this.#to = to;
    this.#options = options;
    this.#report = {
      dryRun: options.dryRun ?? false,
      versions: 0,
      imported: 0,
      skipped: 0,
      files: 0,
      bytes: 0,
      kept: [],
      failures: [],
    };
  }

  async run(): Promise<ImportReport> {
    const { prefix = "", dryRun, concurrency, signal } = this.#options;
    const all = await this.#reader.listing({ signal });
    const names = new Map([...all.names].filter(([name]) => name.startsWith(prefix)));
    const unfit = all.unfit.filter(({ name }) => name.startsWith(prefix));
    this.#totalVersions = unfit.length + [...names.values()].flat().length;
    for (const { name, spelled: version, error } of unfit) {
      this.#done({ name, version, action: "failed", error });
    }
    const missing = await this.#missing(names);
    this.#reader.fixed = { names: missing, unfit: [] };
    const report = await mirrorRegistry(this.#source(), this.#to, {
      dryRun,
      concurrency,
      signal,
      aliases: false,
      deleted: false,
      onItem: (item) => this.#mirrored(item),
      onProgress: ({ bytes }) => this.#progress(bytes),
    });
    const { files, bytes } = report;
    const order = new Intl.Collator("en", { numeric: true }).compare;
    for (const list of [this.#report.kept, this.#report.failures]) {
      list.sort((a, b) => order(`${a.name}@${a.version}`, `${b.name}@${b.version}`));
    }
    return { ...this.#report, files, bytes };
  }

  /** Returns the source, which reports what it keeps as it is. */
  #source(): Registry {
    const registry = registryOf(this.#reader);
    const { isVersioned } = this.#reader.settings;
    const versioned = isVersioned || this.#to.settings.versioned;
    return {
      ...registry,
      settings: { ...registry.settings, versioned },
      open: async (ref, options) => {
        const artifact = await registry.open(ref, options);
        this.#noteKept(artifact.info);
        return artifact;
      },
    };
  }

  #noteKept({ name, version, metadata }: Pick<ArtifactInfo, "name" | "version" | "metadata">) {
    const origin = metadata[ORIGIN_KEY];
    if (!isJsonObject(origin) || typeof origin.kept !== "string") return;
    this.#kept.set(`${name}@${version}`, origin.kept);
  }

  /** Returns the versions that the target does not have with the same hash and metadata. */
  async #missing(names: Listing["names"]): Promise<Map<string, readonly ListedVersion[]>> {
    const { signal } = this.#options;
    const missing = new Map<string, readonly ListedVersion[]>();
    for (const [name, versions] of names) {
      const targetVersions = new Set<string>();
      for await (const { version } of this.#to.versions(name, { signal })) {
        targetVersions.add(version);
      }
      const pending: ListedVersion[] = [];
      for (const listed of versions) {
        const version = listed.version.canonical;
        if (!targetVersions.has(version) || !await this.#isImported(listed)) pending.push(listed);
        else this.#done({ name, version, action: "skipped" });
      }
      if (pending.length > 0) missing.set(name, pending);
    }
    return missing;
  }

  async #isImported(listed: ListedVersion): Promise<boolean> {
    const { signal } = this.#options;
    const ref = `${listed.name}@${listed.version.canonical}`;
    const present = await orMissing(this.#to.info(ref, { signal }));
    const { [ORIGIN_KEY]: origin, ...metadata } = present?.metadata ?? {};
    if (!isJsonObject(origin) || typeof origin.hash !== "string") return false;
    try {
      const described = await this.#reader.describe(listed, { signal });
      const isSame = described.origin.hash === origin.hash &&
        isDeepStrictEqual(described.metadata, metadata);
      if (isSame) this.#noteKept(present!);
      return isSame;
    } catch (error) {
      if (!isUnreadable(error)) throw error;
      return false; // reported when it is opened
    }
  }

  #mirrored({ name, version = "", action, error }: MirrorItem): void {
    void this.#reader.unpacker.release(`${name}@${version}`);
    const failure = error !== undefined
      ? ofImport(error)
      : (action === "gone" ? deletedMeanwhile(`${name}@${version}`) : undefined);
    if (failure !== undefined) {
      return this.#done({ name, version, action: "failed", error: failure });
    }
    this.#done({ name, version, action: action === "copied" ? "imported" : "skipped" });
  }

  #done(item: ImportedVersion): void {
    const { name, version, action, error } = item;
    const report = this.#report;
    report.versions++;
    if (action !== "failed") report[action]++;
    if (error !== undefined) report.failures.push({ name, version, error });
    const reason = action === "failed" ? undefined : this.#kept.get(`${name}@${version}`);
    if (reason !== undefined) report.kept.push({ name, version, reason });
    this.#options.onItem?.({ ...item, ...(reason !== undefined && { kept: reason }) });
    this.#progress(report.bytes);
  }

  #progress(bytes: number): void {
    this.#report.bytes = bytes;
    const { versions } = this.#report;
    this.#options.onProgress?.({ versions, totalVersions: this.#totalVersions, bytes });
  }
}

function ofImport(error: RegistryError): RegistryError {
  if (error.action === "mirror") return retold(error, { action: "import" });
  if (error.action !== "mirror to") return error;
  const hint = "Import into another registry, or into a mutable one, which follows mindtrace.";
  return retold(error, { action: "import to", hint });
}

function deletedMeanwhile(ref: string): RegistryError {
  return notFound("import", JSON.stringify(ref), "it was deleted in mindtrace during the import", {
    hint: "Run the import again.",
  });
}
