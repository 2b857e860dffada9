// Members of groups of HDF5: symbol tables of older files, and links.
import { denseObjects } from "./dense.ts";
import { Fields, type Hdf5File, structureAt } from "./fields.ts";
import { MESSAGE, type Message } from "./object_header.ts";

/** A member. Without an address it is a link to a path, or into another file. */
export interface Member {
  readonly name: string;
  readonly address?: number;
  /** The target of a link. */
  readonly target?: string;
}

const MAX_MEMBERS = 100_000;
const MAX_DEPTH = 16;

/** Returns the members; undefined for an object that is not a group. */
export async function membersOf(
  file: Hdf5File,
  messages: readonly Message[],
): Promise<Member[] | undefined> {
  const table = messages.find(({ type }) => type === MESSAGE.symbolTable);
  if (table !== undefined) return await symbolsOf(file, table.fields);
  const info = messages.find(({ type }) => type === MESSAGE.linkInfo);
  const links = messages.filter(({ type }) => type === MESSAGE.link);
  if (info === undefined && links.length === 0) return undefined;
  const members = links.map(({ fields }) => readLink(fields));
  const flags = info?.fields.skip(1).uint(1) ?? 0;
  if ((flags & 1) !== 0) info?.fields.skip(8);
  const [heap, tree] = [info?.fields.address(), info?.fields.address()];
  if (heap === undefined || tree === undefined) return members;
  return [...members, ...(await denseObjects(file, { heap, tree })).map(readLink)];
}

const [HARD, SOFT] = [0, 1];

function readLink(fields: Fields): Member {
  const flags = fields.skip(1).uint(1);
  const kind = (flags & 8) === 0 ? HARD : fields.uint(1);
  fields.skip(((flags & 4) === 0 ? 0 : 8) + ((flags & 16) === 0 ? 0 : 1));
  const name = fields.text(fields.uint(2 ** (flags & 3)));
  if (kind === HARD) return { name, address: fields.address() };
  const target = kind === SOFT ? fields.text(fields.uint(2)) : "another file";
  return { name, target };
}

async function symbolsOf(file: Hdf5File, fields: Fields): Promise<Member[]> {
  const [tree, heapAt] = [fields.address(), fields.address()];
  if (tree === undefined || heapAt === undefined) return [];
  const { addressBytes, lengthBytes } = file;
  const bytes = 8 + 2 * lengthBytes + addressBytes;
  const heap = await structureAt(file, { at: heapAt, bytes, mark: "HEAP" });
  const names = heap.skip(4 + 2 * lengthBytes).address();
  if (names === undefined) throw file.reader.damaged(`no names at ${heapAt}`);
  const members: Member[] = [];
  const seen = new Set<number>();
  await walk(tree, 0);
  return members;

  async function walk(node: number, depth: number): Promise<void> {
    if (seen.has(node) || depth > MAX_DEPTH) throw file.reader.damaged(`a tree has no end`);
    seen.add(node);
    const head = new Fields(file, await file.reader.view(node, 8));
    const mark = head.text(4);
    if (mark === "SNOD") return await readSymbols(node, head.skip(2).uint(2));
    if (mark !== "TREE") throw file.reader.damaged(`no group at ${node}`);
    const used = head.skip(2).uint(2);
    const begin = node + 8 + 2 * addressBytes;
    const each = lengthBytes + addressBytes;
    const children = new Fields(file, await file.reader.view(begin, used * each));
    for (let i = 0; i < used; i++) {
      const child = children.skip(lengthBytes).address();
      if (child !== undefined) await walk(child, depth + 1);
    }
  }

  async function readSymbols(node: number, count: number): Promise<void> {
    const each = 2 * addressBytes + 24;
    const symbols = new Fields(file, await file.reader.view(node + 8, count * each));
    for (let i = 0; i < count; i++) {
      const [nameAt, address] = [symbols.uint(addressBytes), symbols.address()];
      const isSoft = symbols.uint(4) === 2;
      const targetAt = symbols.skip(4).uint(4);
      symbols.skip(12);
      const name = await nameIn(nameAt);
      members.push(isSoft ? { name, target: await nameIn(targetAt) } : { name, address });
    }
    if (members.length > MAX_MEMBERS) throw file.reader.refused("a group has too many members");
  }

  async function nameIn(at: number): Promise<string> {
    const from = (names ?? 0) + at;
    for (const most of [256, 4096, 65_536]) {
      const length = Math.min(most, file.reader.size - from);
      const text = new Fields(file, await file.reader.view(from, length)).text(length);
      if (text.length < length) return text;
    }
    throw file.reader.damaged(`a name at ${from} has no end`);
  }
}
