// A mindtrace registry as a read-only `Registry`.
import type { CallOptions } from "../../../backends/mod.ts";
import {
  checkName,
  checkOptions,
  compareUtf8,
  compareVersions,
  encodeName,
  fault,
  inRange,
  isUnreadable,
  parseRef,
  parseVersion,
  parseVersionRange,
  shown,
} from "../../../core/kernel.ts";
import type { OptionNames, RegistryError } from "../../../core/kernel.ts";
import { defineRegistry } from "../../../mod.ts";
import type { Ref, Registry, VersionEntry, VersionsOptions } from "../../../mod.ts";
import type { NamesOptions, SignalOptions } from "../../../registry/mod.ts";
import { createMaterializers, type Materializers } from "../../../materializers/mod.ts";
import { type ListedVersion, type Listing, listMindtrace, readSettings } from "./listing.ts";
import type { MindtraceSettings, UnfitVersion } from "./listing.ts";
import { idOf, modifiedAt, openMindtraceVersion, readDescription, type Reading } from "./reader.ts";
import type { Description } from "./description.ts";
import { type MindtraceFiles, type MindtraceLocation, openMindtraceFiles } from "./source.ts";
import { Unpacker } from "./unpack.ts";

/** Options of {@linkcode openMindtrace}. */
export interface OpenMindtraceOptions extends SignalOptions {
  /** Materializers of the values. @default `createMaterializers()` */
  materializers?: Materializers;
}

const OPTIONS: OptionNames<OpenMindtraceOptions> = { materializers: true, signal: true };

/** A mindtrace registry that is open to read. */
export interface MindtraceRegistry extends Registry {
  /**
   * Returns the versions that Holdfast cannot name, with the reason: names of more than 200 encoded
   * bytes, versions of more than three numbers.
   */
  unfit(options?: SignalOptions): Promise<readonly UnfitVersion[]>;
}

/** A reader whose listing can stay fixed during an import. */
export class MindtraceReader implements Reading, AsyncDisposable {
  readonly files: MindtraceFiles;
  readonly materializers: Materializers;
  readonly unpacker: Unpacker = new Unpacker();
  readonly settings: MindtraceSettings;
  /** Set for an import: later changes are left to the next one. */
  fixed: Listing | undefined;

  constructor(files: MindtraceFiles, settings: MindtraceSettings, materializers: Materializers) {
    this.files = files;
    this.settings = settings;
    this.materializers = materializers;
  }

  async listing(options: CallOptions): Promise<Listing> {
    return this.fixed ?? await listMindtrace(this.files, this.settings, options);
  }

  async describe(listed: ListedVersion, options: CallOptions): Promise<Description> {
    return await readDescription(this, listed, options);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.unpacker[Symbol.asyncDispose]();
    await this.files[Symbol.asyncDispose]();
  }
}

export async function createReader(
  location: MindtraceLocation,
  { materializers = createMaterializers(), signal }: OpenMindtraceOptions,
): Promise<MindtraceReader> {
  const files = await openMindtraceFiles(location);
  try {
    return new MindtraceReader(files, await readSettings(files, { signal }), materializers);
  } catch (error) {
    await files[Symbol.asyncDispose]();
    throw error;
  }
}

/** Implements `openMindtrace`. */
export async function openMindtrace(
  location: MindtraceLocation,
  options: OpenMindtraceOptions = {},
): Promise<MindtraceRegistry> {
  const checked = checkOptions("open a mindtrace registry", options, OPTIONS);
  return registryOf(await createReader(location, checked));
}

export function registryOf(reader: MindtraceReader): MindtraceRegistry {
  const { files: { location }, materializers } = reader;
  const registry = defineRegistry({
    location,
    id: idOf(location, 0),
    settings: { versioned: true, mutable: false, graceMs: DAY_MS, leastGraceMs: HOUR_MS },
    materializers,
    async open(refText, options = {}) {
      const ref = parseRef(refText, options.version);
      const { names } = await reader.listing(options);
      return await openMindtraceVersion(reader, find(ref, names, location), options);
    },
    names: (options) => listNames(reader, options),
    versions: (name, options) => listVersions(reader, name, options),
    [Symbol.asyncDispose]: async () => await reader[Symbol.asyncDispose](),
  });
  const unfit = async (options: SignalOptions = {}) => (await reader.listing(options)).unfit;
  return { ...registry, unfit };
}

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

async function* listNames(
  reader: MindtraceReader,
  { prefix = "", after, limit = Infinity, signal }: NamesOptions = {},
): AsyncGenerator<string> {
  if (limit <= 0) return;
  if (after !== undefined) checkName(after);
  let count = 0;
  for (const name of (await reader.listing({ signal })).names.keys()) {
    const isPast = after === undefined || compareUtf8(encodeName(name), encodeName(after)) > 0;
    if (!isPast || !name.startsWith(prefix)) continue;
    yield name;
    if (++count >= limit) return;
  }
}

async function* listVersions(
  reader: MindtraceReader,
  name: string,
  { range, after, details = false, limit = Infinity, signal }: VersionsOptions = {},
): AsyncGenerator<VersionEntry> {
  checkName(name);
  const parsedRange = range === undefined ? undefined : parseVersionRange(range);
  const last = after === undefined ? undefined : parseVersion(after);
  const listed = (await reader.listing({ signal })).names.get(name) ?? [];
  let count = 0;
  for (const listedVersion of listed) {
    if (parsedRange !== undefined && !inRange(listedVersion.version, parsedRange)) continue;
    if (last !== undefined && compareVersions(listedVersion.version, last) >= 0) continue;
    if (count++ >= limit) return;
    const changedAt = new Date(await modifiedAt(reader.files, listedVersion.key, signal));
    const version = listedVersion.version.canonical;
    const entry: VersionEntry = { name, version, generation: 1, modifiedAt: changedAt };
    if (details) {
      try {
        entry.info = (await openMindtraceVersion(reader, listedVersion, { signal })).info;
      } catch (error) {
        if (!isUnreadable(error)) throw error;
        entry.error = error;
      }
    }
    yield entry;
  }
}

function find({ name, selector }: Ref, names: Listing["names"], location: string): ListedVersion {
  const versions = names.get(name);
  if (versions === undefined) throw missing(name, "no such name", location);
  const match = selector.kind === "latest"
    ? versions[0]
    : selector.kind === "range"
    ? versions.find(({ version }) => inRange(version, selector.range))
    : selector.kind === "version"
    ? versions.find(({ version }) => version.canonical === selector.version.canonical)
    : undefined;
  if (match !== undefined) return match;
  const isAlias = selector.kind === "alias";
  const state = isAlias ? "mindtrace has no aliases" : "no such version";
  throw missing(name, state, location);
}

function missing(name: string, state: string, place: string): RegistryError {
  const hint = "List what exists: registry.names() and registry.versions(name).";
  return fault({ code: "NotFound", action: "open", subject: shown(name), state, place, hint });
}
