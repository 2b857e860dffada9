// Conditions of what is listed: `metadata.epochs > 3 and kind = json`. They only compare; nothing
// of them is run.
import type { ArtifactInfo, RegistryError } from "../../../mod.ts";
import { fault } from "../../../core/errors.ts";
import { parseBytes } from "../terminal/units.ts";
import { comparing, type Comparison, valueAt } from "../../server/search/comparing.ts";

export type Condition = (info: ArtifactInfo) => boolean;

/** What is longer is no condition that somebody wrote, and would take long to be read. */
const MAX_CHARACTERS = 4_000;
/** Words that join terms elsewhere, where they do not stand in quotes. */
const OTHER_JOIN = /\s(or|\|\||&&)\s/i;
const TERM = /^\s*([A-Za-z_][\w.:-]*)\s*(==|!=|>=|<=|=|>|<)\s*((?![=<>!]).*?)\s*$/s;

/**
 * Parses comparisons of `name`, `version`, `kind`, `size` or `metadata.KEY` (with dots for what is inside), joined by
 * `and`. A text may stand in quotes; a size may have a unit: `size >= 10MiB`.
 *
 * @throws {RegistryError} `Invalid`
 */
export function parseCondition(text: string): Condition {
  if (text.length > MAX_CHARACTERS) {
    throw invalid(`${text.slice(0, 20)}…`, `it has more than ${MAX_CHARACTERS} characters`);
  }
  const terms = text.split(/\s+and\s+(?=(?:[^'"]|'[^']*'|"[^"]*")*$)/i).map((term) =>
    parseTerm(term, text)
  );
  return (info) => terms.every((meets) => meets(info));
}

function parseTerm(term: string, whole: string): Condition {
  const [, field, sign, typed] = TERM.exec(term) ?? [];
  const wanted = typed?.replace(/^(['"])(.*)\1$/s, "$2");
  if (field === undefined || typed === "") {
    throw invalid(whole, "a comparison such as metadata.epochs > 3 is expected");
  }
  const join = wanted === typed ? OTHER_JOIN.exec(typed)?.[1] : undefined;
  if (join !== undefined) {
    throw invalid(whole, `comparisons are joined by and, not by ${join}; a text stands in quotes`);
  }
  const comparison = (sign === "==" ? "=" : sign) as Comparison;
  if (field === "size") {
    const meets = comparing(comparison, String(parseBytes(wanted)));
    return ({ size }) => meets(size);
  }
  const meets = comparing(comparison, wanted);
  if (field === "name" || field === "version") return (info) => meets(info[field]);
  if (field === "kind") return ({ materializer }) => meets(materializer.id);
  const [first, ...path] = field.split(".");
  if (first !== "metadata" || path.length === 0 || path.includes("")) {
    throw invalid(whole, `there is no ${JSON.stringify(field)} to compare`);
  }
  return ({ metadata }) => {
    const value = valueAt(metadata, path);
    return value !== undefined && meets(value);
  };
}

function invalid(text: string, state: string): RegistryError {
  return fault({
    code: "Invalid",
    action: "read condition",
    subject: JSON.stringify(text),
    state,
    hint: "Compare name, version, kind, size or metadata.KEY by = != > >= < <=, joined by and: " +
      "'metadata.epochs > 3 and size < 10MiB'.",
  });
}
