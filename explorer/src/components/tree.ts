// A tree that opens level by level, as a virtual list of its visible nodes.
import { html } from "../framework/html.ts";
import { type ComponentChildren, useMemo, useState } from "../framework/preact.ts";
import { VirtualList } from "./virtual_list.ts";

export interface TreeNode<T> {
  /** Unique in the whole tree. */
  readonly key: string;
  readonly value: T;
  /** Absent for leaves. They are asked for when the node is opened. */
  readonly children?: () => readonly TreeNode<T>[];
}

export interface TreeProps<T> {
  readonly nodes: readonly TreeNode<T>[];
  readonly label: string;
  readonly row: (node: TreeNode<T>, isOpen: boolean) => ComponentChildren;
  /** Called for leaves. */
  readonly onOpen?: (node: TreeNode<T>) => void;
  /** Keys of nodes that are open at first. */
  readonly opened?: Iterable<string>;
  /** Called with the keys of `opened` when one opens or closes. */
  readonly onToggle?: (opened: ReadonlySet<string>) => void;
  /** The key of the node that is visible at first. */
  readonly current?: string;
  /** Shows every node open. */
  readonly allOpen?: boolean;
  readonly rowHeight?: number;
}

interface Line<T> {
  readonly node: TreeNode<T>;
  readonly level: number;
  readonly isOpen: boolean;
  readonly parent: number;
}

/** A tree by the keyboard pattern of ARIA: arrows to the sides open, close and go to the parent. */
export function Tree<T>(props: TreeProps<T>) {
  const { nodes, label, row, onOpen, opened = [], current, allOpen = false, rowHeight } = props;
  const [toggled, setToggled] = useState<ReadonlySet<string>>(new Set(opened));
  const lines = useMemo(() => visibleLines(nodes, toggled, allOpen), [nodes, toggled, allOpen]);
  const toggle = ({ node: { key } }: Line<T>) => {
    const next = new Set(toggled);
    if (!next.delete(key)) next.add(key);
    setToggled(next);
    props.onToggle?.(next);
  };
  const activate = (line: Line<T>) => {
    if (line.node.children === undefined) onOpen?.(line.node);
    else toggle(line);
  };
  const onKey = (event: KeyboardEvent, line: Line<T>, move: (index: number) => void) => {
    const isInner = line.node.children !== undefined;
    if (event.key === "ArrowRight" && isInner && !line.isOpen) toggle(line);
    else if (event.key === "ArrowRight" && isInner) move(lines.indexOf(line) + 1);
    else if (event.key === "ArrowLeft" && isInner && line.isOpen) toggle(line);
    else if (event.key === "ArrowLeft" && line.parent >= 0) move(line.parent);
    else if (event.key === " ") activate(line);
    else return;
    event.preventDefault();
  };
  return html`
    <${VirtualList} role="tree" items=${lines} label=${label} rowHeight=${rowHeight}
      start=${Math.max(0, lines.findIndex(({ node: { key } }) => key === current))}
      keyOf=${(line: Line<T>) => line.node.key} onOpen=${activate} onKey=${onKey}
      attributesOf=${(line: Line<T>) => ({
        "aria-level": line.level + 1,
        "aria-expanded": line.node.children === undefined ? undefined : line.isOpen,
      })}
      row=${(line: Line<T>) =>
        html`
          <span class="tree-row" style=${{ paddingInlineStart: `${line.level * 1.1}rem` }}>
            <span class="tree-mark" aria-hidden="true">${line.node.children === undefined
              ? ""
              : line.isOpen
              ? "▾"
              : "▸"}</span>${row(line.node, line.isOpen)}
          </span>
        `} />
  `;
}

function visibleLines<T>(
  nodes: readonly TreeNode<T>[],
  toggled: ReadonlySet<string>,
  allOpen: boolean,
): Line<T>[] {
  const lines: Line<T>[] = [];
  const add = (level: number, parent: number, below: readonly TreeNode<T>[]) => {
    for (const node of below) {
      const isOpen = node.children !== undefined && toggled.has(node.key) !== allOpen;
      const at = lines.push({ node, level, isOpen, parent }) - 1;
      if (isOpen) add(level + 1, at, node.children!());
    }
  };
  add(0, -1, nodes);
  return lines;
}
