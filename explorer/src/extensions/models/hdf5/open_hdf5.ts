// HDF5 files (https://support.hdfgroup.org/documentation/hdf5/latest/_f_m_t3.html): the tree of
// groups and datasets, with types, shapes and attributes. Elements are not read.
import { isRegistryError } from "../../../../../core/errors.ts";
import type { FileToRead, ModelTensor, OpenedModel } from "../../../extending.ts";
import { HeaderReader } from "../header_reader.ts";
import { denseObjects } from "./dense.ts";
import { Fields, type Hdf5File } from "./fields.ts";
import { membersOf } from "./groups.ts";
import { MESSAGE, type Message, messagesAt } from "./object_header.ts";
import { readShape, readType, readValues } from "./read_value.ts";

export interface Hdf5Object {
  readonly path: string;
  readonly kind: "group" | "dataset" | "link" | "type";
  readonly type?: string;
  readonly shape?: readonly number[];
  /** Compression and other filters, or the target of a link. */
  readonly note?: string;
}

export interface Hdf5Attribute {
  /** The path of the object and the name: `/layer@activation`. */
  readonly name: string;
  readonly text: string;
}

export interface OpenedHdf5 extends OpenedModel {
  readonly objects: readonly Hdf5Object[];
  readonly attributes: readonly Hdf5Attribute[];
  /** A reason why the lists end early. */
  readonly end?: string;
}

const MAX_OBJECTS = 20_000;
const MAX_DEPTH = 64;
const SIGNATURE = "\x89HDF\r\n\x1a\n";

/** Opens an HDF5 file, and reads its tree. */
export async function openHdf5(file: FileToRead, signal?: AbortSignal): Promise<OpenedHdf5> {
  const reader = new HeaderReader(file, signal);
  try {
    const { version, root, ...opened } = await readSuperblock(reader);
    return await new TreeReader(opened).read(root, version);
  } catch (error) {
    if (error instanceof RangeError) throw reader.damaged("a structure ends early");
    throw error;
  }
}

async function readSuperblock(reader: HeaderReader) {
  const base = await findSignature(reader);
  const head = new DataView(
    (await reader.bytes(base, Math.min(100, reader.size - base))).slice().buffer,
  );
  const version = head.getUint8(8);
  if (version > 3) throw reader.refused(`its version is ${version}, supported are 0 to 3`);
  const at = version < 2 ? 13 : 9;
  const [addressBytes, lengthBytes] = [head.getUint8(at), head.getUint8(at + 1)];
  if (![4, 8].includes(addressBytes) || ![4, 8].includes(lengthBytes)) {
    throw reader.refused(`its addresses have ${addressBytes} bytes`);
  }
  const fields = new Fields({ reader, addressBytes, lengthBytes, base: 0 }, head);
  fields.skip([24, 28, 12, 12][version] ?? 0);
  const own = fields.address() ?? 0;
  fields.skip((version < 2 ? 4 : 2) * addressBytes);
  const opened = { reader, addressBytes, lengthBytes, base: own };
  const root = fields.uint(addressBytes) + own;
  return { ...opened, version, root };
}

/** The file begins at 0, or after other bytes at a power of two. */
async function findSignature(reader: HeaderReader): Promise<number> {
  await reader.bytes(0, 1);
  for (let at = 0; at + 48 <= reader.size && at <= 2 ** 24; at = at === 0 ? 512 : at * 2) {
    if (String.fromCharCode(...await reader.bytes(at, 8)) === SIGNATURE) return at;
  }
  throw reader.refused("not an HDF5 file"); // older NetCDF and HDF files have these names, too
}

/** Reads objects, each once, in the order of the tree. */
class TreeReader {
  readonly #file: Hdf5File;
  readonly #objects: Hdf5Object[] = [];
  readonly #attributes: Hdf5Attribute[] = [];
  readonly #tensors: ModelTensor[] = [];
  /** Paths of objects by their address. */
  readonly #seen = new Map<number, string>();
  #end: string | undefined;

  constructor(file: Hdf5File) {
    this.#file = file;
  }

