// Artifacts of W&B. While a client sends one, it is a draft: what it is, its manifest and its files are
// parts. Its commit saves a version with the files that were sent and the unchanged ones of the version
// before, which are found by their MD5.
import { createHash } from "node:crypto";
import * as v from "npm:valibot@^1.5";
import {
  fileToSave,
  isJsonObject,
  isRegistryError,
  keepNewest,
  mapAtOnce,
} from "../../../../core/kernel.ts";
import { orMissing, sha256, shown, sortedJson } from "../../../../core/kernel.ts";
import type { ArtifactInfo, Registry } from "../../../../mod.ts";
import type { FileToSave } from "../../../../materializers/mod.ts";
import type {
  Access,
  GatewayContext,
  ReadablePages,
  RouteContext,
} from "../../../../apps/gateways.ts";
import { checkWrites } from "../../../../apps/server/extending.ts";
import { namesWithDrafts } from "../../../runs/mlflow/find_run.ts";
import { openDraftFiles, type RunFile } from "../../../runs/look_at_run.ts";
import { valueOf } from "../../../runs/wandb/values.ts";
import { noSuch, wrong } from "../errors.ts";
import { textOf } from "../known_run.ts";
import { idOf, indexOf, objectIn, partsOfId, versionOf } from "../names.ts";

export const MANIFEST_FILE = ".wandb/manifest.json";
const FACTS = "facts", FACTS_FILE = ".wandb/artifact.json";
const encoder = new TextEncoder(), decoder = new TextDecoder();

type Draft = Awaited<ReturnType<Registry["openDraft"]>>;

/** An artifact that is being sent, or a version. */
export interface Place {
  readonly name: string;
  readonly draft?: string;
  readonly version?: string;
}

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

const EntrySchema = v.object({
  digest: v.string(),
  ref: v.optional(v.string()),
  size: v.optional(v.number()),
});
type Entry = v.InferOutput<typeof EntrySchema>;

type Manifest = ReadonlyMap<string, Entry>;

/** Returns the id of a version, or of an artifact that is being sent. */
export function artifactId({ name, draft, version }: Place): string {
  return idOf("Artifact", name, version === undefined ? `#${draft}` : `@${version}`);
}

export function placeOf(id: string): Place {
  const [name = "", own = ""] = partsOfId("Artifact", id);
  return own.startsWith("@") ? { name, version: own.slice(1) } : { name, draft: own.slice(1) };
}

/** Returns an artifact that a request may change. */
export function changed(c: RouteContext, id: string): Place {
  const place = placeOf(id);
  checkWrites(c, "save", place.name);
  c.info.subject = { ...c.info.subject, draft: place.draft };
  return place;
}

const MOST_SENT = 100_000;

/** The names of artifacts that clients have begun to send, by their drafts. */
class SentArtifacts {
  static readonly id = "wandb.sent";
  readonly #names = new Map<string, string>();

  // deno-lint-ignore require-await -- a process may ask another one
  async add(draft: string, name: string): Promise<void> {
    this.#names.set(draft, name);
    keepNewest(this.#names, MOST_SENT);
  }

  // deno-lint-ignore require-await -- a process may ask another one
  async get(draft: string): Promise<string | undefined> {
    return this.#names.get(draft);
  }
}

export class ArtifactStore {
  readonly context: GatewayContext;
  readonly #registry: Registry;

  constructor(context: GatewayContext) {
    this.context = context;
    this.#registry = context.registry;
  }

  async #draft({ name, draft }: Place): Promise<Draft> {
    return await this.#registry.openDraft(name, { id: `wandb-${draft}` });
  }

  /** Begins an artifact, or returns the version that has the same content. */
  async create(name: string, clientId: string, facts: NewArtifact): Promise<Place> {
    const place = { name, draft: draftOf(clientId) };
    await this.context.memory.of(SentArtifacts).add(place.draft, name);
    const draft = await this.#draft(place), { version } = await draft.info();
    if (version !== undefined) return { name, version };
    const newest = await this.newest(name);
    if (newest !== undefined && factsOf(newest).digest === facts.digest) {
      for (const alias of facts.aliases) {
        await this.#registry.setAlias(name, alias, newest.version);
      }
      return { name, version: newest.version };
    }
    const content = encoder.encode(JSON.stringify(facts));
    await draft.addPart(FACTS, [{ path: FACTS_FILE, content }]);
    return place;
  }

