// Pairs the bytes of a file with those of an earlier one: tensors by name and type, else by place.
import { type Group, GROUP_BYTES } from "./groups.ts";
import { keepsPlaces, type Readable, type Tensor } from "./tensors.ts";

/** A file, and its tensors if they are known. */
export interface Known {
  file: Readable;
  tensors?: readonly Tensor[];
}

/**
 * Returns the groups of a file in their order, with their places in a base if one is given.
 *
 * @param width bytes of an element in a file without tensors, @default 1
 */
export function groupsOf(file: Known, base?: Known, width = 1): Group[] {
  const groups: Group[] = [];
  for (const { length, ...run } of joined(runsOf(file, base, width))) {
    for (let at = 0; at < length; at += GROUP_BYTES) {
      const from = run.base === undefined ? {} : { base: run.base + at };
      groups.push({ width: run.width, length: Math.min(GROUP_BYTES, length - at), ...from });
    }
  }
  return groups;
}

function* runsOf(
  { file, tensors }: Known,
  base: Known | undefined,
  width: number,
): Generator<Group, undefined> {
  if (tensors === undefined) {
    const same = base?.tensors === undefined && base?.file.size === file.size &&
      keepsPlaces(file.path);
    yield run(file.size, width, same ? 0 : undefined);
    return;
  }
  const places = new Map(base?.tensors?.map((tensor) => [tensor.name, tensor]));
  let at = 0;
  for (const tensor of tensors) {
    const { from, to, width, name } = tensor, place = places.get(name);
    yield run(from - at, 1);
    const common = place === undefined ? 0 : commonBytes(tensor, place);
    yield run(common, width, place?.from);
    yield run(to - from - common, width);
    at = to;
  }
  yield run(file.size - at, 1);
}

function run(length: number, width: number, base?: number): Group {
  return { length, width, ...(base !== undefined && { base }) };
}

/** Returns how many bytes of two tensors belong together: a longer one has more rows at its end. */
function commonBytes(one: Tensor, other: Tensor): number {
  if (one.dtype !== other.dtype || one.shape.length !== other.shape.length) return 0;
  const isSame = one.shape.every((count, i) => i === 0 || count === other.shape[i]);
  return isSame ? Math.min(one.to - one.from, other.to - other.from) : 0;
}

/** Joins adjacent runs that are also adjacent in the base. */
function* joined(runs: Iterable<Group>): Generator<Group> {
  let last: Group | undefined;
  for (const next of runs) {
    if (next.length === 0) continue;
    const follows = last?.base === undefined
      ? next.base === undefined
      : next.base === last.base + last.length;
    if (last !== undefined && follows && next.width === last.width) {
      last.length += next.length;
      continue;
    }
    if (last !== undefined) yield last;
    last = { ...next };
  }
  if (last !== undefined) yield last;
}