  async read(root: number, version: number): Promise<OpenedHdf5> {
    await this.#object("", root, 0);
    const count = (kind: Hdf5Object["kind"]) =>
      String(this.#objects.filter((each) => each.kind === kind).length);
    return {
      facts: [
        ["Format", `HDF5, superblock ${version}`],
        ["Groups", count("group")],
        ["Datasets", count("dataset")],
      ],
      objects: this.#objects,
      attributes: this.#attributes,
      tensors: this.#tensors,
      end: this.#end,
    };
  }

  async #object(path: string, address: number, depth: number): Promise<void> {
    if (this.#end !== undefined) return;
    const earlier = this.#seen.get(address);
    if (earlier !== undefined) {
      this.#objects.push({ path, kind: "link", note: `the same as ${earlier || "/"}` });
      return;
    }
    this.#seen.set(address, path);
    if (this.#objects.length >= MAX_OBJECTS || depth > MAX_DEPTH) {
      this.#end = `Listed up to object ${this.#objects.length}`;
      return;
    }
    try {
      await this.#readObject(path, address, depth);
    } catch (error) {
      if (this.#objects.length === 0) throw error;
      if (error instanceof RangeError) this.#end = `The list ends at ${path}: it is damaged`;
      else if (isRegistryError(error)) this.#end = `The list ends at ${path}: ${error.message}`;
      else throw error;
    }
  }

  async #readObject(path: string, address: number, depth: number): Promise<void> {
    const messages = await messagesAt(this.#file, address);
    const members = await membersOf(this.#file, messages);
    if (members === undefined) this.#dataset(path, messages);
    else this.#objects.push({ path: path || "/", kind: "group" });
    await this.#readAttributes(path, messages);
    const inOrder = (members ?? []).sort((a, b) => a.name < b.name ? -1 : 1);
    for (const { name, address, target } of inOrder) {
      const below = `${path}/${name}`;
      if (address !== undefined) await this.#object(below, address, depth + 1);
      else this.#objects.push({ path: below, kind: "link", note: target && `to ${target}` });
    }
  }

  #dataset(path: string, messages: readonly Message[]): void {
    const find = (wanted: number) => messages.find(({ type }) => type === wanted);
    const [datatype, dataspace] = [find(MESSAGE.datatype), find(MESSAGE.dataspace)];
    const type = datatype === undefined || datatype.isShared
      ? undefined
      : readType(datatype.fields);
    const shape = dataspace && readShape(dataspace.fields, this.#file);
    if (dataspace === undefined) {
      this.#objects.push({ path, kind: "type", type: type?.name });
      return;
    }
    const note = filtersOf(find(MESSAGE.filters)?.fields);
    this.#objects.push({ path, kind: "dataset", type: type?.name ?? "named type", shape, note });
    if (type === undefined || !type.isNumber || shape === undefined) return;
    const parameters = shape.reduce((product, side) => product * side, 1);
    const size = parameters * type.bytes;
    const offset = contiguousAt(find(MESSAGE.layout)?.fields);
    this.#tensors.push({ name: path.slice(1), dtype: type.name, shape, parameters, size, offset });
  }

  async #readAttributes(path: string, messages: readonly Message[]): Promise<void> {
    const own = messages.filter(({ type, isShared }) => type === MESSAGE.attribute && !isShared)
      .map(({ fields }) => fields);
    const info = messages.find(({ type }) => type === MESSAGE.attributeInfo)?.fields;
    const flags = info?.skip(1).uint(1) ?? 0;
    if ((flags & 1) !== 0) info?.skip(2);
    const [heap, tree] = [info?.address(), info?.address()];
    const others = heap === undefined || tree === undefined
      ? []
      : await denseObjects(this.#file, { heap, tree });
    const named: Hdf5Attribute[] = [];
    for (const fields of [...own, ...others]) {
      const { name, text } = await this.#attribute(fields);
      named.push({ name: `${path || "/"}@${name}`, text });
    }
    this.#attributes.push(...named.sort((a, b) => a.name < b.name ? -1 : 1));
  }

  async #attribute(fields: Fields): Promise<Hdf5Attribute> {
    const version = fields.uint(1);
    const flags = fields.uint(1);
    const [nameBytes, typeBytes, shapeBytes] = [fields.uint(2), fields.uint(2), fields.uint(2)];
    if (version === 3) fields.skip(1);
    const next = (bytes: number) => {
      const part = fields.part(bytes);
      if (version === 1) fields.align();
      return part;
    };
    const name = next(nameBytes).text(nameBytes);
    const [type, shape] = [next(typeBytes), next(shapeBytes)];
    if (version > 1 && (flags & 3) !== 0) return { name, text: "(named type)" };
    const file = this.#file;
    const text = await readValues(readType(type), readShape(shape, file), { fields, file });
    return { name, text };
  }
}

const FILTERS: Readonly<Record<number, string>> = {
  1: "gzip",
  2: "shuffle",
  3: "fletcher32",
  4: "szip",
  5: "nbit",
  6: "scaleoffset",
  32_000: "lzf",
  32_001: "blosc",
  32_004: "lz4",
  32_008: "bitshuffle",
  32_015: "zstd",
};

/** Returns the names of the filters, such as `shuffle, gzip`. */
function filtersOf(fields: Fields | undefined): string | undefined {
  if (fields === undefined) return undefined;
  const [version, count] = [fields.uint(1), fields.uint(1)];
  if (version === 1) fields.skip(6);
  const names: string[] = [];
  for (let i = 0; i < count && fields.left >= 6; i++) {
    const id = fields.uint(2);
    const nameBytes = version === 1 || id >= 256 ? fields.uint(2) : 0;
    const values = fields.skip(2).uint(2);
    fields.skip(version === 1 ? Math.ceil(nameBytes / 8) * 8 : nameBytes);
    fields.skip(values * 4 + (version === 1 && values % 2 === 1 ? 4 : 0));
    names.push(FILTERS[id] ?? `filter ${id}`);
  }
  return names.join(", ");
}

/** Returns where the elements are, if they are in one piece. */
function contiguousAt(fields: Fields | undefined): number | undefined {
  const version = fields?.uint(1) ?? 0;
  return version >= 3 && fields?.uint(1) === 1 ? fields.address() : undefined;
}
