// Mistakes of running commands as processes.
import type { Mutant } from "../../mutant.ts";

/** Mistakes of running commands as processes. */
export const PROCESSES: readonly Mutant[] = [
  {
    name: "process/child-that-left-the-group",
    file: "operators/process/process_tree.ts",
    text: 'if (found?.value?.split(" ").includes(this.#mark)) return true;',
    replacement: "",
    foundBy: {
      test: "tests/operators/process/escape_test.ts",
      name: "a child after a double fork",
    },
  },
  {
    name: "process/child-that-holds-a-pipe",
    file: "operators/process/process_tree.ts",
    text: "this.#hasMark(stat, others) || byPipes && this.#holdsPipe(stat)",
    replacement: "this.#hasMark(stat, others)",
    foundBy: {
      test: "tests/operators/process/escape_test.ts",
      name: "a child with an emptied environment, as a daemon",
    },
  },
  {
    name: "process/number-of-another",
    file: "operators/process/process_tree.ts",
    text: "if (left !== undefined && found?.start !== left.start) return;",
    replacement: "",
    foundBy: {
      test: "tests/operators/process/escape_test.ts",
      name: "a process with the number of one",
    },
  },
  {
    name: "process/children-outlive",
    file: "operators/process/run_command.ts",
    text: "  await tree.end(graceMs); // what it left behind",
    replacement: "",
    foundBy: { test: "tests/operators/process/escape_test.ts", name: "a child with another name" },
  },
  {
    name: "process/late-is-not-told",
    file: "operators/process/run_command.ts",
    text: 'timedOut: stop?.why === "time"',
    replacement: "timedOut: false",
    foundBy: {
      test: "tests/operators/process/run_command_test.ts",
      name: "a silent command is ended",
    },
  },
  {
    name: "process/memory-without-limit",
    file: "operators/process/run_command.ts",
    text: "if (bytes > maxBytes) onTooMuch(bytes);",
    replacement: "",
    foundBy: {
      test: "tests/operators/process/run_command_test.ts",
      name: "a command that holds more memory",
    },
  },
  {
    name: "process/secret-in-base64",
    file: "operators/process/secret_forms.ts",
    text: '[...written, base64.replaceAll("+", "-").replaceAll("/", "_")]',
    replacement: "written.slice(0, 3)",
    foundBy: {
      test: "tests/operators/process/log_lines_test.ts",
      name: "a secret is masked in the forms",
    },
  },
  {
    name: "process/short-secret-masked",
    file: "operators/process/secret_forms.ts",
    text: "if (text.length < MIN_CHARACTERS) continue;",
    replacement: "",
    foundBy: {
      test: "tests/operators/process/log_lines_test.ts",
      name: "each line of a secret is masked",
    },
  },
  {
    name: "process/own-variable-replaces",
    file: "operators/process/step_variables.ts",
    text: "    ...env,\n    PIPELINE_ID: context.pipelineId,",
    replacement: "    PIPELINE_ID: context.pipelineId,\n    ...env,",
    foundBy: {
      test: "tests/operators/process/step_variables_test.ts",
      name: "a command knows its step",
    },
  },
];
