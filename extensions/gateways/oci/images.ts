// The artifacts of versions, and searches for those that have a digest: clients ask for blobs and
// manifests by their digest alone.
import { inTurns, isRegistryError, isUnreadable, mapAtOnce } from "../../../core/kernel.ts";
import type {
  Access,
  AskedVersion,
  GatewayContext,
  ReadablePages,
} from "../../../apps/gateways.ts";
import { imageOf, type OciImage } from "./image.ts";

/** Layers of the artifacts in memory, about 1 KiB each. The last one stays even if it has more. */
const MOST_LAYERS = 20_000;
/** How long a version is read by its commit, milliseconds, before it is looked up again. */
const KEEP_MS = 60_000;

type Context = Pick<GatewayContext, "registry" | "openPages" | "system">;

export interface FoundImage {
  artifact: ReadablePages;
  image: OciImage;
}

export class Images {
  readonly #context: Context;
  readonly #known = new Map<string, { image: OciImage; until: number }>();
  #layers = 0;

  constructor(context: Context) {
    this.#context = context;
  }

  /** Opens the version of a tag. */
  async open(asked: AskedVersion, access: Access): Promise<FoundImage> {
    const artifact = await this.#context.openPages(asked, access);
    artifact.checkFiles?.();
    return { artifact, image: await this.#imageOf(artifact, asked) };
  }

  /** Finds an artifact of a name among those in memory. */
  async findKnown(
    name: string,
    access: Access,
    isMeant: (image: OciImage) => boolean,
  ): Promise<FoundImage | undefined> {
    for (const [key, { image, until }] of [...this.#known].reverse()) {
      if (image.name !== name || !isMeant(image)) continue;
      const { version, commit } = image;
      const isFresh = this.#context.system.monotonic() < until;
      const asked = isFresh ? { name, version, commit } : { name, version };
      const found = await this.#openReadable(asked, access);
      if (found?.image !== image) this.#forget(key); // deleted or replaced, or hidden
      if (found !== undefined && isMeant(found.image)) return found;
    }
  }

  /** Searches all versions of a name, newest first. */
  async search(
    name: string,
    { access, signal }: { access: Access; signal: AbortSignal },
    isMeant: (image: OciImage) => boolean,
  ): Promise<FoundImage | undefined> {
    const listed = this.#context.registry.versions(name, { details: true, withoutFiles: true });
    const opened = mapAtOnce(inTurns(listed), async ({ version, info }) => {
      if (info === undefined) return undefined; // unreadable
      return await this.#openReadable({ name, version, commit: info.commit }, access);
    }, { concurrency: 4 });
    for await (const found of opened) {
      signal.throwIfAborted();
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

  async #imageOf(artifact: ReadablePages, asked: AskedVersion): Promise<OciImage> {
    const { name, version, commit } = artifact.info;
    const key = JSON.stringify([name, version, commit]);
    const known = this.#known.get(key);
    const image = known?.image ?? await imageOf(artifact);
    const isLookedUp = known === undefined || asked.commit === undefined;
    const until = isLookedUp ? this.#context.system.monotonic() + KEEP_MS : known.until;
    this.#forget(key);
    this.#known.set(key, { image, until }); // to the end
    this.#layers += image.paths.size;
    for (const oldest of this.#known.keys()) {
      if (this.#layers <= MOST_LAYERS || this.#known.size === 1) break;
      this.#forget(oldest);
    }
    return image;
  }

  #forget(key: string): void {
    this.#layers -= this.#known.get(key)?.image.paths.size ?? 0;
    this.#known.delete(key);
  }
}
