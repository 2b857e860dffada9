// Replaces `${…}` references in strings of a configuration.
import { didYouMean } from "../../../core/kernel.ts";
import { childOf, textOf } from "./node.ts";
import type { ConfigEntry, ConfigNode, ConfigScalar, Path } from "./node.ts";
import { findNode, fullPath } from "./paths.ts";
import type { ProblemList } from "./problems.ts";

interface InterpolateOptions {
  env(name: string): string | undefined;
  envNames?(): string[];
  /**
   * Returns whether a variable is a secret, which the configuration must not contain.
   * @default false
   */
  isSecret?(name: string): boolean;
  problems: ProblemList;
}

const MAX_DEPTH = 50;
/** Maximum number of values and characters of the result: references can double each other. */
const MAX_MADE = 2_000_000;
const MAX_CHARACTERS = 64 * 1024 * 1024;

/** Values that are being made, innermost first. A value that occurs twice refers to itself. */
interface Making {
  node: ConfigNode;
  before?: Making;
  depth: number;
}

/**
 * Returns a copy of the tree below `node` with references replaced by values from `root`. A
 * `script` of an operator stays as it is.
 */
export function interpolate(
  root: ConfigNode,
  node: ConfigNode,
  options: InterpolateOptions,
  path?: Path,
): ConfigNode {
  return new Interpolation(root, options).make(node, path);
}

class Interpolation {
  readonly #root: ConfigNode;
  readonly #variables: ConfigNode | undefined;
  readonly #options: InterpolateOptions;
  #values = 0;
  #characters = 0;
  #isTooMuch = false;

  constructor(root: ConfigNode, options: InterpolateOptions) {
    this.#root = root;
    this.#variables = childOf(root, "variables");
    this.#options = options;
  }

  make(node: ConfigNode, path: Path | undefined, making?: Making): ConfigNode {
    if (++this.#values > MAX_MADE || this.#characters > MAX_CHARACTERS) {
      return this.#tooMuch(node, path);
    }
    if (node.kind === "scalar") {
      return typeof node.value === "string" ? this.#makeText(node, path, making) : node;
    }
    if (isMaking(node, making)) return this.#circular(node, path);
    const inside = { node, before: making, depth: making?.depth ?? 0 };
    if (node.kind === "list") {
      const items = node.items.map((item, key) => this.make(item, { parent: path, key }, inside));
      return { ...node, items };
    }
    const entries = new Map<string, ConfigEntry>();
    for (const [key, { place, node: child }] of node.entries) {
      const isFinal = key === "script" && isOperator(path);
      const childValue = isFinal ? child : this.make(child, { parent: path, key }, inside);
      entries.set(key, { place, node: childValue });
    }
    return { ...node, entries };
  }

  #makeText(node: ConfigScalar, path: Path | undefined, making: Making | undefined): ConfigNode {
    const text = node.value as string;
    if (!text.includes("${")) return node;
    const depth = (making?.depth ?? 0) + 1;
    if (isMaking(node, making) || depth > MAX_DEPTH) return this.#circular(node, path);
    const template = parseParts(text, 0, false, 0);
    if ("problem" in template) return this.#fail(node, path, template.problem, HOW);
    const inside = { node, before: making, depth };
    const { parts } = template;
    if (parts.length === 1 && parts[0]?.kind === "value") {
      return this.#valueOf(parts[0], node, path, inside);
    }
    return this.#textOf(parts, node, path, inside);
  }

  #valueOf(
    part: TemplatePart & { kind: "value" },
    node: ConfigScalar,
    path: Path | undefined,
    making: Making,
  ): ConfigNode {
    const variables = this.#variables;
    const target = (variables && findNode(variables, part.path)) ??
      findNode(this.#root, fullPath(part.path));
    if (target === undefined) {
      const names = variables?.kind === "map" ? [...variables.entries.keys()] : [];
      const hint = `${didYouMean(part.path, names)}Add it to variables, or write $\${ for \${.`;
      return this.#fail(node, path, `there is no value ${JSON.stringify(part.path)}`, hint);
    }
    const targetCopy = this.make(target, path, making);
    return targetCopy.kind === "scalar" ? { ...targetCopy, place: node.place } : targetCopy;
  }

  #textOf(
    parts: readonly TemplatePart[],
    node: ConfigScalar,
    path: Path | undefined,
    making: Making,
  ): ConfigScalar {
    let text = "";
    let variable: string | undefined;
    const { place } = node;
    for (const part of parts) {
      if (part.kind === "text") {
        text += part.text;
        continue;
      }
      const partValue = part.kind === "env"
        ? this.#environmentOf(part, node, path, making)
        : this.#valueOf(part, node, path, making);
      if (partValue.kind !== "scalar") {
        const message = `${part.source} is a ${partValue.kind === "map" ? "mapping" : "list"}`;
        const hint = "Use it alone: only strings, numbers and flags can be a part of a string.";
        return this.#fail(node, path, `${message} inside a string`, hint);
      }
      text += textOf(partValue);
      variable ??= partValue.variable;
    }
    this.#characters += text.length;
    return { kind: "scalar", place, value: text, ...variable !== undefined && { variable } };
  }

  #environmentOf(
    { name, otherwise, source }: TemplatePart & { kind: "env" },
    node: ConfigScalar,
    path: Path | undefined,
    making: Making,
  ): ConfigScalar {
    const { env, envNames, isSecret } = this.#options;
    if (isSecret?.(name)) {
      const hint = `Write { from_env: ${name} } in params or extra_env_vars of the step.`;
      return this.#fail(node, path, `${source} would write a secret into the configuration`, hint);
    }
    const value = env(name);
    if (value !== undefined) return { kind: "scalar", place: node.place, value, variable: name };
    if (otherwise !== undefined) return this.#textOf(otherwise, node, path, making);
    const hint = `${didYouMean(name, envNames?.() ?? [])}Set it, or add a default: ` +
      `\${env:${name},default}`;
    return this.#fail(node, path, `the variable ${name} is not set`, hint);
  }

  #circular(node: ConfigNode, path: Path | undefined): ConfigScalar {
    const message = "this refers to itself, or has too many levels";
    return this.#fail(node, path, message, "Write the value in one of the references.");
  }

  #tooMuch(node: ConfigNode, path: Path | undefined): ConfigScalar {
    if (this.#isTooMuch) return empty(node);
    this.#isTooMuch = true;
    const message = `references make more than ${MAX_MADE} values`;
    return this.#fail(node, path, message, "Use fewer references.");
  }

  #fail(node: ConfigNode, path: Path | undefined, message: string, hint: string): ConfigScalar {
    this.#options.problems.add(node.place, { path, message, hint });
    return empty(node);
  }
}

