// Facts that a service has found out about layers and manifests. Notes in the store keep them for later
// services, and for others beside it. Losing one only costs reads.
import {
  createLimit,
  createSha256,
  inTurns,
  isJsonObject,
  isRegistryError,
  keepNewest,
  sha256,
} from "../../../core/kernel.ts";
import { knownRecords, LAYOUT, type Records } from "../../../registry/records.ts";
import type { GatewayContext } from "../../../apps/gateways.ts";
import type { OpenFile, TarLayer } from "./tar_layer.ts";

const FOLDER = `${LAYOUT.GARBAGE_NOTES}.oci/`;
const MOST_NOTE_BYTES = 16 * 1024;
/** Notes in memory. */
const MOST_KNOWN = 20_000;
/** Notes in use are written again after so long, as `gc` forgets those that are a year old. */
const RENEWED_MS = 90 * 24 * 60 * 60 * 1000;
const DIGEST = /^sha256:[0-9a-f]{64}$/;

/** Computes the digests of layers, one at a time, each once. */
export class LayerDigests {
  readonly #notes: OciNotes;
  readonly #context: Pick<GatewayContext, "logger" | "closing">;
  readonly #limit = createLimit(1);

  constructor(notes: OciNotes, context: Pick<GatewayContext, "logger" | "closing">) {
    this.#notes = notes;
    this.#context = context;
  }

  /** Returns the digest of a layer; undefined if it has to be computed. */
  async find({ key }: TarLayer): Promise<string | undefined> {
    const { digest } = await this.#notes.read(["layer", key]) ?? {};
    return typeof digest === "string" && DIGEST.test(digest) ? digest : undefined;
  }

  /** Reads a layer for its digest, unless another request has. `subject` is for the log. */
  async compute(
    layer: TarLayer,
    open: OpenFile,
    { subject, signal }: { subject: string; signal?: AbortSignal },
  ): Promise<string> {
    return await this.#limit(async () => {
      signal?.throwIfAborted(); // nobody waits for it
      const found = await this.find(layer);
      if (found !== undefined) return found;
      const { logger, closing } = this.#context;
      const hash = createSha256();
      for await (const bytes of inTurns(layer.read(open))) {
        closing.throwIfAborted();
        hash.update(bytes);
      }
      const digest = `sha256:${hash.digest()}`;
      logger.info(`oci: computed the digest of ${subject}, ${layer.size} bytes`);
      await this.#notes.write(["layer", layer.key], { digest });
      return digest;
    });
  }
}

type Note = Record<string, unknown>;

/** Notes in the store, and in memory: there alone without a store, or without the right to write. */
export class OciNotes {
  readonly #records?: Records;
  readonly #logger: GatewayContext["logger"];
  readonly #known = new Map<string, Note>();
  #areWritten: boolean;

  constructor({ registry, logger }: Pick<GatewayContext, "registry" | "logger">) {
    this.#records = knownRecords(registry);
    this.#areWritten = this.#records?.readOnly === false;
    this.#logger = logger;
  }

  /** @param isFresh reads again what other services may have changed. @default false */
  async read(of: readonly string[], { isFresh = false } = {}): Promise<Note | undefined> {
    const key = keyOf(of), known = this.#known.get(key);
    if (known !== undefined && !(isFresh && this.#areWritten)) return known;
    return await this.#attempt("read", async (records) => {
      const note = await records.notes.read(key, { most: MOST_NOTE_BYTES });
      const { value } = note ?? {};
      if (!isJsonObject(value) || value.registry !== records.id) return;
      if (JSON.stringify(value.of) !== JSON.stringify(of)) return;
      if (note!.modifiedAt < records.now() - RENEWED_MS) await this.write(of, value);
      this.#keep(key, value);
      return value;
    });
  }

  async write(of: readonly string[], value: Note): Promise<void> {
    const key = keyOf(of);
    this.#keep(key, value);
    if (!this.#areWritten) return;
    await this.#attempt("write", async ({ id, backend, notes }) => {
      if (await backend.reserve?.() === false) return; // deletions need the last space
      await notes.write(key, { ...value, registry: id, of }, { most: MOST_NOTE_BYTES });
    });
  }

  #keep(key: string, value: Note): void {
    this.#known.delete(key); // to the end
    this.#known.set(key, value);
    keepNewest(this.#known, MOST_KNOWN);
  }

  async #attempt<T>(action: "read" | "write", run: (records: Records) => Promise<T>) {
    try {
      return this.#records && await run(this.#records);
    } catch (error) {
      if (!isRegistryError(error)) throw error;
      if (action === "write" && error.retry === "never") this.#areWritten = false;
      this.#logger.warn(`oci: cannot ${action} a note, so later pulls read more: ${error.message}`);
    }
  }
}

function keyOf(of: readonly string[]): string {
  return FOLDER + sha256(JSON.stringify(of));
}
