// The forms of versions, and searches for those that have a digest: clients ask for blobs and
// manifests by their digest alone.
import {
  inTurns,
  isRegistryError,
  isUnreadable,
  mapAtOnce,
  valueAt,
} from "../../../core/kernel.ts";
import type {
  Access,
  AskedVersion,
  GatewayContext,
  ReadablePages,
} from "../../../apps/gateways.ts";
import { containerOf, type DigestOf } from "./container.ts";
import { artifactOf, type OciImage, type SmallBlob } from "./image.ts";
import { type Referrers, referrersOf } from "./referrers.ts";
import type { Form } from "./names.ts";
import { LayerDigests, OciNotes } from "./notes.ts";
import { ollamaOf } from "./ollama.ts";
import { type AskedPart, hasPart, ServedImages } from "./served_images.ts";

/** Files of the images in memory, up to about 1 KiB each. The last one stays even if it has more. */
const MOST_FILES = 20_000;
/** How long a version is read by its commit, milliseconds, before it is looked up again. */
const KEEP_MS = 60_000;

type Context = Pick<GatewayContext, "registry" | "openPages" | "system" | "logger" | "closing">;

/** The sender of a request, and its signal. */
export interface Sender {
  access: Access;
  signal: AbortSignal;
}

export interface FoundImage {
  artifact: ReadablePages;
  image: OciImage;
  /** The part that was asked for, if it is one of an artifact that refers to the image. */
  referring?: SmallBlob;
}

export class Images {
  readonly #context: Context;
  readonly #digests: LayerDigests;
  readonly #served: ServedImages;
  readonly #known = new Map<string, { image: OciImage; until: number }>();
  #files = 0;

  constructor(context: Context) {
    this.#context = context;
    const notes = new OciNotes(context);
    this.#digests = new LayerDigests(notes, context);
    this.#served = new ServedImages(notes, context.system);
  }

