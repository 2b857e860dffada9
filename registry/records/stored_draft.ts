// A draft for programs that keep more in it than files to commit, as runs do.
import type { ArtifactFile, ArtifactInfo } from "../../core/artifact.ts";
import type { ObjectInfo } from "../../core/backend.ts";
import { iterableStream } from "../../core/bytes/bytes.ts";
import { corrupt, type RegistryError } from "../../core/errors.ts";
import type { FilesToSave } from "../../core/materializer.ts";
import { shown } from "../../core/naming/names.ts";
import type { Part, StoredFile } from "../../core/record.ts";
import { readableFile } from "../../core/registry/artifact_file.ts";
import type { AddedPart } from "../../core/registry/draft.ts";
import { fileInfo } from "../cache/read.ts";
import { type Moment, startOperation } from "../cell/operation.ts";
import { draftPlace, encodePlace, payloadKey } from "../format/layout.ts";
import type { Context } from "../operations/context.ts";
import { addPart } from "../operations/drafts/add_part.ts";
import {
  checkFresh,
  DraftCall,
  draftMemoryMs,
  lookAtDraft,
} from "../operations/drafts/draft_look.ts";
import type { DraftLook } from "../operations/drafts/draft_view.ts";
import {
  closeDraft,
  type DraftState,
  ended,
  type FoundPart,
  listed,
  readDecided,
  readPart,
  readParts,
  stateOf,
} from "../operations/drafts/draft_state.ts";
import { DISCARDED_BYTES } from "../operations/drafts/note.ts";
import { isSpent } from "../operations/target/keyed.ts";
import { StoreReader } from "../payload/store_reader.ts";

/** A draft as its objects were listed. Its state and the contents of its parts are read when asked for. */
export class StoredDraft {
  /** Additions of each part in the order of commits. The first that is whole and in time counts. */
  readonly parts: DraftLook["parts"];
  /** Store time of the last write, milliseconds. */
  readonly newest?: number;
  readonly #call: DraftCall;
  readonly #look: DraftLook;
  readonly #seenAt: Moment;

  private constructor(call: DraftCall, look: DraftLook, seenAt: Moment) {
    this.parts = look.parts;
    this.newest = look.newest;
    this.#call = call;
    this.#look = look;
    this.#seenAt = seenAt;
    call.view = look.newest === undefined ? undefined : { at: seenAt, look, isWhole: true };
  }

  /** Lists the objects of a draft, which need not exist. */
  static async list(
    context: Context,
    of: { name: string; id: string },
    signal?: AbortSignal,
  ): Promise<StoredDraft> {
    const call = new DraftCall(context, of, signal);
    const seenAt = startOperation(context, `use ${call.spoken}`, signal).moment();
    return new StoredDraft(call, await lookAtDraft(call), seenAt);
  }

  /** True for the object that ends a discarded draft. That of a committed one lists parts: longer. */
  static isDiscarded({ size }: Pick<ObjectInfo, "size">): boolean {
    return size === DISCARDED_BYTES;
  }

  /** Returns how long an untouched draft is kept, milliseconds. */
  static readonly memoryMs: (graceMs: number) => number = draftMemoryMs;

  get isDiscarded(): boolean {
    const { end } = this.#look;
    return end !== undefined && StoredDraft.isDiscarded(end);
  }

  /** Returns how it goes on, or how it ended. */
  state(): Promise<DraftState> {
    return stateOf(this.#call, this.#look);
  }

  /** True if its version was saved, and deleted since. */
  async isSpent(): Promise<boolean> {
    const { context, name, idempotencyKey: key, signal } = this.#call;
    return this.#look.end !== undefined && await isSpent(context, { name, key }, signal);
  }

  /** Reads a part; undefined if it is not there, or landed too late. */
  read(part: string): Promise<FoundPart | undefined> {
    return readPart(this.#call, part, this.parts.get(part));
  }

  /** Reads parts, in the order of their encoded names. Throws `NotFound` if one of them is missing. */
  readAll(parts: readonly string[]): Promise<FoundPart[]> {
    return readParts(this.#call, this.#look, parts);
  }

  /** Reads those of the listed parts that count, in the order of their encoded names. */
  readWanted(isWanted: (part: string) => boolean): Promise<FoundPart[]> {
    const parts = new Map([...this.parts].filter(([part]) => isWanted(part)));
    return readParts(this.#call, { ...this.#look, parts });
  }

  /** Reads parts as a commit has decided on them, in order. Throws `NotFound` if one is missing. */
  readDecided(parts: NonNullable<DraftState["parts"]>): Promise<FoundPart[]> {
    return readDecided(this.#call, parts);
  }

  /** Opens a file of a part, whose bytes are verified as those of a version are. */
  open({ note, inline, addition }: FoundPart, file: StoredFile): ArtifactFile {
    const { context: { backend }, name, spoken, signal } = this.#call;
    const place = encodePlace(draftPlace(addition.commit));
    const ref = `${spoken}, part ${shown(note.part)}`;
    const missing = (key: string, path: string) => {
      const hint = "Check whether another program deleted it.";
      const at = { hint, key, backend: backend.location };
      const what = `file ${shown(path)} of ${ref}`;
      return Promise.reject(corrupt("read", what, "a stored object is missing", at));
    };
    const keyOf = (_: StoredFile, part: Part) => payloadKey(name, place, part.object);
    const info = { name, size: file.size } as ArtifactInfo; // of which only the progress is made
    const at = { ref, recordKey: addition.info.key };
    const source = { ...at, inline, keyOf, missing, info, files: [file] };
    const reader = new StoreReader({ backend }, source, { verify: "integrity", signal });
    return readableFile({
      info: fileInfo(file),
      stream: (range, window) =>
        iterableStream(
          range === undefined
            ? reader.whole(file).chunks(window)
            : reader.range(file, range, window),
        ),
      bytes: () => reader.whole(file).bytes(),
    });
  }

  /**
   * Adds a part, which is acknowledged if the draft has not ended by then. Then `parts` has it. The
   * draft is not listed again, unless its list is old.
   *
   * @param produce called only if the part does not exist
   */
  add(
    part: string,
    produce: () => FilesToSave | Promise<FilesToSave>,
    how: {
      /** True for a part of the commit that has closed the draft, and names it in its decision. */
      byCommit?: boolean;
      /**
       * True for small files of which only one program may add the part: `added` is false for all
       * others, and all programs read the same. Otherwise two may add one part at once.
       */
      once?: boolean;
    } = {},
  ): Promise<AddedPart> {
    return addPart(this.#call, { part, produce, ...how }).catch((error) => {
      this.#call.view = undefined; // the part may be there
      throw error;
    });
  }

  /**
   * Closes the draft, which must have these parts: one that is listed from now on has all parts that
   * are ever acknowledged. Throws `Conflict` if it is so old that `gc` may be removing it.
   */
  async close(parts: readonly string[]): Promise<void> {
    await checkFresh(this.#call, this.#look, this.#seenAt);
    await this.readAll(parts);
    await closeDraft(this.#call);
  }

  /** Makes the error of a draft that has ended so. */
  ended(state: DraftState): RegistryError {
    return ended(this.#call, state);
  }

  /** Makes the error of a draft whose parts, which the state lists, are not those of a call. */
  refusal(state: string, parts: readonly string[], hint: string): RegistryError {
    const list = parts.length === 0 ? "" : ` (${listed(parts)})`;
    return this.#call.fault("Conflict", "finish", `${state}${list}`, hint);
  }
}
