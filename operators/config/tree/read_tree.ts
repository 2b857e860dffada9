// Reads a file of a configuration, with its includes and refs.
import { dirname, extname, isAbsolute, join, relative, resolve } from "node:path";
import { ID_PATTERN, VERSION_PATTERN } from "../schema.ts";
import { type ConfigFolder, EXTENSIONS } from "./folder.ts";
import { didYouMean, parseExactJson } from "../../../core/kernel.ts";
import { childOf, describeNode, nodeOf } from "./node.ts";
import type {
  ConfigEntry,
  ConfigList,
  ConfigMap,
  ConfigNode,
  ConfigSource,
  Path,
  Place,
} from "./node.ts";
import type { ProblemList } from "./problems.ts";
import { parseYamlTree } from "./yaml.ts";

const MAX_DEPTH = 20;
/** Files that one file includes, also through others: their number can double with each. */
const MAX_INCLUDES = 100;

/** The files that include the current one, and how many were included by the first. */
interface Included {
  chain: readonly string[];
  counter: { count: number };
}

export interface ReadTreeOptions {
  /** Undefined for a configuration without files. */
  folder?: ConfigFolder;
  /** Receives the absolute path of each file. */
  onFile?(path: string): void;
  /** Finds positions in JSON, which takes longer. @default true */
  exact?: boolean;
  problems: ProblemList;
}

export function languageOf(path: string): "yaml" | "json" {
  return extname(path).toLowerCase() === ".json" ? "json" : "yaml";
}

/** Parses a mapping. Reports other values and syntax errors. */
export function parseTree(
  source: ConfigSource,
  language: "yaml" | "json",
  { problems, exact = true }: ReadTreeOptions,
): ConfigMap | undefined {
  const before = problems.count;
  const tree = quick() ?? parseYamlTree(source, problems);
  if (tree?.kind === "map") return tree;
  if (problems.count > before) return undefined;
  problems.add(tree?.place ?? { source, offset: 0 }, {
    message: tree === undefined || (tree.kind === "scalar" && tree.value === null)
      ? "the file is empty"
      : `${describeNode(tree)} is not a mapping`,
    hint: "Write keys with values: pipeline: { operators: { refs: [my_operator] } }",
  });

  function quick(): ConfigNode | undefined {
    if (language !== "json" || exact || hasOwnNumbers(source.text)) return undefined;
    try {
      return nodeOf(parseExactJson(source.text), { source, offset: 0 });
    } catch {
      return undefined; // the YAML parser reports why
    }
  }
}

/** True if a number of a JSON text may be written as `String` does not write it, such as 3.10. */
function hasOwnNumbers(json: string): boolean {
  const numbers = json.matchAll(/[\s:,[](-?\d+(?:\.\d*0|(?:\.\d+)?[eE][+-]?\d+))\s*[\],}]/g);
  return numbers.some(([, number]) => String(Number(number)) !== number);
}

export function readTree(
  path: string,
  options: ReadTreeOptions,
  asked?: Place,
  { chain, counter }: Included = { chain: [], counter: { count: 0 } },
): ConfigMap | undefined {
  const { folder, problems, onFile } = options;
  const source = folder!.read(path);
  if (typeof source === "string") {
    const place = asked ?? { source: { file: path, text: "" }, offset: 0 };
    const message = `cannot read ${relative(folder!.root, path)}: ${source}`;
    const hint = "Use a path relative to that file, inside the folder of the configuration.";
    problems.add(place, { message, hint });
    return undefined;
  }
  onFile?.(path);
  const tree = parseTree(source, languageOf(path), options);
  return tree && withIncludes(tree, path, options, { chain: [...chain, path], counter });
}

export function withIncludes(
  tree: ConfigMap,
  path: string | undefined,
  options: ReadTreeOptions,
  included: Included = { chain: [], counter: { count: 0 } },
): ConfigMap {
  const { problems, folder } = options;
  tree.entries.delete("$schema"); // for editors
  const include = tree.entries.get("include");
  if (include === undefined) return tree;
  tree.entries.delete("include");
  const key: Path = { key: "include" };
  const items = include.node.kind === "list" ? include.node.items : [include.node];
  let base: ConfigMap | undefined;
  for (const item of items) {
    const includedFile = fileOf(item, path, folder, included);
    if (typeof includedFile !== "string") {
      problems.add(item.place, { path: key, ...includedFile });
      continue;
    }
    const other = readTree(includedFile, options, item.place, included);
    if (other !== undefined) base = base === undefined ? other : merged(base, other);
  }
  return base === undefined ? tree : merged(base, tree);
}

/** Returns the path of an included file, or why it is invalid. */
function fileOf(
  item: ConfigNode,
  path: string | undefined,
  folder: ConfigFolder | undefined,
  { chain, counter }: Included,
): string | { message: string; hint: string } {
  const target = item.kind === "scalar" ? item.value : undefined;
  if (typeof target !== "string" || target === "") {
    const hint = "Write a path: include: [common.yaml]";
    return { message: `${describeNode(item)} is not a path`, hint };
  }
  if (isAbsolute(target)) {
    const hint = "Write a path relative to this file.";
    return { message: "the path of an included file is absolute", hint };
  }
  if (folder === undefined || path === undefined) {
    return { message: "a string cannot include files", hint: "Load the file from its folder." };
  }
  const file = resolve(dirname(path), target);
  if (chain.includes(file)) {
    const names = [...chain.slice(chain.indexOf(file)), file].map((name) =>
      relative(folder.root, name)
    );
    const message = `files include each other: ${names.join(" → ")}`;
    return { message, hint: "Remove one of these includes." };
  }
  const hint = "Include each file once, from one file.";
  if (chain.length >= MAX_DEPTH) return { message: "includes are nested too deep", hint };
  if (counter.count++ < MAX_INCLUDES) return file;
  return { message: `more than ${MAX_INCLUDES} files are included`, hint };
}

