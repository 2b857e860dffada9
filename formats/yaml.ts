/**
 * Plain data as YAML 1.2.
 *
 * @module
 */
import { isDeepStrictEqual } from "node:util";
import { stringify } from "npm:yaml@^2.9";
import type { CreateNodeOptions, DocumentOptions, ScalarTag, SchemaOptions } from "npm:yaml@^2.9";
import { fault, type RegistryError } from "../core/errors.ts";
import type { Format } from "./content/format.ts";
import type { FileToDecode } from "../core/file_store.ts";
import { shown } from "../core/naming/names.ts";
import { notPlain, plainProblem, type PlainValue } from "../core/text/plain_value.ts";
import { MAX_DEPTH, parseYamlDocument, SCHEMA } from "./yaml/document.ts";
import type { YamlNode, YamlProblem } from "./yaml/document.ts";

export type * from "./content/format.ts";
export type { PlainValue } from "../core/text/plain_value.ts";

/** Options of {@linkcode yaml}. */
export interface YamlOptions {
  /** No file is longer: what is read of it takes many times its size, until the value is there. @default 1048576 (1 Mi) */
  maxBytes?: number;
  /** No file has more aliases. @default 100 */
  maxAliasCount?: number;
}

/**
 * Plain data as `.yaml` files, exactly: plain objects, arrays, texts, numbers (NaN, infinities and -0 too), booleans
 * and null, up to 100 levels deep. One document of YAML 1.2 a file, its core schema: tags of other schemas, other keys
 * than texts and numbers that JavaScript has not are `Unsupported`. What an alias names is the same object at each
 * place. Comments are not kept. Files are written so that readers of YAML 1.1 (PyYAML, ruamel) get the same values:
 * characters that are not printable are escaped, and strings such as `no` or `1_000` are quoted.
 *
 * @example
 * ```ts
 * import { yaml } from "@holdfast/holdfast/formats/yaml";
 * import { assertEquals } from "@std/assert";
 *
 * const bytes = yaml().encode({ name: "no", sizes: [1, 2.5] }) as Uint8Array;
 * assertEquals(new TextDecoder().decode(bytes), 'name: "no"\nsizes:\n  - 1\n  - 2.5\n');
 * ```
 */
export function yaml(
  { maxBytes = 1024 * 1024, maxAliasCount = 100 }: YamlOptions = {},
): Format<PlainValue> {
  return {
    id: "yaml",
    extensions: [".yaml", ".yml"],
    mediaType: "application/yaml",
    accepts: (value) => plainProblem(value, { numbers: "all", maxDepth: MAX_DEPTH }) === undefined,
    encode(value) {
      const problem = plainProblem(value, { numbers: "all", maxDepth: MAX_DEPTH });
      if (problem !== undefined) throw notPlain("YAML", problem);
      for (const isQuoted of [false, true]) { // double quotes allow an escape for every character
        const bytes = new TextEncoder().encode(writeYaml(value, isQuoted));
        if (bytes.byteLength > maxBytes) {
          throw notPlain("YAML", `it takes ${bytes.byteLength} bytes, ${maxBytes} are allowed`);
        }
        const found = readYaml(decodeUtf8(bytes), maxAliasCount);
        if ("value" in found && isDeepStrictEqual(found.value, value)) return bytes;
      }
      throw notPlain("YAML", "a text in it would not come back as it is");
    },
    async decode(file, { signal } = {}) {
      if (file.size > maxBytes) throw tooLarge(file, maxBytes);
      const bytes = await file.bytes();
      signal?.throwIfAborted();
      const text = textOf(bytes, file);
      const found = readYaml(text, maxAliasCount);
      if ("value" in found) return found.value;
      const { code, state, offset } = found;
      const before = text.slice(0, offset).split("\n");
      const place = `line ${before.length}, column ${before.at(-1)!.length + 1}`;
      throw failed(file, code, `${place}: ${state}`);
    },
  };
}

