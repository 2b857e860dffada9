// The words behind a command, with options of other tools read as those that do the same.
import { fieldReader } from "../../../core/registry/conditions.ts";
import { nearest } from "../../../core/text/nearest.ts";
import { type Command, type OptionDefinition, SHARED_OPTIONS } from "../program/command.ts";
import type { Part } from "./kinds_of_words.ts";
import { OTHER_OPTIONS } from "./other_options.ts";
import type { TypedCommand } from "./read_command.ts";

/** The arguments and options of a line, in the words of one command. */
export interface TypedWords {
  parts: Part[];
  /** Complete words: `["--alias", "production"]`. */
  options: string[];
  /** The version of the ref that was an option. */
  selector?: string;
  /** The location that was an option. */
  registry?: string;
  /** True if an option was read as another. */
  isTranslated: boolean;
}

/** Reads the words behind a command; undefined if an option is unknown. */
export function readWords(
  { rest, isForeign }: Pick<TypedCommand, "rest" | "isForeign">,
  command: Command,
): TypedWords | undefined {
  const words: TypedWords = { parts: [], options: [], isTranslated: false };
  for (let at = 0; at < rest.length;) {
    const word = rest[at++] ?? "";
    if (word === "--") continue;
    if (!word.startsWith("-") || word === "-") {
      words.parts.push({ text: word });
      continue;
    }
    const [, form = word, attached] = /^(--?[^=]+)=(.*)$/s.exec(word) ?? [];
    const option = readOption(form, attached ?? rest[at], { command, isForeign });
    if (option === undefined) return undefined;
    if (option.takesValue && attached === undefined && at++ >= rest.length) return undefined;
    addOption(words, option);
  }
  return words;
}

/** An option in the words of a command. */
interface ReadOption {
  /** The option and its values, or `@version`, or `<name>` and its value. */
  words: readonly string[];
  takesValue: boolean;
  isTranslated: boolean;
}

function readOption(
  form: string,
  value: string | undefined,
  { command, isForeign }: { command: Command; isForeign: boolean },
): ReadOption | undefined {
  const definitions = [...command.options, ...SHARED_OPTIONS, HELP];
  const known = definitions.find(({ flags }) => flags.split(/[ ,]+/).includes(form));
  const other = otherOption(form, value, command);
  if (other !== undefined && (known === undefined || isForeign || isJson(form, value, known))) {
    return other;
  }
  const option = known ?? likeOption(form, definitions);
  if (option === undefined) return undefined;
  const isOptional = option.flags.includes("[");
  const takesValue = option.flags.includes("<") ||
    isOptional && value !== undefined && !value.startsWith("-");
  const name = known === undefined ? longOf(option) : form;
  const words = takesValue ? [name, value ?? ""] : [name];
  return { words, takesValue, isTranslated: option !== known };
}

const HELP: OptionDefinition = { flags: "-h, --help", text: "" };

/** True for `-o json` and the like, where `-o` is a file here. */
function isJson(form: string, value: string | undefined, known: OptionDefinition): boolean {
  return value === "json" && longOf(known) !== "--as" && /^(-o|--output|--format)$/.test(form);
}

function otherOption(
  form: string,
  value: string | undefined,
  { name }: Command,
): ReadOption | undefined {
  const row = OTHER_OPTIONS.find(([typed, of]) =>
    (typed === form || typed === `${form} ${value}`) &&
    (of === "*" || of.split(" ").includes(name.replace(" ", ".")))
  );
  if (row === undefined) return undefined;
  const [typed, , is] = row;
  const isPart = /^<\S+>$/.test(is);
  const words = `${is}${isPart ? " …" : ""}`.replace(/ ?\(…\)$/, "").split(" ")
    .map((word) => word.replace("…", () => value ?? ""));
  const takesValue = typed.includes(" ") || is.includes("…") || isPart;
  return { words, takesValue, isTranslated: true };
}

function likeOption(
  form: string,
  definitions: readonly OptionDefinition[],
): OptionDefinition | undefined {
  const typed = form.replace(/^-+/, "");
  const near = nearest(typed, definitions.map((definition) => longOf(definition).slice(2)));
  if (typed.length < 2 || near === undefined) return undefined;
  return definitions.find((definition) => longOf(definition) === `--${near}`);
}

function longOf({ flags }: OptionDefinition): string {
  return /--[^\s,]+/.exec(flags)?.[0] ?? flags;
}

function addOption(words: TypedWords, { words: read, isTranslated }: ReadOption): void {
  const [first = "", ...values] = read;
  words.isTranslated ||= isTranslated;
  if (first === "") return;
  if (first.startsWith("@")) words.selector = first.slice(1);
  else if (first.startsWith("<")) words.parts.push({ text: values.join(" "), slot: first });
  else {
    const complete = values.map((value) => withKey(first, value));
    words.isTranslated ||= complete.join() !== values.join();
    words.options.push(first, ...complete);
    if (/^(-r|--registry)$/.test(first)) [words.registry] = values;
  }
}

/** Adds the key that a value lacks: `-m "first try"` as of `git commit`, `--where "epochs > 3"`. */
function withKey(option: string, value: string): string {
  if (/^(-m|--metadata)$/.test(option) && !value.includes("=")) return `message=${value}`;
  return option === "--where" ? readCondition(value) : value;
}

/** Returns `metadata.epochs > 3` for `epochs > 3`. */
export function readCondition(text: string): string {
  const [, field] = /^\s*([a-z_][\w.-]*)\s*[=!<>]/i.exec(text) ?? [];
  return field === undefined || fieldReader(field) ? text : `metadata.${text.trim()}`;
}
