// The order of typed words that fits the arguments of a command best.
import { basename } from "node:path";
import { itemAt } from "../../../core/faults/present.ts";
import type { ArgumentDefinition, Command } from "../program/command.ts";
import { NO, type Part, scoreOf } from "./kinds_of_words.ts";
import { rewordings, type RewordOptions } from "./rewordings.ts";

/** Arguments in the order of a command. */
interface FittedArguments {
  words: string[];
  /** Options that some of the words became. */
  options: string[];
  /** How well they fit; comparable for one line. */
  score: number;
  /** False if some are placeholders. */
  isComplete: boolean;
}

interface FitOptions extends RewordOptions {
  /** Arguments for those that are missing, in order; in upper case placeholders. */
  defaults?: readonly string[];
  /** Words that are paths on the disk. */
  existing: ReadonlySet<string>;
}

/** The score of a missing argument: without a default, and with one. */
const HOLE = { empty: -8, filled: -3 };
/** Subtracted for each pair of words that is exchanged. */
const MOVED = 0.1;
/** More words are not put into another order. */
const MOST_WORDS = 5;

/** Returns the typed words in the best order for a command; undefined if one has no place. */
export function fitArguments(
  command: Pick<Command, "args" | "options">,
  typed: readonly Part[],
  options: FitOptions,
): FittedArguments | undefined {
  let best: FittedArguments | undefined;
  for (const { parts, options: more, cost } of rewordings(command, typed, options)) {
    const order = bestOrder(command.args, parts, options);
    const score = (order?.score ?? NO) - cost;
    if (order === undefined || best !== undefined && score <= best.score) continue;
    best = { ...inWords(command.args, order.items, options), options: more, score };
  }
  return best;
}

/** Returns how well the words fit as they were typed. */
export function scoreAsTyped(
  { args }: Pick<Command, "args">,
  parts: readonly Part[],
  { existing }: FitOptions,
): number {
  const definitions = definitionsFor(args, parts.length);
  if (definitions === undefined) return -Infinity;
  return parts.reduce((sum, part, i) => sum + scoreOf(itemAt(definitions, i), part, existing), 0);
}

/** Arguments in an order; undefined for one that is missing. */
interface Order {
  items: readonly (Part | undefined)[];
  score: number;
}

function bestOrder(
  args: readonly ArgumentDefinition[],
  parts: readonly Part[],
  options: FitOptions,
): Order | undefined {
  const { defaults = [] } = options;
  const required = args.filter(({ usage }) => usage.startsWith("<")).length;
  let least = Math.max(required, parts.length);
  while (isDefault(defaults[least])) least++;
  const most = Math.max(least, parts.length + defaults.filter(isDefault).length);
  let best: Order | undefined;
  for (let count = least; count <= most; count++) {
    const definitions = definitionsFor(args, count);
    if (definitions === undefined) break;
    const holes = Array.from({ length: count - parts.length }, () => undefined);
    for (const { items, moved } of orders([...parts, ...holes])) {
      const score = scoreOfOrder(definitions, items, options) - moved * MOVED;
      if (score > (best?.score ?? NO)) best = { items, score };
    }
  }
  return best;
}

/** Returns the sum of the scores, -Infinity if a word cannot be where it is. */
function scoreOfOrder(
  definitions: readonly ArgumentDefinition[],
  items: Order["items"],
  { defaults = [], existing }: FitOptions,
): number {
  let sum = 0;
  for (const [i, definition] of definitions.entries()) {
    const part = items[i];
    const isFilled = isDefault(defaults[i] ?? nameOf(definition, items));
    const score = part === undefined
      ? isFilled ? HOLE.filled : HOLE.empty
      : scoreOf(definition, part, existing);
    if (score === NO) return -Infinity;
    sum += score;
  }
  return sum;
}

function inWords(
  args: readonly ArgumentDefinition[],
  items: Order["items"],
  { defaults = [] }: FitOptions,
): Pick<FittedArguments, "words" | "isComplete"> {
  const definitions = definitionsFor(args, items.length) ?? [];
  const known = definitions.map((definition, i) =>
    items[i]?.text ?? defaults[i] ?? nameOf(definition, items)
  );
  const words = definitions.map((definition, i) => known[i] ?? placeholderOf(definition));
  return { words, isComplete: known.every((word) => word !== undefined) };
}

/** True for a default argument, false for a placeholder. */
function isDefault(word: string | undefined): word is string {
  return word !== undefined && !/^[A-Z]+$/.test(word);
}

/** Returns the definitions of so many arguments; undefined if the command takes fewer. */
function definitionsFor(
  args: readonly ArgumentDefinition[],
  count: number,
): ArgumentDefinition[] | undefined {
  const last = args.at(-1);
  const isVariadic = last?.usage.includes("...") ?? false;
  if (count > args.length && !isVariadic) return undefined;
  return Array.from({ length: count }, (_, i) => args[i] ?? last).flatMap((each) => each ?? []);
}

/** Yields all orders of a few items, and how many pairs of each are exchanged. */
function* orders<T>(items: readonly T[]): Generator<{ items: T[]; moved: number }> {
  if (items.length > MOST_WORDS || items.length < 2) {
    yield { items: [...items], moved: 0 };
    return;
  }
  for (const [i, first] of items.entries()) {
    for (const rest of orders(items.toSpliced(i, 1))) {
      yield { items: [first, ...rest.items], moved: rest.moved + i };
    }
  }
}

/** Names what is saved after its path. */
function nameOf(
  { usage, completes }: ArgumentDefinition,
  items: Order["items"],
): string | undefined {
  const path = items.find((part) => part !== undefined && part.text !== "-")?.text;
  const isOfSave = usage === "<name>" && completes === "name" && items.length === 2;
  if (!isOfSave || path === undefined) return undefined;
  return basename(path).replace(/^\.+/, "") || undefined;
}

function placeholderOf({ usage }: ArgumentDefinition): string {
  return usage.replace(/[<>[\].]/g, "").toUpperCase();
}
