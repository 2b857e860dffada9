// Artifacts of W&B. While a client sends one, it is a draft: what it is, its manifest and its files are
// parts. Its commit saves a version with the files that were sent and the unchanged ones of the version
// before, which are found by their MD5.
import { createHash } from "node:crypto";
import { fileToSave, isRegistryError, keepNewest, mapAtOnce } from "../../../../core/kernel.ts";
import { orMissing, sha256, shown } from "../../../../core/kernel.ts";
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
import { noSuch, wrong } from "../errors.ts";
import { textOf } from "../known_run.ts";
import { idOf, indexOf, objectIn, partsOfId, versionOf } from "../names.ts";
import { factsOf, isArtifact, metadataOf, type NewArtifact } from "./facts.ts";
import { type Entry, isManifest, joinedManifest, MANIFEST_FILE, manifestIn } from "./manifest.ts";
import { type Kind, type Manifest, manifestPart } from "./manifest.ts";

const FACTS = "facts", FACTS_FILE = ".wandb/artifact.json";
const encoder = new TextEncoder(), decoder = new TextDecoder();

type Draft = Awaited<ReturnType<Registry["openDraft"]>>;

/** An artifact that is being sent, or a version. */
export interface Place {
  readonly name: string;
  readonly draft?: string;
  readonly version?: string;
}

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
  async create(
    name: string,
    { client, distributed }: { client: string; distributed?: string },
    facts: NewArtifact,
  ): Promise<Place> {
    if (distributed !== undefined) return await this.#createDistributed(name, distributed, facts);
    const place = { name, draft: draftOf(client) };
    await this.context.memory.of(SentArtifacts).add(place.draft, name);
    const draft = await this.#draft(place), { version } = await draft.info();
    if (version !== undefined) return { name, version };
    const newest = await this.newest(name), { type } = newest ? factsOf(newest) : {};
    if (typeof type === "string" && type !== facts.artifactTypeName) {
      const own = `'${type}'; cannot create another with type '${facts.artifactTypeName}'`;
      throw wrong(`Artifact ${name.replace(/^[^]*\//, "")} already exists with type ${own}`);
    }
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
   * Begins an artifact that programs send together, or returns the one that is not finished. The last
   * facts count: those of the program that finishes it.
   */
  async #createDistributed(name: string, id: string, facts: NewArtifact): Promise<Place> {
    for (let number = 0;; number++) {
      const place = { name, draft: draftOf(JSON.stringify(["distributed", name, id, number])) };
      const draft = await this.#draft(place), { version } = await draft.info();
      if (version !== undefined) continue;
      const content = encoder.encode(JSON.stringify(facts));
      await draft.addPart(this.#latePart(FACTS), [{ path: FACTS_FILE, content }]);
      return place;
    }
  }

  /** Returns a name of a part that sorts after those before. */
  #latePart(kind: string): string {
    const { system } = this.context;
    return `${kind}-${String(system.now()).padStart(15, "0")}-${system.id().slice(-12)}`;
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

  async putManifest(place: Place, kind: Kind, body: ReadableStream<Uint8Array>): Promise<void> {
    const draft = await this.#draft(place);
    await draft.addPart(this.#latePart(kind), [{ path: MANIFEST_FILE, content: body }]);
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
    const factsPart = names.filter(isFacts).sort().at(-1);
    const files = await openDraftFiles(
      this.#registry,
      of,
      (part) => isFacts(part) || isManifest(part),
    );
    const read = async (wanted: string) =>
      decoder.decode(await files.find(({ part }) => part === wanted)?.bytes());
    const whole = manifestPart(names);
    if (whole === undefined || factsPart === undefined) throw wrong("The manifest was not sent");
    const given = objectIn(await read(factsPart)) as unknown as NewArtifact;
    const base = async () => {
      const newest = await this.newest(name);
      return newest && await manifestOf(await this.open(newest, access));
    };
    const joined = whole.deltas && await joinedManifest(whole.deltas, read, base);
    const part = joined?.part ?? whole.part, facts = { ...given, ...joined?.facts };
    if (joined !== undefined && state === "open") {
      await draft.addPart(part, [{ path: MANIFEST_FILE, content: joined.content }]);
    }
    const manifest = joined?.manifest ?? manifestIn(await read(part));
    const chosen = [part], sent = new Set(names);
    const missing = new Map([...manifest].filter(([path, { ref, digest }]) => {
      const own = filePart(path, digest), isSent = sent.has(own);
      if (isSent) chosen.push(own);
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
  async #completeAliases({ name, version }: ArtifactInfo, all: readonly RunFile[]) {
    const facts = all.toSorted((one, other) => one.part < other.part ? -1 : 1).at(-1);
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

  /** Adds files of a version by their MD5. */
  async #addKnown(known: Map<string, FileToSave>, of: Place, access: Access): Promise<void> {
    const opened = await this.open(of, access), manifest = await manifestOf(opened);
    for await (const page of opened.pages()) {
      for (const info of page.info.files) {
        const digest = manifest.get(info.path)?.digest;
        if (digest !== undefined) known.set(digest, fileToSave(page, info));
      }
    }
  }

  /** Returns files of earlier versions by their MD5, at other paths. */
  async #unchanged(
    name: string,
    missing: ReadonlyMap<string, Entry>,
    access: Access,
  ): Promise<FileToSave[]> {
    const known = new Map<string, FileToSave>();
    const isKnown = () => missing.values().every(({ digest }) => known.has(digest));
    const newest = await this.newest(name);
    if (newest !== undefined) await this.#addKnown(known, newest, access);
    // One that a client made from an earlier version has files of that one.
    for (const info of newest && !isKnown() ? await this.versions(name) : []) {
      await this.#addKnown(known, info, access);
      if (isKnown()) break;
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

function draftOf(clientId: string): string {
  return sha256(encoder.encode(clientId)).slice(0, 32);
}

function isFacts(part: string): boolean {
  return part.startsWith(FACTS);
}

function filePart(path: string, md5: string): string {
  return `file-${sha256(encoder.encode(`${md5}\n${path}`)).slice(0, 40)}`;
}

/** Returns the manifest of a version; an empty one for a version without it. */
export async function manifestOf(version: ReadablePages): Promise<Manifest> {
  return manifestIn(await textOf(version, MANIFEST_FILE));
}
