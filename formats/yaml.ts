/**
 * Plain data as YAML 1.2.
 *
 * @module
 */
import { itemAt } from "../core/faults/present.ts";
import { providePart } from "../core/urls/provide_part.ts";
import { isDeepStrictEqual } from "node:util";
import { stringify } from "npm:yaml@^2.9";
import type { CreateNodeOptions, DocumentOptions, ScalarTag, SchemaOptions } from "npm:yaml@^2.9";
import { fault, type RegistryError } from "../core/errors.ts";
import { notPlain } from "./content/not_plain.ts";
import { decodeUtf8 } from "./content/text_stream.ts";
import type { Format } from "./content/format.ts";
import { shown } from "../core/naming/names.ts";
import { plainProblem, type PlainValue } from "../core/text/plain_value.ts";
import { MAX_DEPTH, parseYamlDocument, SCHEMA } from "./yaml/document.ts";
import type { YamlNode, YamlProblem } from "./yaml/document.ts";

export type * from "./content/format.ts";
export type { PlainValue } from "../core/text/plain_value.ts";

/**
 * Plain data as `.yaml` files: plain objects, arrays, strings, numbers (also NaN, infinities and
 * -0), booleans and null, up to 100 levels deep. A file is one document of YAML 1.2 in its core
 * schema. Other tags, merge keys (`<<`), keys that are neither strings nor numbers, and numbers that
 * JavaScript cannot represent are `Unsupported`. An alias is the same object at each place.
 * Comments are dropped. Readers of YAML 1.1 (PyYAML, ruamel) get the same values: unprintable
 * characters are escaped, and strings such as `no` or `1_000` are quoted.
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
export function yaml({ maxBytes = 1024 * 1024 }: {
  /** Largest file, bytes; reading takes many times its size. @default 1048576 (1 Mi) */
  maxBytes?: number;
} = {}): Format<PlainValue> {
  return {
    id: "yaml",
    extensions: [".yaml", ".yml"],
    mediaType: "application/yaml",
    accepts: (value) => plainProblem(value, { numbers: "all", maxDepth: MAX_DEPTH }) === undefined,
    encode(value) {
      const problem = plainProblem(value, { numbers: "all", maxDepth: MAX_DEPTH });
      if (problem !== undefined) throw notPlain("YAML", problem);
      for (const isQuoted of [false, true]) { // double quotes can escape every character
        const bytes = new TextEncoder().encode(writeYaml(value, isQuoted));
        if (bytes.byteLength > maxBytes) {
          throw notPlain("YAML", `it takes ${bytes.byteLength} bytes, ${maxBytes} are allowed`);
        }
        const readBack = readYaml(new TextDecoder().decode(bytes));
        if ("value" in readBack && isDeepStrictEqual(readBack.value, value)) return bytes;
      }
      throw notPlain("YAML", "a string in it would be read back differently");
    },
    async decode(file, { signal } = {}) {
      const failed = (code: YamlProblem["code"], state: string, cause?: unknown) =>
        unreadable(file.path, code, state, cause);
      if (file.size > maxBytes) {
        throw failed("Unsupported", `it has ${file.size} bytes, ${maxBytes} are allowed`);
      }
      const bytes = await file.bytes();
      signal?.throwIfAborted();
      const text = decodeUtf8(bytes, (state, cause) => failed("Corrupt", state, cause));
      const result = readYaml(text);
      if ("value" in result) return result.value;
      const before = text.slice(0, result.offset).split("\n");
      const place = `line ${before.length}, column ${itemAt(before, -1).length + 1}`;
      throw failed(result.code, `${place}: ${result.state}`);
    },
  };
}

/** Encodes a value. PyYAML rejects a block scalar as a document, so a lone string is quoted. */
function writeYaml(value: PlainValue, isQuoted: boolean): string {
  return stringify(value, {
    ...SCHEMA,
    ...PORTABLE,
    defaultStringType: isQuoted || typeof value === "string" ? "QUOTE_DOUBLE" : "PLAIN",
    aliasDuplicateObjects: false,
    lineWidth: 0,
  });
}

function readYaml(text: string): { value: PlainValue } | YamlProblem {
  const { root, problems: [problem] } = parseYamlDocument(text);
  if (problem !== undefined) return problem;
  if (root === undefined) {
    return { code: "Corrupt", state: "document is empty", offset: text.length };
  }
  return { value: valueOf(root, new Map()) };
}

/** Converts a node. An alias shares its node, and so its object. */
function valueOf(node: YamlNode, converted: Map<YamlNode, PlainValue>): PlainValue {
  if (node.kind === "scalar") return node.value;
  const earlierValue = converted.get(node);
  if (earlierValue !== undefined) return earlierValue;
  const value = node.kind === "list"
    ? node.items.map((item) => valueOf(item, converted))
    : Object.fromEntries(node.entries.map(({ key, node }) => [key, valueOf(node, converted)]));
  converted.set(node, value);
  return value;
}

function unreadable(
  path: string,
  code: YamlProblem["code"],
  problem: string,
  cause: unknown,
): RegistryError {
  const state = problem.replace(/\.$/, "");
  const hint = "Use one YAML 1.2 document of plain data; quote keys and long numbers.";
  return fault({ code, action: "read YAML", subject: shown(path), state, hint, cause });
}

/**
 * Characters that YAML (1.2, section 5.1) cannot print, or reads as a line break or byte order
 * mark: U+0085, U+2028, U+2029, U+FEFF. Tabs and line feeds are printable.
 */
// deno-lint-ignore no-control-regex
const UNPRINTABLE = /[\0-\x08\v-\x1f\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]|\p{Cs}/gu;

/** Never matches: these tags only write. The library prefers tags that have a test. */
const NEVER = /(?!)/;

/**
 * Strings that need double quotes and escapes: those with unprintable characters, those with a tab,
 * which PyYAML rejects in a plain scalar, and `=`, a type of YAML 1.1 that no reader supports.
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
      (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
    ),
};

/**
 * Numbers that YAML 1.1 reads as strings, or as zero without its sign: writes `1.0e+21`, `-0.0`.
 */
const NUMBER: ScalarTag = {
  tag: "tag:yaml.org,2002:float",
  default: true,
  test: NEVER,
  identify: (value) =>
    typeof value === "number" && (Object.is(value, -0) || /^-?\d+e/.test(String(value))),
  resolve: Number,
  stringify: ({ value }) => Object.is(value, -0) ? "-0.0" : String(value).replace("e", ".0e"),
};

/** Options of the library. `compat` quotes strings such as `no`, a boolean in YAML 1.1. */
const PORTABLE: DocumentOptions & SchemaOptions & CreateNodeOptions = {
  compat: "yaml-1.1",
  customTags: (tags) => [TEXT, NUMBER, ...tags],
};

providePart("yaml.ts", { yaml });
