// Notes of images that clients pull. They ask for the parts by digest alone, also after a restart, and
// of another process or service of the same registry.
import { isJsonObject, keepNewest } from "../../../core/kernel.ts";
import type { GatewayContext } from "../../../apps/gateways.ts";
import type { OciImage } from "./image.ts";
import { type Form, isForm } from "./names.ts";
import type { OciNotes } from "./notes.ts";

/** A manifest, or a layer or configuration. */
export interface AskedPart {
  kind: "manifest" | "blob";
  digest: string;
}

export function hasPart(
  { manifests, layers, configs }: OciImage,
  { kind, digest }: AskedPart,
): boolean {
  return kind === "manifest" ? manifests.has(digest) : layers.has(digest) || configs.has(digest);
}

/** An image of a name. */
export interface Served {
  version: string;
  form: Form;
}

/** Images in the note of a name. One among the first stays where it is, which saves a write. */
const MOST_RECENT = 32, FIRST = 8;
/** How long it is known that notes have an image, milliseconds. */
const NOTED_MS = 60_000;
const MOST_NOTED = 10_000;

export class ServedImages {
  readonly #notes: OciNotes;
  readonly #system: GatewayContext["system"];
  readonly #noted = new Map<string, number>();

  constructor(notes: OciNotes, system: GatewayContext["system"]) {
    this.#notes = notes;
    this.#system = system;
  }

  /** Writes the notes that an image lacks. */
  async note({ name, version, form, manifest, manifests }: OciImage): Promise<void> {
    const key = `${name} ${manifest.digest}`, now = this.#system.monotonic();
    if ((this.#noted.get(key) ?? 0) > now) return;
    this.#noted.delete(key); // to the end
    this.#noted.set(key, now + NOTED_MS);
    keepNewest(this.#noted, MOST_NOTED);
    const served: Served = { version, form };
    const parts = [...manifests.keys()].map((digest) => ({ kind: "manifest", digest } as const));
    await Promise.all([this.noteParts(name, served, parts), this.#noteRecent(name, served)]);
  }

  /** Writes the missing notes of parts of an image. */
  async noteParts(name: string, served: Served, parts: readonly AskedPart[]): Promise<void> {
    await Promise.all(parts.map(async (part) => {
      if (!isSame(await this.find(name, part), served)) {
        await this.#notes.write([part.kind, name, part.digest], { ...served });
      }
    }));
  }

  /** Finds the image of a part by its note. */
  async find(name: string, { kind, digest }: AskedPart): Promise<Served | undefined> {
    return servedIn([await this.#notes.read([kind, name, digest])])[0];
  }

  async #noteRecent(name: string, served: Served): Promise<void> {
    const recent = await this.recent(name);
    if (recent.slice(0, FIRST).some((each) => isSame(each, served))) return;
    const others = recent.filter((each) => !isSame(each, served));
    const images = [served, ...others].slice(0, MOST_RECENT);
    await this.#notes.write(["recent", name], { images });
  }

  /** Returns the images of a name that were last pulled. */
  async recent(name: string): Promise<Served[]> {
    const { images } = await this.#notes.read(["recent", name], { isFresh: true }) ?? {};
    return servedIn(Array.isArray(images) ? images : []);
  }
}

function servedIn(values: readonly unknown[]): Served[] {
  return values.filter(isServed).map(({ version, form }) => ({ version, form }))
    .slice(0, MOST_RECENT);
}

function isServed(value: unknown): value is Served {
  return isJsonObject(value) && typeof value.version === "string" && isForm(value.form);
}

function isSame(a: Served | undefined, b: Served): boolean {
  return a?.version === b.version && a.form === b.form;
}
