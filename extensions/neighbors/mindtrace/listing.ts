// The versions of a mindtrace registry, by the names of its `_meta_` files.
import type { CallOptions } from "../../../backends/mod.ts";
import {
  checkName,
  compareUtf8,
  compareVersions,
  conflict,
  corrupt,
  encodeName,
  isJsonObject,
  isRegistryError,
  notFound,
  parsedJson,
  parseVersion,
  retold,
  shown,
  valueAt,
} from "../../../core/kernel.ts";
import type { RegistryError } from "../../../core/kernel.ts";
import type { Version } from "../../../mod.ts";
import { META, type MindtraceFiles, SETTINGS_FILE } from "./source.ts";

/** A version that Holdfast can name. */
export interface ListedVersion {
  name: string;
  version: Version;
  /** The version as mindtrace spells it. */
  spelled: string;
  /** Path of its description. */
  key: string;
}

/** A version that Holdfast cannot name. */
export interface UnfitVersion {
  name: string;
  spelled: string;
  error: RegistryError;
}

/** The versions of a registry: by name in the order of names, each newest first. */
export interface Listing {
  names: ReadonlyMap<string, readonly ListedVersion[]>;
  unfit: readonly UnfitVersion[];
}

/** The stored settings, as far as they matter to a reader. */
export interface MindtraceSettings {
  /** Releases before 0.10 replace `:` in file names by `_`. */
  isOld: boolean;
  isVersioned: boolean;
}

/** Reads the settings. A folder without settings and versions is `NotFound`. */
export async function readSettings(
  files: MindtraceFiles,
  options: CallOptions,
): Promise<MindtraceSettings> {
  const file = await files.open(SETTINGS_FILE, options);
  if (file === undefined) {
    for await (const _ of files.metaPaths(options)) return { isOld: false, isVersioned: true };
    const below = await files.registryBelow(options);
    throw notFound("open the mindtrace registry at", files.location, `it has no ${SETTINGS_FILE}`, {
      hint: below === undefined
        ? "Pass the folder or bucket (with its prefix) that mindtrace's Registry(…) uses."
        : `Pass the registry in it: add /${below} to the path.`,
    });
  }
  const settings = settingsOf(new TextDecoder().decode(await file.bytes()));
  return {
    isOld: !("version_digits" in settings),
    isVersioned: settings.version_objects !== false,
  };
}

function settingsOf(text: string): Record<string, unknown> {
  const value = parsedJson(text);
  if (isJsonObject(value)) return value;
  throw corrupt("read registry_metadata.json", undefined, "it is not a JSON object", {
    hint: "Restore it from a backup: it describes the layout of the registry.",
  });
}

export async function listMindtrace(
  files: MindtraceFiles,
  { isOld }: MindtraceSettings,
  options: CallOptions,
): Promise<Listing> {
  const versionsByName = new Map<string, ListedVersion[]>();
  const unfit: UnfitVersion[] = [];
  for await (const path of files.metaPaths(options)) {
    const at = path.lastIndexOf("@");
    const suffix = /\.(?:json|yaml)$/.exec(path)?.[0];
    if (at <= 0 || suffix === undefined) continue;
    const name = decodeMetaName(path.slice(0, at), isOld);
    const spelled = path.slice(at + 1, -suffix.length);
    const version = nameable(name, spelled);
    if (isRegistryError(version)) unfit.push({ name, spelled, error: version });
    else {
      const versions = versionsByName.get(name) ?? [];
      versions.push({ name, version, spelled, key: META + path });
      versionsByName.set(name, versions);
    }
  }
  const names = new Map<string, ListedVersion[]>();
  for (const name of [...versionsByName.keys()].sort(byName)) {
    names.set(name, newestFirst(valueAt(versionsByName, name), unfit));
  }
  return { names, unfit };
}

const byName = (a: string, b: string) => compareUtf8(encodeName(a), encodeName(b));

function decodeMetaName(text: string, isOld: boolean): string {
  return isOld ? text.replaceAll("_", ":") : text.replaceAll("%3A", ":");
}

/** Returns the version in Holdfast, or why Holdfast cannot have this name and version. */
function nameable(name: string, spelled: string): Version | RegistryError {
  try {
    checkName(name);
    return parseVersion(spelled);
  } catch (error) {
    if (!isRegistryError(error)) throw error;
    const isVersion = error.subject?.endsWith("as a version") ?? false;
    const hint = isVersion
      ? "Save it in mindtrace under a version of one to three numbers, such as 1.2.3."
      : "Save it in mindtrace under a shorter name without control characters and outer spaces.";
    return retold(error, {
      action: "import",
      subject: shown(`${name}@${spelled}`),
      state: isVersion ? "its version must have one to three numbers" : error.state,
      hint,
    });
  }
}

/** Sorts versions. Of two spellings of one version (`1` and `1.0`), only the first fits. */
function newestFirst(versions: ListedVersion[], unfit: UnfitVersion[]): ListedVersion[] {
  versions.sort((a, b) =>
    compareVersions(b.version, a.version) || a.spelled.length - b.spelled.length
  );
  return versions.filter(({ name, version, spelled }, i) => {
    const before = versions[i - 1];
    if (before?.version.canonical !== version.canonical) return true;
    const error = conflict(
      "import",
      shown(`${name}@${spelled}`),
      `it is the same version as ${before.spelled} in Holdfast`,
      { hint: "Save it in mindtrace under another version." },
    );
    unfit.push({ name, spelled, error });
    return false;
  });
}
