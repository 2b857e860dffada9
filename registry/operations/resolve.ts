// From a ref to the record it means.
import { type Advice, type Fault, RegistryError } from "../../core/errors.ts";
import { shown } from "../../core/naming/names.ts";
import type { VersionRecord } from "../../core/record.ts";
import { corruptRecord } from "../format/record_codec.ts";
import type { Ref } from "../../core/naming/refs.ts";
import { FIRST_VERSION, parseVersion, type Version } from "../../core/naming/versions.ts";
import type { Context } from "./context.ts";
import {
  liveHeads,
  misplaced,
  readFirst,
  readHead,
  readRecord,
  recordOfKind,
  versionHeads,
} from "../cell/heads.ts";
import type { FoundRecord, Head, Located } from "../cell/heads.ts";
import { aliasCell, cellOf, versionCell, versionsFolder } from "../format/layout.ts";
import { countingHead, isVoid } from "../cell/voids.ts";

/** Finds what a ref means, or throws `NotFound` that says which part of it is missing. */
export async function locate(context: Context, ref: Ref, signal?: AbortSignal): Promise<Located> {
  const { name, selector } = ref;
  const located = await tryLocate(context, ref, signal);
  if (located !== undefined) return located;
  if (selector.kind === "version") {
    throw await versionNotFound(context, name, selector.version, signal);
  }
  const what = selector.kind === "range" ? `a version in ${shown(selector.text)}` : "a version";
  throw absent(context, {
    subject: shown(name),
    state: `it does not have ${what}`,
    hint: "Check the name; registry.names() and registry.versions(name) list what there is.",
    hints: {
      cli: "Check the name; holdfast ls and holdfast versions NAME list what there is.",
      http: "Check the name; GET /names and GET /artifacts/{name}/versions list what there is.",
    },
  });
}

class Absent extends RegistryError {}

/** True for the `NotFound` of a ref; false for one of the caller's own code, which is a failure like any other. */
export function isAbsent(error: unknown): error is RegistryError {
  return error instanceof Absent;
}

function absent(
  { backend }: Context,
  words: { subject: string } & Pick<Fault, "state" | "hint" | "hints">,
): RegistryError {
  return new Absent({ code: "NotFound", action: "find", ...words, backend: backend.location });
}

/** Like {@linkcode locate}, with undefined where there is no such version. A missing alias is still `NotFound`. */
export async function tryLocate(
  context: Context,
  ref: Ref,
  signal?: AbortSignal,
): Promise<Located | undefined> {
  const { name, selector } = ref;
  if (selector.kind === "version") {
    return await locateVersion(context, name, selector.version, signal);
  }
  if (selector.kind === "alias") return await locateAlias(context, name, selector.alias, signal);
  if (selector.kind === "latest") return await locateLatest(context, name, signal);
  for await (const { head } of versionHeads(context, name, { range: selector.range, signal })) {
    const located = await readCell(context, cellOf(head.key), { head, signal });
    if (located !== undefined) return located; // else it vanished or is void: the next newest
  }
}

/** The newest release. Mostly the first entry of its folder tells. */
async function locateLatest(
  context: Context,
  name: string,
  signal?: AbortSignal,
): Promise<Located | undefined> {
  const folder = versionsFolder(name);
  const first = await readFirst(context, folder, signal);
  if (first === undefined) return undefined;
  if ("generation" in first && !first.dead) {
    const located = await readCell(context, cellOf(first.key), { head: first, signal });
    if (located !== undefined) return located; // else it vanished or is void, which is rare
  }
  for await (const head of liveHeads(context, folder, { signal })) {
    const located = await readCell(context, cellOf(head.key), { head, signal });
    if (located !== undefined) return located;
  }
}

/** A version, or undefined where there is none or it was deleted. */
export async function locateVersion(
  context: Context,
  name: string,
  version: Version,
  signal?: AbortSignal,
): Promise<Located | undefined> {
  const { versioned } = context.settings;
  if (!versioned && version.canonical !== FIRST_VERSION.canonical) return undefined;
  return await readCell(context, versionCell(name, version, versioned), { signal });
}

async function locateAlias(
  context: Context,
  name: string,
  alias: string,
  signal?: AbortSignal,
): Promise<Located> {
  const version = await readAlias(context, name, alias, signal);
  if (version === undefined) {
    throw absent(context, {
      subject: `"${name}@${alias}"`,
      state: `${shown(name)} has no such alias`,
      ...settingAlias(name, alias, (set) => `Set it with ${set}, or check the spelling.`),
    });
  }
  const located = await locateVersion(context, name, parseVersion(version), signal);
  if (located !== undefined) return located;
  throw await danglingAlias(context, { name, alias, version }, signal);
}

