// Names as a tree: `team:model/large` is below `team:` and `team:model/`.
import type { TreeNode } from "../../components/tree.ts";
import type { PageExtension } from "../../extension.ts";
import { firstIndex } from "../../../../core/text/first_index.ts";

export interface NameNode {
  /** The whole name, or the prefix of a folder with its last separator. */
  readonly name: string;
  /** The part that its parent does not show. */
  readonly label: string;
  /** Number of names below a folder, 0 for a name. */
  readonly count: number;
}

/** Returns the nodes of sorted names. Folders with a single folder in them are joined. */
export function nameTree(names: readonly string[]): TreeNode<NameNode>[] {
  return nodesOf(names, 0, names.length, "");
}

function nodesOf(
  names: readonly string[],
  from: number,
  to: number,
  prefix: string,
): TreeNode<NameNode>[] {
  const nodes: TreeNode<NameNode>[] = [];
  for (let at = from; at < to;) {
    const name = names[at]!;
    const end = separatorAfter(name, prefix.length);
    if (end === name.length) {
      nodes.push({ key: name, value: { name, label: name.slice(prefix.length), count: 0 } });
      at++;
      continue;
    }
    const folder = name.slice(0, end + 1);
    const next = endOf(names, at, to, folder);
    nodes.push(folderOf(names, at, next, { folder, shown: prefix.length }));
    at = next;
  }
  return nodes;
}

function folderOf(
  names: readonly string[],
  from: number,
  to: number,
  { folder, shown }: { folder: string; shown: number },
): TreeNode<NameNode> {
  const [first, last] = [names[from]!, names[to - 1]!];
  const end = separatorAfter(first, folder.length);
  if (end < first.length && last.startsWith(first.slice(0, end + 1)) && to - from > 1) {
    return folderOf(names, from, to, { folder: first.slice(0, end + 1), shown });
  }
  let children: TreeNode<NameNode>[] | undefined;
  return {
    key: `${folder} `,
    value: { name: folder, label: folder.slice(shown), count: to - from },
    children: () => children ??= nodesOf(names, from, to, folder),
  };
}

function separatorAfter(name: string, from: number): number {
  for (let at = from; at < name.length - 1; at++) {
    if (name[at] === ":" || name[at] === "/") return at;
  }
  return name.length;
}

/** Returns the first index after `from` whose name is not in the folder. */
function endOf(names: readonly string[], from: number, to: number, folder: string): number {
  return firstIndex(to, (at) => !names[at]!.startsWith(folder), from + 1);
}

/** Sorts names so that those of a folder are together. */
export function sortNames(names: readonly string[]): string[] {
  return [...names].sort((a, b) => a < b ? -1 : a > b ? 1 : 0);
}

/** Returns the names with all words of a text, ignoring case. Those that begin with it come first. */
export function namesWith(names: readonly string[], text: string): string[] {
  const words = text.toLowerCase().split(/\s+/).filter((word) => word !== "");
  const matching = names.filter((name) => {
    const lower = name.toLowerCase();
    return words.every((word) => lower.includes(word));
  });
  const start = words[0] ?? "";
  const begins = (name: string) => name.toLowerCase().startsWith(start);
  return [...matching.filter(begins), ...matching.filter((name) => !begins(name))];
}

/** Returns the names that people gave, and those of records of extensions. */
export function partNames(
  names: readonly string[],
  extensions: readonly Pick<PageExtension, "isInternal">[],
): { own: readonly string[]; internal: readonly string[] } {
  const all = new Set(names);
  const isInternal = (name: string) => extensions.some((each) => each.isInternal?.(name, all));
  const { own = [], internal = [] } = Object.groupBy(
    names,
    (name) => isInternal(name) ? "internal" : "own",
  );
  return { own, internal };
}