/** True for `pipeline.operators[3]`, whose `script` is for a shell. */
function isOperator(path: Path | undefined): boolean {
  const list = path?.parent;
  return typeof path?.key === "number" && list?.key === "operators" &&
    list.parent?.key === "pipeline" && list.parent.parent === undefined;
}

function isMaking(node: ConfigNode, making: Making | undefined): boolean {
  for (let at = making; at !== undefined; at = at.before) if (at.node === node) return true;
  return false;
}

function empty(node: ConfigNode): ConfigScalar {
  return { kind: "scalar", place: node.place, value: null };
}

type TemplatePart =
  | { kind: "text"; text: string }
  | { kind: "env"; name: string; otherwise?: TemplatePart[]; source: string }
  | { kind: "value"; path: string; source: string };

const HOW = "Write ${name}, ${env:NAME} or ${env:NAME,default}; $${ is a literal ${.";
const MAX_DEFAULTS = 10;

type Parts = { parts: TemplatePart[]; end: number } | { problem: string };

/** Parses references up to the end of the string, or of a default. `$${` and `\${` are literal. */
function parseParts(text: string, start: number, isDefault: boolean, depth: number): Parts {
  if (depth > MAX_DEFAULTS) return { problem: "defaults are nested too deep" };
  const parts: TemplatePart[] = [];
  let plain = "";
  let at = start;
  while (at < text.length && !(isDefault && text[at] === "}")) {
    if (text.startsWith("$${", at) || text.startsWith("\\${", at)) {
      plain += "${";
      at += 3;
    } else if (text.startsWith("${", at)) {
      const reference = parseReference(text, at, depth);
      if ("problem" in reference) return reference;
      if (plain !== "") parts.push({ kind: "text", text: plain });
      plain = "";
      parts.push(reference.part);
      at = reference.end;
    } else plain += text[at++];
  }
  if (isDefault && at >= text.length) return { problem: "a ${ does not end" };
  if (plain !== "") parts.push({ kind: "text", text: plain });
  return { parts, end: at };
}

function parseReference(
  text: string,
  start: number,
  depth: number,
): { part: TemplatePart; end: number } | { problem: string } {
  const [head = ""] = /^[^,{}$]*/.exec(text.slice(start + 2, start + 502)) ?? [];
  let at = start + 2 + head.length;
  const [, resolver, rest = ""] = /^\s*(?:([\w.]+):)?(.*?)\s*$/s.exec(head) ?? [];
  if (at >= text.length) return { problem: "a ${ does not end" };
  if (resolver === undefined) {
    const source = text.slice(start, at + 1);
    if (text[at] !== "}" || rest === "") {
      return { problem: `${JSON.stringify(source)} has no name of a value` };
    }
    return { part: { kind: "value", path: rest, source }, end: at + 1 };
  }
  if (resolver !== "env" && resolver !== "oc.env") {
    return { problem: `\${${resolver}:…} is not supported` };
  }
  if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(rest)) {
    return { problem: `${JSON.stringify(rest)} is not the name of a variable` };
  }
  let otherwise: TemplatePart[] | undefined;
  if (text[at] === ",") {
    while (text[at + 1] === " ") at++;
    const fallback = parseParts(text, at + 1, true, depth + 1);
    if ("problem" in fallback) return fallback;
    otherwise = unquoted(fallback.parts);
    at = fallback.end;
  }
  if (text[at] !== "}") return { problem: `a \${${resolver}:${rest} does not end` };
  return {
    part: { kind: "env", name: rest, otherwise, source: `\${${resolver}:${rest}}` },
    end: at + 1,
  };
}

/** Removes quotes around a default. */
function unquoted(parts: TemplatePart[]): TemplatePart[] {
  const [only] = parts;
  if (only === undefined) return [{ kind: "text", text: "" }];
  if (parts.length > 1 || only.kind !== "text") return parts;
  return [{ kind: "text", text: /^(["'])(.*)\1$/s.exec(only.text)?.[2] ?? only.text.trimEnd() }];
}
