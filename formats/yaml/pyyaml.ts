// Plain data as PyYAML writes and reads it: YAML 1.1 with its own rules for numbers. A `.yaml` file
// of PyYAML may have tags that name Python classes; they are ignored, so that data stays data.
import { parseYamlDocument, type YamlNode, type YamlProblem, type YamlScalar } from "./document.ts";

/** A value of PyYAML. Dates, bytes (as base64) and integers over 2^53 are strings. */
export type PyYamlValue = null | boolean | number | string | PyYamlValue[] | {
  [key: string]: PyYamlValue;
};

/** Parses a document as PyYAML's `safe_load` resolves it, or returns its first problem. */
export function parsePyYaml(text: string): { value: PyYamlValue } | YamlProblem {
  const { root, problems: [problem] } = parseYamlDocument(text, { resolve });
  if (problem !== undefined) return problem;
  return { value: root === undefined ? null : valueOf(root) };
}

function valueOf(node: YamlNode): PyYamlValue {
  if (node.kind === "scalar") return node.value;
  if (node.kind === "list") return node.items.map(valueOf);
  return Object.fromEntries(node.entries.map(({ key, node }) => [key, valueOf(node)]));
}

const CORE = "tag:yaml.org,2002:";
const BOOL = /^(?:(yes|Yes|YES|true|True|TRUE|on|On|ON)|no|No|NO|false|False|FALSE|off|Off|OFF)$/;
const NULL = /^(?:~|null|Null|NULL|)$/;
const INT =
  /^[-+]?(?:0b[01_]+|0[0-7_]+|0|[1-9][0-9_]*|0x[0-9a-fA-F_]+|[1-9][0-9_]*(?::[0-5]?[0-9])+)$/;
const FLOAT =
  /^(?:[-+]?[0-9][0-9_]*\.[0-9_]*(?:[eE][-+][0-9]+)?|\.[0-9][0-9_]*(?:[eE][-+][0-9]+)?|[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+\.[0-9_]*|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))$/;

function resolve({ text, isPlain, tag }: YamlScalar): null | boolean | number | string {
  const isUntagged = tag === undefined || tag === "?";
  if (isUntagged && !isPlain) return text;
  const kind = isUntagged ? undefined : tag.startsWith(CORE) ? tag.slice(CORE.length) : tag;
  const may = (name: string) => kind === undefined || kind === name;
  if (may("null") && NULL.test(text)) return null;
  const bool = may("bool") ? BOOL.exec(text) : null;
  if (bool !== null) return bool[1] !== undefined;
  if (may("int") && INT.test(text)) return intOf(text);
  if (may("float") && FLOAT.test(text)) return floatOf(text);
  return kind === "binary" ? text.replace(/\s/g, "") : text;
}

function intOf(text: string): number | string {
  const digits = text.replace(/[-+_]/g, "");
  const size = digits.includes(":")
    ? digits.split(":").reduce((sum, part) => sum * 60n + BigInt(part), 0n)
    : BigInt(/^0[0-7]+$/.test(digits) ? `0o${digits.slice(1)}` : digits);
  const value = text.startsWith("-") ? -size : size;
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : String(value);
}

function floatOf(text: string): number {
  const digits = text.replaceAll("_", "").replace(/^[-+]/, "").toLowerCase();
  const size = digits === ".nan"
    ? NaN
    : digits === ".inf"
    ? Infinity
    : digits.split(":").reduce((sum, part) => sum * 60 + Number(part), 0);
  return text.startsWith("-") ? -size : size;
}
