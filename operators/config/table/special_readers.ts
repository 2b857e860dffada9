// Readers of what can be written in more than one way.
import { splitCommand } from "./split_command.ts";
import { describeNode } from "../tree/node.ts";
import type { ConfigNode } from "../tree/node.ts";
import { list, object, orReference, whole } from "./readers.ts";
import type { Reader } from "./readers.ts";
import type { EnvironmentValue, RetryConfig } from "../../../core/pipelines/pipeline.ts";

const VARIABLE = /^[A-Za-z_][A-Za-z0-9_]*$/;

const word: Reader<string> = {
  schema: { type: ["string", "number", "boolean"] },
  read(node, path, problems) {
    if (node.kind === "scalar" && node.value !== null) return String(node.value);
    problems.add(node.place, {
      path,
      message: `${describeNode(node)} is not a word of a command`,
      hint: "Write a text; an empty one in quotes.",
    });
  },
};
const words = list(word, { least: 1 });

export const commandLine: Reader<string[]> = {
  schema: {
    anyOf: [{ type: "string", minLength: 1 }, { type: "array", items: word.schema, minItems: 1 }],
  },
  read(node, path, problems) {
    if (node.kind === "list") return words.read(node, path, problems);
    const split = node.kind === "scalar" && typeof node.value === "string"
      ? splitCommand(node.value)
      : undefined;
    if (split !== undefined && "words" in split) return split.words;
    problems.add(node.place, {
      path,
      message: split === undefined ? `${describeNode(node)} is not a command` : split.problem,
      hint: split?.hint ?? 'Write a list of words: ["python", "clean.py"].',
    });
  },
};

/** A text, what reads as one, or where a secret is. */
export const environmentValue: Reader<EnvironmentValue> = {
  schema: {
    anyOf: [{ type: ["string", "number", "boolean"] }, {
      type: "object",
      additionalProperties: false,
      required: ["from_env"],
      properties: {
        from_env: {
          description: "The variable that has the secret when the step starts.",
          ...orReference({ type: "string", pattern: VARIABLE.source }),
        },
      },
    }],
  },
  read(node, path, problems) {
    function fail(message: string, hint: string): undefined {
      problems.add(node.place, { path, message, hint });
    }
    const secret = secretVariable(node);
    if (secret !== undefined) return { from_env: secret };
    if (node.kind !== "scalar" || node.value === null) {
      const hint = "Write a text, or { from_env: NAME } for a secret.";
      return fail(`${describeNode(node)} is not the value of a variable`, hint);
    }
    const text = String(node.value);
    if (text.includes("\0")) {
      return fail("the value has a NUL character", "No variable can hold one: remove it.");
    }
    return text;
  },
};

/** The name in `{ from_env: NAME }`. */
function secretVariable(node: ConfigNode): string | undefined {
  if (node.kind !== "map" || node.entries.size !== 1) return undefined;
  const from = node.entries.get("from_env")?.node;
  const name = from?.kind === "scalar" ? from.value : undefined;
  return typeof name === "string" && VARIABLE.test(name) ? name : undefined;
}

export function retries(time: Reader<number>): Reader<RetryConfig> {
  const full = object("retries", {
    attempts: {
      reader: whole(1, 100),
      about: "How often it is tried, the first time included. Default: 1.",
    },
    backoff: {
      reader: time,
      about: "What is waited before the second time, doubled from then on. Default: 1s.",
    },
    exit_codes: {
      reader: list(whole(1, 5), { unique: true, least: 1 }),
      about: "Exit codes after which it is tried again. Default: 3, 4, 5.",
    },
  });
  const count = whole(0, 99);
  return {
    schema: { anyOf: [count.schema, full.schema] },
    read(node, path, problems) {
      if (node.kind !== "map") {
        const again = count.read(node, path, problems);
        return again === undefined ? undefined : retryConfig({ attempts: again + 1 });
      }
      const { attempts, backoff, exit_codes } = full.read(node, path, problems)!.values;
      return retryConfig({ attempts, backoffMs: backoff, exitCodes: exit_codes });
    },
  };
}

export function retryConfig(
  { attempts = 1, backoffMs = 1_000, exitCodes = [3, 4, 5] }: Partial<RetryConfig>,
): RetryConfig {
  return { attempts, backoffMs, exitCodes };
}
