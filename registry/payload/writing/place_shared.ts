// Places the files that a save shares: if they use less than half of an object, they are stored
// again, so that the object can be freed. Objects of another name are copied.
import type { ByteRange } from "../../../core/backend.ts";
import { concatBytes } from "../../../core/bytes/bytes.ts";
import { sha256 } from "../../../core/bytes/digest.ts";
import type { Part, StoredFile } from "../../../core/record.ts";
import { forEachAtOnce } from "../../../core/work/at_once.ts";
import { inTurns } from "../../../core/work/next_turn.ts";
import { allParts, placeOf, withParts } from "../../cell/objects.ts";
import { payloadKey } from "../../format/layout.ts";
import type { Base } from "../base.ts";
import { PACK_BYTES } from "../content.ts";

/** A range of an object that files use. */
interface Use {
  /** `<key> <offset> <size>`. */
  id: string;
  key: string;
  offset: number;
  size: number;
  /** Digest of the bytes, if they have one. */
  sha256?: string;
}

type Place = Pick<Part, "object" | "offset">;

/** The folder of the new payload. `put` and `copy` return the number of the new object. */
interface Folder {
  /** The `from` of its objects. */
  readonly place: string;
  read(key: string, range: Required<ByteRange>): Promise<Uint8Array | undefined>;
  put(bytes: Uint8Array): Promise<number>;
  copy(key: string): Promise<{ object: number }>;
}

/**
 * Gives shared files their final places. Of an object, a version uses at least half of the bytes or
 * none, unless it is in parts of a file or not in a pack.
 */
export async function placeShared(
  files: readonly StoredFile[],
  { record: { name }, sizes, copies }: Pick<Base, "record" | "sizes" | "copies">,
  folder: Folder,
): Promise<void> {
  const copied = new Map<string, number>();
  const pack = new Pack(folder);
  const whole: string[] = [];
  const once = new Map<string, Use>();
  for await (const file of inTurns(files)) {
    for (const use of allParts(file).map((part) => useOf(name, file, part))) once.set(use.id, use);
  }
  for (const [key, uses] of Map.groupBy(once.values(), ({ key }) => key)) {
    const size = sizes.get(key);
    if (size === undefined) continue; // of this save, or not shared as a whole file
    const used = uses.reduce((sum, { size }) => sum + size, 0);
    if (used * 2 < size && await pack.take(key, uses)) continue;
    if (copies) whole.push(key);
  }
  await pack.store();
  await forEachAtOnce(whole, async (key) => void copied.set(key, (await folder.copy(key)).object));
  if (copied.size + pack.places.size === 0) return;
  const placeOfPart = (file: StoredFile, part: Part): Place | undefined => {
    const { id, key } = useOf(name, file, part);
    const object = copied.get(key);
    return object === undefined ? pack.places.get(id) : { object };
  };
  // A base says where each of its parts is, in this payload too.
  const inBase = <P extends Part>(part: P): P => ({ from: folder.place, ...part });
  for await (const file of inTurns(files)) {
    if (!allParts(file).some((part) => placeOfPart(file, part))) continue;
    const placed = <P extends Part>(part: P): P => {
      const { from = file.from, ...rest } = part;
      return { ...rest, ...(placeOfPart(file, part) ?? { from }) } as P;
    };
    Object.assign(file, withParts(file, placed));
    delete file.from; // each part has its own
    const { values } = file;
    if (values?.base) values.base = withParts(values.base, inBase);
  }
}

function useOf(name: string, file: StoredFile, part: Part): Use {
  const { object, offset = 0, size } = part;
  const isFile = file.encoding === undefined && file.parts?.length === 1 && part !== file.chunks;
  const sha256 = part.sha256 ?? (isFile ? file.sha256 : undefined);
  const key = payloadKey(name, placeOf(file, part) ?? "", object);
  return { id: `${key} ${offset} ${size}`, key, offset, size, sha256 };
}

/** Bytes of other objects, stored together in objects of the new payload. */
class Pack {
  /** The new places of ranges that were stored, by id. */
  readonly places = new Map<string, Place>();
  readonly #folder: Folder;
  #held: { use: Use; bytes: Uint8Array }[] = [];
  #size = 0;

  constructor(folder: Folder) {
    this.#folder = folder;
  }

  /** Takes ranges of an object. False if they are too large, damaged or cannot be verified. */
  async take(key: string, uses: readonly Use[]): Promise<boolean> {
    const start = uses.reduce((least, { offset }) => Math.min(least, offset), Infinity);
    const end = uses.reduce((most, { offset, size }) => Math.max(most, offset + size), 0);
    const length = end - start;
    if (length > PACK_BYTES || uses.some(({ sha256 }) => sha256 === undefined)) return false;
    const bytes = await this.#folder.read(key, { offset: start, length });
    if (bytes === undefined) return false;
    const taken = uses.map((use) => {
      const at = use.offset - start;
      return { use, bytes: bytes.slice(at, at + use.size) };
    });
    if (taken.some(({ use, bytes }) => sha256(bytes) !== use.sha256)) return false;
    const size = taken.reduce((sum, { bytes }) => sum + bytes.byteLength, 0);
    if (this.#size + size > PACK_BYTES) await this.store();
    this.#held = this.#held.concat(taken);
    this.#size += size;
    return true;
  }

  async store(): Promise<void> {
    if (this.#held.length === 0) return;
    const held = this.#held;
    const object = await this.#folder.put(concatBytes(held.map(({ bytes }) => bytes)));
    let end = 0;
    for (const { use: { id, size } } of held) {
      this.places.set(id, { object, offset: end });
      end += size;
    }
    this.#held = [];
    this.#size = 0;
  }
}