/** Merges `over` into `under`: mappings are merged, everything else is replaced. */
function merged(under: ConfigMap, over: ConfigMap): ConfigMap {
  const entries = new Map<string, ConfigEntry>(under.entries);
  for (const [key, entry] of over.entries) {
    const present = entries.get(key)?.node;
    const isBoth = present?.kind === "map" && entry.node.kind === "map";
    const node = isBoth ? merged(present, entry.node as ConfigMap) : entry.node;
    entries.set(key, { place: entry.place, node });
  }
  return { kind: "map", place: over.place, entries };
}

/** Replaces `{ refs: [...] }` by a list with the contents of the files. */
export function expandRefs(
  pipeline: ConfigMap,
  key: "operators" | "nodes",
  options: ReadTreeOptions,
): void {
  const entry = pipeline.entries.get(key);
  const refs = childOf(entry?.node, "refs");
  if (entry === undefined || refs === undefined) return;
  const { problems } = options;
  const path: Path = { parent: { parent: { key: "pipeline" }, key }, key: "refs" };
  for (const [other, { place }] of (entry.node as ConfigMap).entries) {
    if (other === "refs") continue;
    const hint = `Remove it, or write ${key} as a list without refs.`;
    const message = `unknown key ${JSON.stringify(other)} beside refs in ${key}`;
    problems.add(place, { path: { parent: path.parent, key: other }, message, hint });
  }
  if (refs.kind !== "list") {
    const message = `${describeNode(refs)} is not a list of refs`;
    return problems.add(refs.place, { path, message, hint: "Write a list: refs: [cleaner:v1.0]" });
  }
  const names = options.folder?.list(key);
  if (names === undefined && options.folder?.list(`conf/${key}`) !== undefined) {
    const message = `refs are searched in ${key}, beside conf, not in conf/${key}`;
    return problems.add(refs.place, { path, message, hint: `Move it: mv conf/${key} ${key}` });
  }
  const items = refs.items.map((ref, index) =>
    readRef(ref, { key, names, path: { parent: path, key: index }, options })
  );
  const list: ConfigList = {
    kind: "list",
    place: refs.place,
    items: items.filter((item) => item !== undefined),
  };
  pipeline.entries.set(key, { place: entry.place, node: list });
}

interface RefOptions {
  key: "operators" | "nodes";
  names: readonly string[] | undefined;
  path: Path;
  options: ReadTreeOptions;
}

function readRef(
  node: ConfigNode,
  { key, names, path, options }: RefOptions,
): ConfigMap | undefined {
  const { problems } = options;
  const ref = parseRef(node);
  if (ref === undefined) {
    const hint = "Write id:version, such as cleaner_v2.0:v1.0, or an id alone.";
    problems.add(node.place, { path, message: `${describeNode(node)} is not a ref`, hint });
    return undefined;
  }
  const { id, version } = ref;
  const own = key === "operators"
    ? { operator_id: id, version: version ?? "v1.0" }
    : { node_id: id };
  if (names === undefined) return nodeOf(own, node.place) as ConfigMap;
  const stems = version === undefined ? [id, `${id}_v1.0`] : [`${id}_${version}`];
  const files = stems.flatMap((stem) => EXTENSIONS.map((extension) => stem + extension));
  const file = files.find((name) => names.includes(name));
  if (file === undefined) {
    const message = `there is no ${key}/${stems.join(".yaml and no ")}.yaml`;
    const hint = didYouMean(`${stems[0]}.yaml`, names) +
      (names.length > 0
        ? `The folder has: ${names.slice(0, 20).join(", ")}.`
        : `Add it, or rename the folder ${key}: with this folder, each ref is a file in it.`);
    problems.add(node.place, { path, message, hint });
    return undefined;
  }
  const tree = readTree(join(options.folder!.root, key, file), options, node.place);
  if (tree === undefined) return undefined;
  for (const [name, value] of Object.entries(own)) {
    const present = tree.entries.get(name);
    if (present === undefined) {
      tree.entries.set(name, { place: node.place, node: nodeOf(value, node.place) });
    } else if (present.node.kind !== "scalar" || present.node.value !== value) {
      const text = version === undefined ? id : `${id}:${version}`;
      const message = `${name} is ${describeNode(present.node)} in the file of ${text}`;
      const hint = `Write ${JSON.stringify(value)}, or omit it: the file name sets it.`;
      problems.add(present.node.place, { message, hint });
    }
  }
  return tree;
}

/** Parses `cleaner:v1.0`, or an id alone. */
function parseRef(node: ConfigNode): { id: string; version: string | undefined } | undefined {
  const text = node.kind === "scalar" && typeof node.value === "string" ? node.value : "";
  const [id = "", version, ...more] = text.split(":");
  const isRef = ID_PATTERN.test(id) && more.length === 0 &&
    (version === undefined || VERSION_PATTERN.test(version));
  return isRef ? { id, version } : undefined;
}