/** Encodes a value. PyYAML refuses a block scalar as a whole document, so a string alone is quoted. */
function writeYaml(value: PlainValue, isQuoted: boolean): string {
  return stringify(value, {
    ...SCHEMA,
    ...PORTABLE,
    defaultStringType: isQuoted || typeof value === "string" ? "QUOTE_DOUBLE" : "PLAIN",
    aliasDuplicateObjects: false,
    lineWidth: 0,
  });
}

/** The value of a text, or what is wrong with it first. */
function readYaml(text: string, maxAliasCount: number): { value: PlainValue } | YamlProblem {
  const { root, problems: [problem] } = parseYamlDocument(text, { maxAliasCount });
  if (problem !== undefined) return problem;
  if (root === undefined) {
    return { code: "Corrupt", state: "there is no value", offset: text.length };
  }
  return { value: valueOf(root, new Map()) };
}

/** What an alias names is one node, and one object. */
function valueOf(node: YamlNode, made: Map<YamlNode, PlainValue>): PlainValue {
  if (node.kind === "scalar") return node.value;
  const known = made.get(node);
  if (known !== undefined) return known;
  const value = node.kind === "list"
    ? node.items.map((item) => valueOf(item, made))
    : Object.fromEntries(node.entries.map(({ key, node }) => [key, valueOf(node, made)]));
  made.set(node, value);
  return value;
}

function decodeUtf8(bytes: Uint8Array): string {
  return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
}

function textOf(bytes: Uint8Array, file: FileToDecode): string {
  try {
    return decodeUtf8(bytes);
  } catch (cause) {
    throw failed(file, "Corrupt", "its text is not UTF-8", cause);
  }
}

function tooLarge(file: FileToDecode, maxBytes: number): RegistryError {
  return failed(file, "Unsupported", `it has ${file.size} bytes, ${maxBytes} are allowed`);
}

function failed(
  { path }: FileToDecode,
  code: "Corrupt" | "Unsupported",
  state: string,
  cause?: unknown,
): RegistryError {
  return fault({
    code,
    action: "read YAML",
    subject: shown(path),
    state: state.replace(/\.$/, ""),
    hint:
      "A file is one document of YAML 1.2 with plain data; keys and long numbers stand in quotes.",
    cause,
  });
}

/**
 * Characters that are not printable in YAML (1.2, section 5.1), or that it reads as line breaks or a byte order mark:
 * U+0085, U+2028, U+2029, U+FEFF. A tab and a line feed are printable.
 */
// deno-lint-ignore no-control-regex -- these are what is looked for
const UNPRINTABLE = /[\0-\x08\v-\x1f\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]|\p{Cs}/gu;

/** Never matches, as these tags only write. The library prefers tags that have a test. */
const NEVER = /(?!)/;

/**
 * Strings that need double quotes and escapes: those with unprintable characters; those with a tab, which PyYAML
 * refuses in a plain scalar; and `=`, for which YAML 1.1 has a type that no reader supports.
 */
const TEXT: ScalarTag = {
  tag: "tag:yaml.org,2002:str",
  default: true,
  test: NEVER,
  identify: (value) =>
    typeof value === "string" &&
    (value === "=" || value.includes("\t") && !value.includes("\n") ||
      value.search(UNPRINTABLE) >= 0),
  resolve: String,
  stringify: ({ value }) =>
    JSON.stringify(value).replace(
      UNPRINTABLE,
      (found) => `\\u${found.charCodeAt(0).toString(16).padStart(4, "0")}`,
    ),
};

/** Numbers that YAML 1.1 would read as strings, or as zero without its sign: writes `1.0e+21` and `-0.0`. */
const NUMBER: ScalarTag = {
  tag: "tag:yaml.org,2002:float",
  default: true,
  test: NEVER,
  identify: (value) =>
    typeof value === "number" && (Object.is(value, -0) || /^-?\d+e/.test(String(value))),
  resolve: Number,
  stringify: ({ value }) => Object.is(value, -0) ? "-0.0" : String(value).replace("e", ".0e"),
};

/** Options of the library. `compat` quotes what YAML 1.1 reads as something else, such as `no`. */
const PORTABLE: DocumentOptions & SchemaOptions & CreateNodeOptions = {
  compat: "yaml-1.1",
  customTags: (tags) => [TEXT, NUMBER, ...tags],
};
