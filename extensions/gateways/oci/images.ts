// The artifacts of versions, and searches for those that have a digest: clients ask for blobs and
// manifests by their digest alone.
import { inTurns, isRegistryError, isUnreadable } from "../../../core/kernel.ts";
import type {
  Access,
  AskedVersion,
  GatewayContext,
  ReadablePages,
} from "../../../apps/gateways.ts";
import { imageOf, type OciImage } from "./image.ts";

/** Layers of the artifacts in memory, about 1 KiB each. The last one stays even if it has more. */
const MOST_LAYERS = 20_000;

export interface FoundImage {
  artifact: ReadablePages;
  image: OciImage;
}

export class Images {
  readonly #context: Pick<GatewayContext, "registry" | "openPages">;
  readonly #known = new Map<string, OciImage>();
  #layers = 0;

  constructor(context: Pick<GatewayContext, "registry" | "openPages">) {
    this.#context = context;
  }

  /** Opens the version of a tag. */
  async open(asked: AskedVersion, access: Access): Promise<FoundImage> {
    const artifact = await this.#context.openPages(asked, access);
    artifact.checkFiles?.();
    return { artifact, image: await this.#imageOf(artifact) };
  }

  /** Finds an artifact of a name among those in memory. */
  async findKnown(
    name: string,
    access: Access,
    isMeant: (image: OciImage) => boolean,
  ): Promise<FoundImage | undefined> {
    for (const image of [...this.#known.values()].reverse()) {
      if (image.name !== name || !isMeant(image)) continue;
      const found = await this.#openReadable(image, access);
      if (found !== undefined && isMeant(found.image)) return found;
    }
  }

  /** Searches all versions of a name, newest first. */
  async search(
    name: string,
    { access, signal }: { access: Access; signal: AbortSignal },
    isMeant: (image: OciImage) => boolean,
  ): Promise<FoundImage | undefined> {
    const facts = { details: true, withoutFiles: true };
    for await (const { version, info } of inTurns(this.#context.registry.versions(name, facts))) {
      signal.throwIfAborted();
      if (info === undefined) continue; // unreadable
      const found = await this.#openReadable({ name, version, commit: info.commit }, access);
      if (found !== undefined && isMeant(found.image)) return found;
    }
  }

  /** Opens a version; undefined for one that is gone, hidden, damaged or not served. */
  async #openReadable(asked: AskedVersion, access: Access): Promise<FoundImage | undefined> {
    try {
      return await this.open(asked, access);
    } catch (error) {
      const isLeftOut = isRegistryError(error, "NotFound", "Conflict", "Denied", "Unsupported");
      if (!isLeftOut && !isUnreadable(error)) throw error;
    }
  }

  async #imageOf(artifact: ReadablePages): Promise<OciImage> {
    const { name, version, commit } = artifact.info;
    const key = JSON.stringify([name, version, commit]);
    const known = this.#known.get(key);
    const image = known ?? await imageOf(artifact);
    if (this.#known.delete(key)) this.#layers -= image.paths.size;
    this.#known.set(key, image); // to the end
    this.#layers += image.paths.size;
    for (const [oldest, { paths }] of this.#known) {
      if (this.#layers <= MOST_LAYERS || this.#known.size === 1) break;
      this.#known.delete(oldest);
      this.#layers -= paths.size;
    }
    return image;
  }
}
