// Reads the files of a pipeline of general_pipeline, YAML or TOML, and writes YAML.
import { readFile, stat } from "node:fs/promises";
import { dirname, extname, join, relative } from "node:path";
import { bytesFile } from "../../../files/mod.ts";
import { yaml } from "../../../formats/yaml.ts";
import type { PlainValue } from "../../../materializers/mod.ts";
import { described, fault, isJsonObject, messageOf, shown } from "../../../core/kernel.ts";
import type { ConfigFile, Described, Project } from "./config.ts";
import { parseToml } from "./toml.ts";

const EXTENSIONS = [".yaml", ".yml", ".toml"];
const MAX_BYTES = 1024 * 1024;
const ACTION = "import from general_pipeline";
const ID = /^[A-Za-z0-9_][A-Za-z0-9_.+-]{0,99}$/;

/** Reads a pipeline. @param from its file, its folder `conf`, or the folder of `conf` */
export async function readProject(from: string): Promise<Project> {
  const main = await mainFile(from);
  const root = dirname(main);
  const read = await readConfig(main, root);
  const { pipeline: inner, ...outer } = read.value;
  const value = isJsonObject(inner) ? { ...outer, ...inner } : read.value;
  const all = (kind: Kind) => readAll(value[`${kind}s`], { kind, root, path: read.path });
  const nodes = await all("node"), operators = await all("operator");
  if (nodes.length + operators.length === 0) {
    throw invalidFile(read.path, "it has neither nodes nor operators");
  }
  return { pipeline: { path: read.path, value }, nodes, operators };
}

/** Encodes a file of the new pipeline. */
export function writeYaml(value: object): Uint8Array {
  return yaml().encode(value as PlainValue) as Uint8Array;
}

type Kind = "node" | "operator";

async function mainFile(from: string): Promise<string> {
  if (!await isFolder(from)) return from;
  for (const folder of [from, join(from, "conf")]) {
    for (const extension of EXTENSIONS) {
      const path = join(folder, `pipeline${extension}`);
      if (await isThere(path)) return path;
    }
  }
  const state = "it has neither pipeline.yaml nor pipeline.toml";
  throw fault({
    code: "NotFound",
    action: ACTION,
    subject: shown(from),
    state,
    hint: "Pass the file.",
  });
}

interface Reading {
  kind: Kind;
  root: string;
  path: string;
}

/** Reads the descriptions that a list names or contains. */
async function readAll(given: unknown, reading: Reading): Promise<Described[]> {
  const { kind, path } = reading;
  const list = isJsonObject(given) ? given.refs : given;
  if (list === undefined) return [];
  if (!Array.isArray(list)) throw invalidFile(path, `its ${kind}s are not a list`);
  const read: Described[] = [];
  for (const item of list) read.push(await readOne(item, reading));
  return read;
}

async function readOne(item: unknown, { kind, root, path }: Reading): Promise<Described> {
  const idKey = `${kind}_id`;
  const isContained = isJsonObject(item) &&
    Object.keys(item).some((key) => key !== idKey && key !== "version");
  if (isContained) return { id: checkId(item[idKey], path), path, value: item };
  const [id, version = "v1.0"] = isJsonObject(item)
    ? [item[idKey], item.version]
    : String(item).split(":");
  const ref = { id: checkId(id, path), version: checkId(version, path) };
  const folder = join(root, `${kind}s`);
  for (const stem of [`${ref.id}_${ref.version}`, ref.id]) {
    for (const extension of EXTENSIONS) {
      const file = join(folder, `${stem}${extension}`);
      if (!await isThere(file)) continue;
      const config = await readConfig(file, root);
      const own = Object.hasOwn(config.value, ref.id) ? config.value[ref.id] : undefined;
      return { ...config, ...ref, value: isJsonObject(own) ? own : config.value };
    }
  }
  throw fault({
    code: "NotFound",
    action: ACTION,
    subject: `${kind} ${shown(ref.id)}`,
    state: `${join(`${kind}s`, `${ref.id}_${ref.version}.yaml`)} is missing`,
    hint: `Create it, or remove it from the ${kind}s of ${path}.`,
  });
}

function checkId(id: unknown, path: string): string {
  if (typeof id === "string" && ID.test(id)) return id;
  throw invalidFile(path, `${typeof id === "string" ? shown(id) : described(id)} is not an id`);
}

async function readConfig(file: string, root: string): Promise<ConfigFile> {
  const path = relative(root, file);
  await checkSize(file, path);
  const bytes = await readFile(file).catch((cause) => {
    throw fault({
      code: cause.code === "ENOENT" ? "NotFound" : "Denied",
      action: ACTION,
      subject: shown(path),
      state: cause.code === "ENOENT" ? "no such file" : messageOf(cause),
      hint: "Check the path and its permissions.",
      cause,
    });
  });
  const value = extname(file) === ".toml"
    ? tomlOf(bytes, path)
    : await yaml().decode(bytesFile(path, bytes));
  if (!isJsonObject(value)) throw invalidFile(path, "it is not a mapping");
  return { path, value };
}

/** Throws for a device or a pipe, which may never end, and for a file that takes much memory. */
async function checkSize(file: string, path: string): Promise<void> {
  const facts = await stat(file).catch(() => undefined);
  if (facts === undefined) return; // reading it says why
  if (!facts.isFile()) throw invalidFile(path, "it is not a file");
  if (facts.size <= MAX_BYTES) return;
  throw invalidFile(path, `it has ${facts.size} bytes, ${MAX_BYTES} are allowed`);
}

function tomlOf(bytes: Uint8Array, path: string): unknown {
  try {
    return parseToml(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch (cause) {
    const [state = "invalid TOML"] = messageOf(cause).split("\n");
    throw invalidFile(path, state, cause);
  }
}

function invalidFile(path: string, state: string, cause?: unknown) {
  const hint = "Fix the file.";
  return fault({ code: "Invalid", action: ACTION, subject: shown(path), state, hint, cause });
}

async function isFolder(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined))?.isDirectory() ?? false;
}

async function isThere(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined))?.isFile() ?? false;
}
