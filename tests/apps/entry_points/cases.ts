// The cases, as they are read from the files of cases/.
import { readdirSync, readFileSync } from "node:fs";
import type { Operation } from "./entry_point.ts";

/** A call of an operation. */
export interface Step {
  operation: Operation;
  given: Record<string, unknown>;
  /** Its answer. @default any */
  gives?: unknown;
  /** The code of its error. */
  refused?: string;
  /** Entry points that do not take it, and why. */
  not?: Record<string, string>;
  /** Keeps the time and commit after a save, which later steps give as `asOf` and `ifCommit`. */
  remember?: string;
}

export interface Case {
  case: string;
  mutable?: boolean;
  /** Done by one entry point, in this order. */
  writes: Step[];
  /** Done by every entry point afterwards. */
  reads: Step[];
  /** For cases that take long: the only entry points that write it, and those that read it. */
  large?: Record<string, string[]>;
  /** Entry points that cannot write it, and why. */
  not?: Record<string, string>;
}

const FOLDER = new URL("./cases/", import.meta.url);

export const CASES: Case[] = readdirSync(FOLDER).sort().flatMap((file) =>
  JSON.parse(repeated(readFileSync(new URL(file, FOLDER), "utf8"))).map(caseOf)
);

/** Replaces `{{x*3}}` by `xxx`. */
function repeated(text: string): string {
  return text.replace(/\{\{([^{}]+)\*(\d+)\}\}/g, (_, part, times) => part.repeat(Number(times)));
}

// deno-lint-ignore no-explicit-any -- a case as it is written
function caseOf({ name = "a", writes = [], reads, ...rest }: any): Case {
  const named: Step[] = writes.map((written: never) => stepOf(written, name));
  const saves = named.filter(({ operation }) => operation === "save");
  const saved = new Map(
    saves.filter(({ refused }) => refused === undefined)
      .map(({ given }) => [given.name as string, valueOf(given)]),
  );
  const all = reads ?? [...saved].map(([load, gives]) => ({ load, gives }));
  return {
    ...rest,
    writes: named,
    // deno-lint-ignore no-explicit-any -- a step as it is written
    reads: all.map(({ saved, ...read }: any) =>
      stepOf(saved === undefined ? read : { ...read, gives: valueOf(saves[saved].given) }, name)
    ),
  };
}

// deno-lint-ignore no-explicit-any -- a step as it is written
function stepOf({ gives, refused, not, remember, ...call }: any, name: string): Step {
  const [[operation, given]] = Object.entries(call) as [Operation, Record<string, unknown>][];
  const own = typeof given === "string" ? { ref: given } : { ...given };
  const takesName = !("ref" in own) &&
    !["names", "setRule", "removeRule", "prune"].includes(operation) && own.of !== "names";
  const named = takesName ? { name, ...own } : own;
  return {
    operation,
    given: operation === "save" ? saveOf(named) : named,
    ...(gives === undefined ? {} : { gives }),
    refused,
    not,
    remember,
  };
}

// deno-lint-ignore no-explicit-any -- a save as it is written
function saveOf({ text = "x", metadata = "{}", ...more }: any): any {
  const content = more.value === undefined ? { text } : {};
  return { ...content, metadata, ...more };
}

// deno-lint-ignore no-explicit-any -- a save as entry points take it
function valueOf({ text, value, metadata }: any): unknown {
  const content = value === undefined ? { text } : { value: JSON.parse(value) };
  return { ...content, metadata: JSON.parse(metadata) };
}
