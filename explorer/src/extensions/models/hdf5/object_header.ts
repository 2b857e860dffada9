// Headers of objects of HDF5, versions 1 and 2: lists of messages.
import { Fields, type Hdf5File, structureAt } from "./fields.ts";

export interface Message {
  readonly type: number;
  readonly fields: Fields;
  /** Its content is in another object. */
  readonly isShared: boolean;
}

export const MESSAGE = {
  dataspace: 1,
  linkInfo: 2,
  datatype: 3,
  link: 6,
  layout: 8,
  filters: 11,
  attribute: 12,
  continuation: 16,
  symbolTable: 17,
  attributeInfo: 21,
} as const;

const MAX_BLOCKS = 1000;
const MAX_MESSAGES = 100_000;
const MAX_BLOCK_BYTES = 16 * 1024 * 1024;

interface Block {
  readonly at: number;
  readonly bytes: number;
}

/** Returns the messages of an object. */
export async function messagesAt(file: Hdf5File, at: number): Promise<Message[]> {
  const isNew = (await file.reader.view(at, 1)).getUint8(0) === 0x4f; // OHDR
  const { first, readBlock } = isNew ? await newHeader(file, at) : await oldHeader(file, at);
  const blocks = [first];
  const seen = new Set<number>();
  const messages: Message[] = [];
  for (const block of blocks) {
    if (seen.has(block.at) || blocks.length > MAX_BLOCKS || block.bytes > MAX_BLOCK_BYTES) {
      throw file.reader.damaged(`the object at ${at} has no end`);
    }
    seen.add(block.at);
    for (const message of await readBlock(block)) {
      if (message.type !== MESSAGE.continuation) messages.push(message);
      else {
        const next = message.fields.address();
        if (next !== undefined) blocks.push({ at: next, bytes: message.fields.length() });
      }
    }
    if (messages.length > MAX_MESSAGES) throw file.reader.refused("an object is too large to show");
  }
  return messages;
}

async function oldHeader(file: Hdf5File, at: number) {
  const head = new Fields(file, await file.reader.view(at, 16));
  if (head.uint(1) !== 1) throw file.reader.damaged(`no object at ${at}`);
  const bytes = head.skip(7).uint(4);
  const readBlock = async ({ at, bytes }: Block) => {
    const fields = new Fields(file, await file.reader.view(at, bytes));
    const messages: Message[] = [];
    while (fields.left >= 8) {
      const [type, size, flags] = [fields.uint(2), fields.uint(2), fields.uint(1)];
      messages.push({ type, isShared: (flags & 2) !== 0, fields: fields.skip(3).part(size) });
    }
    return messages;
  };
  return { first: { at: at + 16, bytes }, readBlock };
}

const CHECKSUM_BYTES = 4;

async function newHeader(file: Hdf5File, at: number) {
  const longest = Math.min(34, file.reader.size - at);
  const head = await structureAt(file, { at, bytes: longest, mark: "OHDR" });
  if (head.uint(1) !== 2) throw file.reader.refused(`the object at ${at} is of a newer version`);
  const flags = head.uint(1);
  head.skip(((flags & 0x20) === 0 ? 0 : 16) + ((flags & 0x10) === 0 ? 0 : 4));
  const bytes = head.uint(2 ** (flags & 3));
  const first = { at: at + head.at, bytes };
  const readBlock = async (block: Block) => {
    const fields = block === first
      ? new Fields(file, await file.reader.view(block.at, block.bytes))
      : (await structureAt(file, { ...block, bytes: block.bytes - CHECKSUM_BYTES, mark: "OCHK" }));
    const messages: Message[] = [];
    while (fields.left >= 4) {
      const [type, size, each] = [fields.uint(1), fields.uint(2), fields.uint(1)];
      if ((flags & 4) !== 0) fields.skip(2);
      if (size > fields.left) break; // a gap
      messages.push({ type, isShared: (each & 2) !== 0, fields: fields.part(size) });
    }
    return messages;
  };
  return { first, readBlock };
}