/** The error of an alias that names nothing: a deletion by force leaves it, and one beside the setting of the alias. */
export async function danglingAlias(
  context: Context,
  { name, alias, version }: { name: string; alias: string; version: string },
  signal?: AbortSignal,
): Promise<RegistryError> {
  const head = await readHead(
    context,
    versionCell(name, parseVersion(version), context.settings.versioned),
    signal,
  );
  const state = head === undefined ? "is not there" : head.dead ? "was deleted" : "does not count";
  return absent(context, {
    subject: `"${name}@${alias}"`,
    state: `the alias names version ${version}, which ${state}`,
    ...settingAlias(
      name,
      alias,
      (set, remove) =>
        `Let the alias name another version with ${set}, or remove it with ${remove}.`,
    ),
  });
}

/** Makes a hint, for each reader, that says how to set an alias and how to delete it. */
function settingAlias(
  name: string,
  alias: string,
  told: (set: string, remove: string) => string,
): Advice {
  const given = `${shown(name)}, ${shown(alias)}`;
  const command = `holdfast alias ${name} ${alias}`;
  const route = `/artifacts/${encodeURIComponent(name)}/aliases/${encodeURIComponent(alias)}`;
  return {
    hint: told(`registry.setAlias(${given}, version)`, `registry.deleteAlias(${given})`),
    hints: {
      cli: told(`${command} VERSION`, `${command} --delete`),
      http: told(`PUT ${route}`, `DELETE ${route}`),
    },
  };
}

/** The version that an alias names, or undefined where there is no such alias. */
export async function readAlias(
  context: Context,
  name: string,
  alias: string,
  signal?: AbortSignal,
): Promise<string | undefined> {
  for (let key = "";;) {
    const head = await readHead(context, aliasCell(name, alias), signal);
    if (head === undefined || head.dead) return undefined;
    const found = await readRecord(context, head, signal);
    if (found !== undefined) return versionNamed(found, name, alias);
    if (head.key === key) throw corruptRecord(key, "it is listed but not there");
    key = head.key; // removed between list and get, so there is a newer one
  }
}

/** The version that the record of an alias names. Throws where it is another one's. */
export function versionNamed(found: FoundRecord, name: string, alias: string): string {
  const record = recordOfKind(found, "alias");
  if (record.name !== name || record.alias !== alias) throw misplaced(found.info.key, record);
  return record.version;
}

/**
 * The version record of a cell, or undefined where it holds none: deleted, void, or never written. Readers take no
 * locks: a record that the janitor removed meanwhile means that there is a newer head.
 */
export async function readCell(
  context: Context,
  cell: string,
  options: { head?: Head; signal?: AbortSignal },
): Promise<Located | undefined> {
  const { signal } = options;
  const known = options.head !== undefined && !context.voids.has(options.head.key);
  let head = known ? options.head : await countingHead(context, cell, signal);
  for (let key = "";; head = await countingHead(context, cell, signal)) {
    if (head === undefined || head.dead) return undefined;
    const found = await readRecord(context, head, signal);
    const scrubbed = found?.record.kind === "scrubbed";
    if (found !== undefined && !scrubbed) {
      if (found.record.kind === "deleted") return undefined;
      const record = recordOfKind(found, "version");
      checkPlace(context, record, head.key, cell);
      if (await isVoid(context, found, signal)) continue; // what counts now
      return { cell, generation: head.generation, head, found, record };
    }
    if (head.key === key) {
      if (scrubbed) return undefined;
      throw corruptRecord(key, "it is listed but not there");
    }
    key = head.key;
  }
}

/** A record belongs to the cell of its name and version; elsewhere somebody put it. */
function checkPlace(
  context: Context,
  { name, version }: VersionRecord,
  key: string,
  cell: string,
): void {
  if (versionCell(name, parseVersion(version), context.settings.versioned) === cell) return;
  throw corruptRecord(key, `it is of ${shown(`${name}@${version}`)}, and belongs elsewhere`);
}

async function versionNotFound(
  context: Context,
  name: string,
  version: Version,
  signal?: AbortSignal,
): Promise<RegistryError> {
  const head = await readHead(
    context,
    versionCell(name, version, context.settings.versioned),
    signal,
  );
  if (head?.dead) await readRecord(context, head.key, signal); // throws where it is damage that looks like a tombstone
  return absent(context, {
    subject: `"${name}@${version.canonical}"`,
    state: head?.dead ? "it was deleted" : "there is no such version",
    hint: `registry.versions(${shown(name)}) lists the versions that there are.`,
    hints: {
      cli: `holdfast versions ${name} lists the versions that there are.`,
      http: `GET /artifacts/${
        encodeURIComponent(name)
      }/versions lists the versions that there are.`,
    },
  });
}
