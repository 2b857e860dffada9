// Random trees of processes, as scripts of bash that start each other and try to get away.
import type { Random } from "../../../simulate/random.ts";

/** How a tree may be. */
export interface TreeOptions {
  /** How many processes. */
  count: number;
  /** The first process goes on until it is ended; else it ends when all have started. */
  rootStays: boolean;
  /**
   * Processes that only a living parent links to the tree: those that also closed the pipes, those that left
   * the environment and the session, or none. A runner cannot find such a process when its parent ended unseen.
   */
  hidden: "without pipes" | "by session" | "never";
}

interface Node {
  children: Node[];
  emptied: boolean;
  left: boolean;
  silent: boolean;
  stays: boolean;
  lines: string[];
}

/** Writes one script a process, and returns what starts the first of them. */
export function makeTree(random: Random, folder: string, options: TreeOptions): string[] {
  const root: Node = {
    children: [],
    emptied: false,
    left: false,
    silent: false,
    stays: options.rootStays,
    lines: [],
  };
  const nodes = [root];
  while (nodes.length < options.count) {
    const parent = random.pick(nodes);
    const node: Node = {
      children: [],
      emptied: parent.emptied || random.chance(0.4),
      left: parent.left || random.chance(0.4),
      silent: parent.silent || random.chance(0.4),
      stays: random.chance(0.7),
      lines: [],
    };
    if (isHidden(node, options)) {
      if (options.hidden === "never" || parent === root && !options.rootStays) continue;
      node.stays = parent.stays = true;
    }
    const index = nodes.push(node) - 1;
    parent.children.push(node);
    parent.lines.push(startOf(random, index, { node, parent, isHidden: isHidden(node, options) }));
  }
  nodes.forEach((node, index) => {
    const ignores = random.chance(0.2) ? "trap '' TERM\n" : "";
    const wait = node === root && !node.stays
      ? `until [ $(wc -l < ready) -ge ${nodes.length} ]; do sleep 0.01; done`
      : node.stays
      ? isHidden(node, options) ? "exec sleep 600" : "while :; do sleep 0.2; done"
      : "";
    Deno.writeTextFileSync(
      `${folder}/${index}.sh`,
      `${ignores}echo ${index} >> ready\n${node.lines.join("\n")}\n${wait}\n`,
    );
  });
  return ["bash", "./0.sh"];
}

function isHidden({ emptied, left, silent }: Node, { hidden }: TreeOptions): boolean {
  return emptied && left && (silent || hidden !== "without pipes");
}

/** The line by which a parent starts a child. */
function startOf(
  random: Random,
  index: number,
  { node, parent, isHidden }: { node: Node; parent: Node; isHidden: boolean },
): string {
  const name = random.pick(["[kthreadd]", "sshd", "a b", "(sd-pam)"]);
  const run = random.chance(0.3)
    ? `bash -c 'exec -a "${name}" bash ./${index}.sh'`
    : `bash ./${index}.sh`;
  const leaves = node.left && (!parent.left || random.chance(0.5)) ? "setsid " : "";
  const empties = node.emptied && !parent.emptied ? "env -i " : "";
  const order = random.chance(0.5) ? `${leaves}${empties}` : `${empties}${leaves}`;
  const silent = node.silent && !parent.silent ? " > /dev/null 2>&1" : "";
  const line = `${order}${run}${silent} < /dev/null &`;
  if (isHidden) return line; // the others may lose their parent at once: by a double fork, or as setsid forks within a job
  if (random.chance(0.4)) return `( ${line} )`;
  return random.chance(0.2) ? `set -m; ${line} set +m` : line;
}