  /** Opens the version of a tag. Reads what has no digest yet. */
  async open(asked: AskedVersion, form: Form, { access, signal }: Sender): Promise<FoundImage> {
    const artifact = await this.#openPages(asked, access);
    const { name, version } = artifact.info;
    const image = await this.#imageOf(artifact, { asked, form }, async (layer, { at, count }) => {
      const subject = `layer ${at + 1} of ${count} of ${JSON.stringify(`${name}@${version}`)}`;
      return await this.#digests.find(layer) ??
        await this.#digests.compute(layer, (path) => artifact.file(path), { subject, signal });
    });
    return { artifact, image: image! };
  }

  /** Notes that clients pull an image: their next requests may come to another service. */
  async note(image: OciImage): Promise<void> {
    await this.#served.note(image);
  }

  /** Returns the list of the artifacts that refer to a manifest of an image. */
  async referrers({ artifact, image }: FoundImage, digest: string): Promise<Referrers["listed"]> {
    const { listed, ...parts } = await referrersOf(artifact, valueAt(image.manifests, digest));
    await this.#served.noteParts(image.name, image, [
      ...[...parts.manifests.keys()].map((digest) => ({ kind: "manifest", digest } as const)),
      ...[...parts.blobs.keys()].map((digest) => ({ kind: "blob", digest } as const)),
    ]);
    return listed;
  }

  /** Returns a part of the artifacts that refer to an image. */
  async #referring(
    { artifact, image }: FoundImage,
    { kind, digest }: AskedPart,
  ): Promise<SmallBlob | undefined> {
    for (const subject of image.manifests.values()) {
      const { manifests, blobs } = await referrersOf(artifact, subject);
      const found = (kind === "manifest" ? manifests : blobs).get(digest);
      if (found !== undefined) return found;
    }
  }

  /** Finds an image of a name among those in memory. */
  async findKnown(name: string, part: AskedPart, access: Access): Promise<FoundImage | undefined> {
    for (const [key, { image, until }] of [...this.#known].reverse()) {
      if (image.name !== name || !hasPart(image, part)) continue;
      const { version, commit, form } = image;
      const isFresh = this.#context.system.monotonic() < until;
      const asked = isFresh ? { name, version, commit } : { name, version };
      const found = await this.#openReadable(asked, form, access);
      if (found?.image !== image) this.#forget(key); // deleted or replaced, or hidden
      if (found !== undefined && hasPart(found.image, part)) return found;
    }
  }

  /** Finds an image by notes. Else searches artifacts of all versions of the name, newest first. */
  async search(
    name: string,
    part: AskedPart,
    { access, signal }: Sender,
  ): Promise<FoundImage | undefined> {
    const noted = await this.#served.find(name, part);
    const recent = part.kind === "blob" ? await this.#served.recent(name) : [];
    for (const served of [noted, ...recent]) {
      signal.throwIfAborted();
      if (served === undefined) continue;
      const { version, form } = served;
      const found = await this.#openReadable({ name, version }, form, access);
      if (found === undefined) continue;
      if (hasPart(found.image, part)) return found;
      const referring = served === noted && await this.#referring(found, part);
      if (referring) return { ...found, referring };
    }
    const listed = this.#context.registry.versions(name, { details: true, withoutFiles: true });
    const opened = mapAtOnce(inTurns(listed), async ({ version, info }) => {
      if (info === undefined) return undefined; // unreadable
      return await this.#openReadable({ name, version, commit: info.commit }, "artifact", access);
    }, { concurrency: 4 });
    for await (const found of opened) {
      signal.throwIfAborted();
      if (found !== undefined && hasPart(found.image, part)) return found;
    }
  }

  /**
   * Opens a version; undefined for one that is gone, hidden, damaged or not served, or whose layers
   * have no digests yet.
   */
  async #openReadable(
    asked: AskedVersion,
    form: Form,
    access: Access,
  ): Promise<FoundImage | undefined> {
    try {
      const artifact = await this.#openPages(asked, access);
      const known: DigestOf = (layer) => this.#digests.find(layer);
      const image = await this.#imageOf(artifact, { asked, form }, known);
      return image && { artifact, image };
    } catch (error) {
      const isLeftOut = isRegistryError(error, "NotFound", "Conflict", "Denied", "Unsupported");
      if (!isLeftOut && !isUnreadable(error)) throw error;
    }
  }

  async #openPages(asked: AskedVersion, access: Access): Promise<ReadablePages> {
    const artifact = await this.#context.openPages(asked, access);
    artifact.checkFiles?.();
    return artifact;
  }

  async #imageOf(
    artifact: ReadablePages,
    { asked, form }: { asked: AskedVersion; form: Form },
    digestOf: DigestOf,
  ): Promise<OciImage | undefined> {
    const { name, version, commit } = artifact.info;
    const key = JSON.stringify([name, version, commit, form]);
    const known = this.#known.get(key);
    const image = known?.image ?? await formed(artifact, form, digestOf);
    if (image === undefined) return undefined;
    const isLookedUp = known === undefined || asked.commit === undefined;
    const until = isLookedUp ? this.#context.system.monotonic() + KEEP_MS : known.until;
    this.#forget(key);
    this.#known.set(key, { image, until }); // to the end
    this.#files += image.count;
    for (const oldest of this.#known.keys()) {
      if (this.#files <= MOST_FILES || this.#known.size === 1) break;
      this.#forget(oldest);
    }
    return image;
  }

  #forget(key: string): void {
    this.#files -= this.#known.get(key)?.image.count ?? 0;
    this.#known.delete(key);
  }
}

async function formed(
  artifact: ReadablePages,
  form: Form,
  digestOf: DigestOf,
): Promise<OciImage | undefined> {
  if (form === "artifact") return await artifactOf(artifact);
  if (form === "ollama") return await ollamaOf(artifact);
  return await containerOf(artifact, form, digestOf);
}