  /**
   * Finds the artifact that a client sends, or has sent, by its own id: others refer to it before it
   * is a version. Services that began later find it in the drafts of all names.
   */
  async sent(clientId: string, access: Access): Promise<Place | undefined> {
    const draft = draftOf(clientId);
    const isIn = async (name: string) => {
      if (!name.includes("/") || !access.may("read", name) && !access.may("save", name)) {
        return false;
      }
      const info = await orMissing((await this.#draft({ name, draft })).info());
      return info !== undefined && (info.version !== undefined || info.parts.length > 0);
    };
    const known = await this.context.memory.of(SentArtifacts).get(draft);
    if (known !== undefined) return await isIn(known) ? { name: known, draft } : undefined;
    const found = mapAtOnce(namesWithDrafts(this.#registry, ""), async (name) => {
      return await isIn(name) ? name : undefined;
    });
    for await (const name of found) if (name !== undefined) return { name, draft };
  }

  async newest(name: string): Promise<ArtifactInfo | undefined> {
    return await orMissing(this.#registry.info(name));
  }

  /** Adds a file of an artifact. Throws `Invalid` for another MD5. */
  async putFile(
    place: Place,
    { path, md5, body }: { path: string; md5: string; body: ReadableStream<Uint8Array> },
  ): Promise<void> {
    const draft = await this.#draft(place), hash = createHash("md5");
    const checked = new TransformStream<Uint8Array, Uint8Array>({
      transform(bytes, controller) {
        hash.update(bytes);
        controller.enqueue(bytes);
      },
      flush() {
        if (hash.digest("base64") !== md5) throw wrong(`The MD5 of ${shown(path)} is not ${md5}`);
      },
    });
    await draft.addPart(filePart(path, md5), [{ path, content: body.pipeThrough(checked) }]);
  }

  async putManifest(place: Place, body: ReadableStream<Uint8Array>): Promise<void> {
    const { system } = this.context, draft = await this.#draft(place);
    const part = `manifest-${String(system.now()).padStart(15, "0")}-${system.id().slice(-12)}`;
    await draft.addPart(part, [{ path: MANIFEST_FILE, content: body }]);
  }

  /** Returns the MD5 of the files that clients need not send. */
  async known(name: string, access: Access): Promise<Set<string>> {
    const newest = access.may("read", name) ? await this.newest(name) : undefined;
    if (newest === undefined) return new Set();
    const entries = [...(await manifestOf(await this.open(newest, access))).values()];
    return new Set(entries.filter(({ ref }) => ref === undefined).map(({ digest }) => digest));
  }

  /** Saves the version of an artifact. A repeat returns the same one. */
  async commit(place: Place, access: Access) {
    const { name } = place, draft = await this.#draft(place);
    const { parts, state, version } = await draft.info();
    const names = parts.map(({ part }) => part);
    const of = { name, id: `wandb-${place.draft}` };
    if (version !== undefined) {
      const info = await this.#registry.info(`${name}@${version}`);
      await this.#completeAliases(info, await openDraftFiles(this.#registry, of, isFacts));
      return { version, digest: String(factsOf(info).digest) };
    }
    const manifestPart = names.filter((part) => part.startsWith("manifest-")).sort().at(-1);
    if (manifestPart === undefined || !names.includes(FACTS)) {
      throw wrong("The manifest was not sent");
    }
    const isWanted = (part: string) => isFacts(part) || part === manifestPart;
    const files = await openDraftFiles(this.#registry, of, isWanted);
    const read = async (wanted: string) =>
      decoder.decode(await files.find(({ part }) => part === wanted)?.bytes());
    const facts = objectIn(await read(FACTS)) as unknown as NewArtifact;
    const manifest = manifestIn(await read(manifestPart));
    const chosen = [manifestPart], sent = new Set(names);
    const missing = new Map([...manifest].filter(([path, { ref, digest }]) => {
      const part = filePart(path, digest), isSent = sent.has(part);
      if (isSent) chosen.push(part);
      return !isSent && ref === undefined;
    }));
    if (missing.size > 0) {
      if (state === "open") {
        await draft.addPart("kept", await this.#unchanged(name, missing, access));
      }
      chosen.push("kept");
    }
    const saved = await draft.commit({
      parts: chosen,
      bump: "major",
      ...(facts.aliases.length > 0 && { alias: facts.aliases }),
      inputs: facts.inputs.map((ref) => ({ ref, digest: null })),
      metadata: metadataOf(facts, [...manifest.values()], place),
    });
    return { version: saved.version, digest: facts.digest, run: facts.runName };
  }

  /** Sets the aliases that a killed commit has not set. Those of later versions stay. */
  async #completeAliases({ name, version }: ArtifactInfo, [facts]: readonly RunFile[]) {
    const { aliases = [] } = objectIn(decoder.decode(await facts?.bytes())) as Partial<NewArtifact>;
    const found = new Map<string, string>();
    for await (const each of this.#registry.aliases(name)) found.set(each.alias, each.version);
    for (const alias of aliases) {
      const at = found.get(alias);
      if (at === undefined || indexOf(at) < indexOf(version)) {
        await this.#registry.setAlias(name, alias, version);
      }
    }
  }

  /** Returns files of the newest version by their MD5, at other paths. */
  async #unchanged(
    name: string,
    missing: ReadonlyMap<string, Entry>,
    access: Access,
  ): Promise<FileToSave[]> {
    const newest = await this.newest(name), known = new Map<string, FileToSave>();
    const opened = newest && await this.open(newest, access);
    const manifest = opened && await manifestOf(opened);
    for await (const page of opened?.pages() ?? []) {
      for (const info of page.info.files) {
        const digest = manifest?.get(info.path)?.digest;
        if (digest !== undefined) known.set(digest, fileToSave(page, info));
      }
    }
    return [...missing].map(([path, { digest }]) => {
      const found = known.get(digest);
      if (found === undefined) throw wrong(`The file ${JSON.stringify(path)} was not sent`);
      return { ...found, path };
    });
  }

  /** Opens a version. */
  async open(place: Place, access: Access): Promise<ReadablePages> {
    const { name } = place;
    access.check("read", name);
    return await this.context.openPages({ name, version: await this.version(place) }, access);
  }

  /** Returns the version of an artifact. Throws `NotFound` for one that is not committed. */
  async version(place: Place): Promise<string> {
    const version = place.version ?? await this.#versionOf(place);
    if (version === undefined) throw noSuch(`artifact ${artifactId(place)} not found`);
    return version;
  }

  async #versionOf(place: Place): Promise<string | undefined> {
    const { version, parts } = await (await this.#draft(place)).info();
    if (version !== undefined || parts.length > 0) return version; // else the draft was removed
    const versions = await this.versions(place.name);
    return versions.find((info) => factsOf(info).draft === place.draft)?.version;
  }

  /** Returns the version of an artifact as it is stored. */
  async info(place: Place): Promise<ArtifactInfo> {
    const info = await this.#registry.info(`${place.name}@${await this.version(place)}`);
    if (!isArtifact(info)) throw noSuch(`artifact ${artifactId(place)} not found`);
    return info;
  }

  /** Finds a version by `v1`, `latest` or an alias; undefined without one. */
  async find(name: string, alias: string): Promise<ArtifactInfo | undefined> {
    try {
      const info = await this.#registry.info(`${name}@${versionOf(alias)}`);
      return isArtifact(info) ? info : undefined;
    } catch (error) {
      if (!isRegistryError(error, "NotFound", "Invalid")) throw error;
    }
  }

  /** Returns the aliases of each version of a name as W&B shows them. */
  async aliasesOf(name: string): Promise<(version: string) => string[]> {
    const all = await Array.fromAsync(this.#registry.aliases(name));
    const newest = (await this.newest(name))?.version;
    return (version) => [
      ...(version === newest ? ["latest"] : []),
      `v${indexOf(version)}`,
      ...all.filter((each) => each.version === version).map(({ alias }) => alias),
    ];
  }

  /** Returns the newest versions of the collections of a project, or of one, that a request may read. */
  async collections(project: string, access: Access, only = ""): Promise<ArtifactInfo[]> {
    const names: string[] = [], prefix = `${project}/`;
    for await (const name of only ? [prefix + only] : this.#registry.names({ prefix })) {
      const isDirect = !name.slice(prefix.length).includes("/");
      if (isDirect && access.may("read", name)) names.push(name);
    }
    const found = await Array.fromAsync(mapAtOnce(names, (name) => this.newest(name)));
    return found.filter(isArtifact);
  }

  /** Returns the versions of a collection, the newest first. */
  async versions(name: string): Promise<ArtifactInfo[]> {
    const listed = this.#registry.versions(name, { details: true, withoutFiles: true });
    return (await Array.fromAsync(listed)).map(({ info }) => info).filter(isArtifact);
  }
}

/** Returns what W&B's clients have said about a version: with a type, if it is an artifact of them. */
export function factsOf({ metadata: { wandb } }: ArtifactInfo): Record<string, unknown> {
  return isJsonObject(wandb) ? wandb : {};
}

/** Returns the tags with which an artifact was logged. */
export function tagsOf({ tags }: Record<string, unknown>): string[] {
  return Array.isArray(tags) ? tags.map(String) : [];
}

function draftOf(clientId: string): string {
  return sha256(encoder.encode(clientId)).slice(0, 32);
}

function isFacts(part: string): boolean {
  return part === FACTS;
}

function isArtifact(info: ArtifactInfo | undefined): info is ArtifactInfo {
  return info !== undefined && typeof factsOf(info).type === "string";
}

function filePart(path: string, md5: string): string {
  return `file-${sha256(encoder.encode(`${md5}\n${path}`)).slice(0, 40)}`;
}

/** Returns the manifest of a version; an empty one for a version without it. */
export async function manifestOf(version: ReadablePages): Promise<Manifest> {
  return manifestIn(await textOf(version, MANIFEST_FILE));
}

/** Returns the entries of a manifest; none for anything else. */
function manifestIn(text: string | undefined): Map<string, Entry> {
  const { contents } = objectIn(text);
  const entries = Object.entries(isJsonObject(contents) ? contents : {});
  return new Map(entries.filter((entry): entry is [string, Entry] => v.is(EntrySchema, entry[1])));
}

function metadataOf(
  { artifactTypeName: type, runName: run, digest, description, metadata, historyStep: step, tags }:
    NewArtifact,
  entries: readonly Entry[],
  { draft }: Place,
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
