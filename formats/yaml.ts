/**
 * Plain data as YAML 1.2.
 *
 * @module
 */
import { isDeepStrictEqual } from "node:util";
import { Composer, isNode, isScalar, LineCounter, Parser, stringify, visit } from "npm:yaml@^2.9";
import type { CST, Document, YAMLMap } from "npm:yaml@^2.9";
import { fault, type RegistryError } from "../core/errors.ts";
import type { FileToDecode, Format } from "../core/format.ts";
import { shown } from "../core/naming/names.ts";
import { notPlain, plainProblem } from "../core/text/plain_value.ts";
import type { PlainValue } from "../core/text/plain_value.ts";
import {
  corrupt,
  numberProblem,
  offsetOf,
  SCHEMA,
  tagProblem,
  unsupported,
} from "./yaml/node_problem.ts";
import { PORTABLE } from "./yaml/portable.ts";
import { MAX_DEPTH, strayProblem, tokenProblem } from "./yaml/text_problem.ts";
import type { YamlProblem, YamlToken } from "./yaml/text_problem.ts";

export type * from "../core/format.ts";
export type { PlainValue } from "../core/text/plain_value.ts";

/** Options of {@linkcode yaml}. */
export interface YamlOptions {
  /** No file is longer: what is read of it takes many times its size, until the value is there. @default 1048576 (1 Mi) */
  maxBytes?: number;
  /** No file has more aliases, counted as often as what has them is repeated. @default 100 */
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
  const read = (text: string, lines: LineCounter) => parseYaml(text, lines, maxAliasCount);
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
        const found = read(decodeUtf8(bytes), new LineCounter());
        if ("value" in found && isDeepStrictEqual(found.value, value)) return bytes;
      }
      throw notPlain("YAML", "a text in it would not come back as it is");
    },
    async decode(file, { signal } = {}) {
      if (file.size > maxBytes) throw tooLarge(file, maxBytes);
      const bytes = await file.bytes();
      signal?.throwIfAborted();
      const lines = new LineCounter();
      const found = read(textOf(bytes, file), lines);
      if ("value" in found) return found.value;
      const { code, state, offset } = found.problem;
      const { line, col } = lines.linePos(offset);
      throw failed(file, code, `line ${line}, column ${col}: ${state}`);
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

type Parsed = { value: PlainValue } | { problem: YamlProblem };

function parseYaml(text: string, lines: LineCounter, maxAliasCount: number): Parsed {
  const stray = strayProblem(text);
  if (stray !== undefined) {
    for (let at = 0; at >= 0 && at <= stray.offset; at = text.indexOf("\n", at) + 1 || -1) {
      lines.addNewLine(at);
    }
    return { problem: stray };
  }
  const tokens: CST.Token[] = [];
  for (const token of new Parser(lines.addNewLine).parse(text)) {
    const problem = tokenProblem(token as YamlToken, maxAliasCount);
    if (problem !== undefined) return { problem };
    tokens.push(token);
  }
  let document: Document.Parsed | undefined;
  const composer = new Composer({ ...SCHEMA, uniqueKeys: false, strict: true, logLevel: "silent" });
  for (const next of composer.compose(tokens, false, text.length)) {
    if (document !== undefined) {
      return { problem: unsupported("a second document begins", next.range[0]) };
    }
    document = next;
    const [error] = next.errors;
    if (error !== undefined) return { problem: corrupt(error.message, error.pos[0]) };
  }
  if (document === undefined) return { problem: corrupt("there is no value", text.length) };
  const problem = documentProblem(document);
  return problem === undefined ? documentValue(document, maxAliasCount) : { problem };
}

function documentValue(document: Document.Parsed, maxAliasCount: number): Parsed {
  let value: PlainValue;
  try {
    value = document.toJS({ maxAliasCount });
  } catch (error) { // an alias of nothing, or too many
    return { problem: corrupt((error as Error).message, document.range[0]) };
  }
  const problem = plainProblem(value, { numbers: "all", maxDepth: MAX_DEPTH }); // an alias within what it names
  return problem === undefined ? { value } : { problem: unsupported(problem, document.range[0]) };
}

function documentProblem(document: Document.Parsed): YamlProblem | undefined {
  const { version, explicit } = document.directives.yaml;
  if (explicit && version !== "1.2") return unsupported(`it is YAML ${version}`, 0);
  let problem: YamlProblem | undefined;
  function look(found: YamlProblem | undefined): symbol | undefined {
    problem ??= found;
    return problem === undefined ? undefined : visit.BREAK;
  }
  visit(document, {
    Scalar: (_key, node) => look(tagProblem(node) ?? numberProblem(node)),
    Seq: (_key, node) => look(tagProblem(node)),
    Map: (_key, node) => look(tagProblem(node) ?? keysProblem(node)),
  });
  const [warning] = document.warnings;
  return problem ?? (warning && unsupported(warning.message, warning.pos[0]));
}

function keysProblem(map: YAMLMap): YamlProblem | undefined {
  const seen = new Set<string>();
  for (const { key } of map.items) {
    const name = isScalar(key) ? key.value : undefined;
    const offset = isNode(key) ? offsetOf(key) : offsetOf(map);
    if (typeof name !== "string") return unsupported("a key is no text", offset);
    if (seen.has(name)) return corrupt(`the key ${shown(name)} is there twice`, offset);
    seen.add(name);
  }
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
