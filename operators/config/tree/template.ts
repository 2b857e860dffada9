// Texts with `${…}` in them.
/** A piece of a text: as it is, a variable of the environment, or another value of the configuration. */
export type TemplatePart =
  | { kind: "text"; text: string }
  | { kind: "env"; name: string; otherwise?: TemplatePart[]; source: string }
  | { kind: "value"; path: string; source: string };

export type Template = { parts: TemplatePart[] } | { problem: string; hint: string };

const HOW = "Write ${name}, ${env:NAME} or ${env:NAME,default}; $${ stands for ${ itself.";
/** A default in a default and so on: deeper than anybody writes. */
const MAX_DEPTH = 10;

/** Takes a text apart. `$${` and `\${` stand for `${` itself. */
export function parseTemplate(text: string): Template {
  const found = parseParts(text, 0, false, 0);
  return "problem" in found ? { problem: found.problem, hint: HOW } : { parts: found.parts };
}

type Parts = { parts: TemplatePart[]; end: number } | { problem: string };

/** Reads up to the end of the text, or in a default to the brace that ends it. */
function parseParts(text: string, start: number, isDefault: boolean, depth: number): Parts {
  if (depth > MAX_DEPTH) return { problem: "defaults stand in one another too deep" };
  const parts: TemplatePart[] = [];
  let plain = "";
  let at = start;
  while (at < text.length && !(isDefault && text[at] === "}")) {
    if (text.startsWith("$${", at) || text.startsWith("\\${", at)) {
      plain += "${";
      at += 3;
    } else if (text.startsWith("${", at)) {
      const found = parseReference(text, at, depth);
      if ("problem" in found) return found;
      if (plain !== "") parts.push({ kind: "text", text: plain });
      plain = "";
      parts.push(found.part);
      at = found.end;
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
  const [head] = /^[^,{}$]*/.exec(text.slice(start + 2, start + 502))!;
  let at = start + 2 + head.length;
  const [, resolver, rest] = /^\s*(?:([\w.]+):)?(.*?)\s*$/s.exec(head)!;
  if (at >= text.length) return { problem: "a ${ does not end" };
  if (resolver === undefined) {
    const source = text.slice(start, at + 1);
    if (text[at] !== "}" || rest === "") {
      return { problem: `${JSON.stringify(source)} names no value` };
    }
    return { part: { kind: "value", path: rest, source }, end: at + 1 };
  }
  if (resolver !== "env" && resolver !== "oc.env") {
    return { problem: `there is no \${${resolver}:…}` };
  }
  if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(rest)) {
    return { problem: `${JSON.stringify(rest)} is not the name of a variable` };
  }
  let otherwise: TemplatePart[] | undefined;
  if (text[at] === ",") {
    while (text[at + 1] === " ") at++;
    const found = parseParts(text, at + 1, true, depth + 1);
    if ("problem" in found) return found;
    otherwise = unquoted(found.parts);
    at = found.end;
  }
  if (text[at] !== "}") return { problem: `a \${${resolver}:${rest} does not end` };
  return {
    part: { kind: "env", name: rest, otherwise, source: `\${${resolver}:${rest}}` },
    end: at + 1,
  };
}

/** `'a'` in a default is `a`. */
function unquoted(parts: TemplatePart[]): TemplatePart[] {
  if (parts.length === 0) return [{ kind: "text", text: "" }];
  const [only] = parts;
  if (parts.length > 1 || only.kind !== "text") return parts;
  return [{ kind: "text", text: /^(["'])(.*)\1$/s.exec(only.text)?.[2] ?? only.text.trimEnd() }];
}
