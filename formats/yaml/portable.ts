// Encoding YAML 1.2 so that readers of YAML 1.1, such as PyYAML, get the same values.
import type { CreateNodeOptions, DocumentOptions, ScalarTag, SchemaOptions } from "npm:yaml@^2.9";

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
export const PORTABLE: DocumentOptions & SchemaOptions & CreateNodeOptions = {
  compat: "yaml-1.1",
  customTags: (tags) => [TEXT, NUMBER, ...tags],
};
