/**
 * Mistakes of running commands as processes.
 *
 * @module
 */
import type { Mutant } from "../../mutant.ts";

/** Mistakes of running commands as processes. */
export const PROCESSES: readonly Mutant[] = [
  {
    name: "process/child-that-left-the-group",
    file: "operators/process/process_tree.ts",
    text: '    if (!marks?.split(" ").includes(mark)) return undefined;',
    replacement: "    return undefined;",
    foundBy: { test: "tests/operators/process/run_command_test.ts", name: "a child that left its group" },
  },
  {
    name: "process/children-outlive",
    file: "operators/process/run_command.ts",
    text: "  await endProcesses(tree); // what it left behind",
    replacement: "",
    foundBy: { test: "tests/operators/process/run_command_test.ts", name: "a child that keeps the pipes open" },
  },
  {
    name: "process/late-is-not-told",
    file: "operators/process/run_command.ts",
    text: 'timedOut: stop?.why === "time"',
    replacement: "timedOut: false",
    foundBy: { test: "tests/operators/process/run_command_test.ts", name: "a silent command is ended" },
  },
  {
    name: "process/memory-without-limit",
    file: "operators/process/run_command.ts",
    text: "if (bytes > maxBytes) onTooMuch(bytes);",
    replacement: "",
    foundBy: { test: "tests/operators/process/run_command_test.ts", name: "a command that holds more memory" },
  },
  {
    name: "process/secret-in-base64",
    file: "operators/process/secret_forms.ts",
    text: '[...written, base64.replaceAll("+", "-").replaceAll("/", "_")]',
    replacement: "written.slice(0, 3)",
    foundBy: { test: "tests/operators/process/log_lines_test.ts", name: "a secret is masked in the forms" },
  },
  {
    name: "process/short-secret-masked",
    file: "operators/process/secret_forms.ts",
    text: "if (text.length < MIN_CHARACTERS) continue;",
    replacement: "",
    foundBy: { test: "tests/operators/process/log_lines_test.ts", name: "each line of a secret is masked" },
  },
  {
    name: "process/own-variable-replaces",
    file: "operators/process/step_variables.ts",
    text: "    ...env,\n    PIPELINE_ID: context.pipelineId,",
    replacement: "    PIPELINE_ID: context.pipelineId,\n    ...env,",
    foundBy: { test: "tests/operators/process/step_variables_test.ts", name: "a command knows its step" },
  },
];
