// Long lists of links and attributes of HDF5: a B-tree of version 2, whose records refer to a
// fractal heap.
import { bytesFor, Fields, type Hdf5File, structureAt } from "./fields.ts";

const MAX_RECORDS = 100_000;
const MAX_DEPTH = 8;

/** The place of the id of an object in a record, by the type of the tree. */
const ID_AT: Readonly<Record<number, number>> = { 5: 4, 6: 8, 8: 0, 9: 0 };

interface Level {
  readonly most: number;
  readonly all: number;
}

/** Returns the ids of all objects of a tree. */
async function idsOf(file: Hdf5File, at: number, idBytes: number): Promise<Fields[]> {
  const { addressBytes, lengthBytes } = file;
  const bytes = 22 + addressBytes + lengthBytes;
  const head = await structureAt(file, { at, bytes, mark: "BTHD" });
  const type = head.skip(1).uint(1);
  const [nodeBytes, recordBytes, depth] = [head.uint(4), head.uint(2), head.uint(2)];
  const root = head.skip(2).address();
  const count = head.uint(2);
  const idAt = ID_AT[type];
  if (idAt === undefined || recordBytes < idAt + idBytes || depth > MAX_DEPTH) {
    throw file.reader.damaged(`invalid tree at ${at}`);
  }
  const leaf = Math.floor((nodeBytes - 10) / recordBytes);
  const countBytes = bytesFor(leaf);
  const levels: Level[] = [{ most: leaf, all: leaf }];
  const pointerBytes = (level: number) =>
    addressBytes + countBytes + (level > 1 ? bytesFor(levels[level - 1]?.all ?? 1) : 0);
  for (let level = 1; level <= depth; level++) {
    const pointer = pointerBytes(level);
    const most = Math.floor((nodeBytes - 10 - pointer) / (recordBytes + pointer));
    levels.push({ most, all: (most + 1) * (levels[level - 1]?.all ?? 1) + most });
  }
  const ids: Fields[] = [];
  await walk(root, count, depth);
  return ids;

  async function walk(node: number | undefined, records: number, level: number): Promise<void> {
    if (node === undefined || records === 0) return;
    const pointer = level === 0 ? 0 : pointerBytes(level);
    const bytes = 6 + records * recordBytes + (level === 0 ? 0 : (records + 1) * pointer);
    if (bytes > nodeBytes) throw file.reader.damaged(`invalid node of a tree at ${node}`);
    const mark = level === 0 ? "BTLF" : "BTIN";
    const fields = (await structureAt(file, { at: node, bytes, mark })).skip(2);
    for (let i = 0; i < records; i++) {
      const record = fields.part(recordBytes).skip(idAt ?? 0);
      if (ids.push(record.part(idBytes)) > MAX_RECORDS) {
        throw file.reader.refused("a group has too many members");
      }
    }
    for (let i = 0; level > 0 && i <= records; i++) {
      const child = fields.part(pointer);
      const [address, below] = [child.address(), child.uint(countBytes)];
      await walk(address, below, level - 1);
    }
  }
}

/** The heap that has the objects. */
interface Heap {
  readonly idBytes: number;
  /** Blocks in a row. */
  readonly width: number;
  readonly firstBytes: number;
  readonly directRows: number;
  readonly offsetBytes: number;
  readonly sizeBytes: number;
  readonly root: number | undefined;
  /** Rows of the root; 0 if it is a block of objects. */
  readonly rows: number;
}

async function openHeap(file: Hdf5File, at: number): Promise<Heap> {
  const { addressBytes, lengthBytes } = file;
  const bytes = 26 + 3 * addressBytes + 12 * lengthBytes;
  const head = await structureAt(file, { at, bytes, mark: "FRHP" });
  const [idBytes, filterBytes] = [head.skip(1).uint(2), head.uint(2)];
  if (filterBytes > 0) throw file.reader.refused("its lists of links are compressed");
  const largest = head.skip(1).uint(4);
  head.skip(10 * lengthBytes + 2 * addressBytes);
  const [width, firstBytes, directBytes] = [head.uint(2), head.length(), head.length()];
  const heapBits = head.uint(2);
  const root = head.skip(2).address();
  const rows = head.uint(2);
  const isValid = width > 0 && firstBytes > 0 && directBytes >= firstBytes && heapBits <= 64;
  if (!isValid) throw file.reader.damaged(`invalid heap at ${at}`);
  return {
    idBytes,
    width,
    firstBytes,
    directRows: Math.log2(directBytes) - Math.log2(firstBytes) + 2,
    offsetBytes: Math.ceil(heapBits / 8),
    sizeBytes: Math.min(bytesFor(directBytes), bytesFor(largest)),
    root,
    rows,
  };
}

const bytesOfRow = ({ firstBytes }: Heap, row: number) => firstBytes * 2 ** Math.max(0, row - 1);

/** Returns the position of an object in the file. */
async function placeOf(file: Hdf5File, heap: Heap, offset: number): Promise<number> {
  let [block, rows, begin] = [heap.root, heap.rows, 0];
  const lost = () => file.reader.damaged(`nothing at ${offset} of a heap`);
  for (let depth = 0; depth < MAX_DEPTH; depth++) {
    if (block === undefined) throw lost();
    if (rows === 0) return block + offset - begin;
    let row = 0;
    while (row < rows && offset >= begin + heap.width * bytesOfRow(heap, row)) {
      begin += heap.width * bytesOfRow(heap, row++);
    }
    if (row >= rows) throw lost();
    const size = bytesOfRow(heap, row);
    const column = Math.floor((offset - begin) / size);
    begin += column * size;
    const head = 5 + file.addressBytes + heap.offsetBytes;
    const at = block + head + (row * heap.width + column) * file.addressBytes;
    await structureAt(file, { at: block, bytes: head, mark: "FHIB" });
    block = new Fields(file, await file.reader.view(at, file.addressBytes)).address();
    rows = row < heap.directRows
      ? 0
      : Math.floor(Math.log2(size) - Math.log2(heap.firstBytes * heap.width)) + 1;
  }
  throw lost();
}

/** Returns the objects that a tree refers to in a heap. */
export async function denseObjects(
  file: Hdf5File,
  { heap: heapAt, tree }: { heap: number; tree: number },
): Promise<Fields[]> {
  const heap = await openHeap(file, heapAt);
  const objects: Fields[] = [];
  for (const id of await idsOf(file, tree, heap.idBytes)) {
    const flags = id.uint(1);
    const kind = flags >> 4 & 3;
    if (kind === 2) objects.push(id.part((flags & 15) + 1));
    else if (kind === 0) {
      const [offset, size] = [id.uint(heap.offsetBytes), id.uint(heap.sizeBytes)];
      const at = await placeOf(file, heap, offset);
      objects.push(new Fields(file, await file.reader.view(at, size)));
    } // huge objects are left out
  }
  return objects;
}
