// Mistakes that people make in a configuration: where each is told, and with what advice.
/** A mistake in one text. */
export interface Mistake {
  /** What is wrong. */
  name: string;
  /** The text; `‸` stands before the place that is told. */
  text: string;
  /** Its language. @default "yaml" */
  language?: "toml" | "json";
  /** What is said. */
  says: RegExp;
  /** What to do. */
  hint: RegExp;
}

/** A pipeline of operators that have these lines, each indented by two steps. */
export function operators(...blocks: string[]): string {
  return `pipeline:\n  operators:\n${
    blocks.map((block) => `    - ${block.replaceAll("\n", "\n      ")}\n`).join("")
  }`;
}

/** One operator with one more line. */
export const one = (line: string) => operators(`operator_id: a\n${line}`);

/** An operator on one line. */
export const A = "{ operator_id: a }";
