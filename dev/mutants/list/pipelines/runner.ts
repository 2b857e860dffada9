// Mistakes of planning and running pipelines.
import type { Mutant } from "../../mutant.ts";

/** Mistakes of planning and running pipelines. */
export const RUNNER: readonly Mutant[] = [
  {
    name: "runner/effect-without-success-before",
    file: "operators/runner/fingerprint.ts",
    text: "step, fingerprint, previous]));",
    replacement: "step, fingerprint]));",
    foundBy: {
      test: "tests/operators/runner/run_pipeline_test.ts",
      name: "an upstream step that writes what it wrote before makes nobody run",
    },
  },
  {
    name: "runner/effect-without-inputs",
    file: "operators/runner/fingerprint.ts",
    text: "sha256(sortedJson([pipeline, step, fingerprint, previous]))",
    replacement: "sha256(sortedJson([pipeline, step, fingerprint.params, previous]))",
    foundBy: {
      test: "tests/operators/runner/fingerprint_test.ts",
      name: "what a step does is another thing",
    },
  },
  {
    name: "runner/keys-in-order-of-writing",
    file: "operators/runner/fingerprint.ts",
    text: ".sort(([a], [b]) => a < b ? -1 : a > b ? 1 : 0)",
    replacement: "",
    foundBy: {
      test: "tests/operators/runner/fingerprint_test.ts",
      name: "the order in which something",
    },
  },
  {
    name: "runner/output-without-key",
    file: "operators/runner/step/publish_outputs.ts",
    text: "        idempotencyKey: key,\n",
    replacement: "",
    foundBy: {
      test: "tests/operators/runner/killed_run_test.ts",
      name: "is gone on with by running again, and leaves each output once",
    },
  },
  {
    name: "runner/deleted-output-trusted",
    file: "operators/runner/step/publish_outputs.ts",
    text: "if (!saved.skipped || await registry.has(ref, { signal }))",
    replacement: 'if (ref !== "")',
    foundBy: {
      test: "tests/operators/runner/damaged_records_test.ts",
      name: "who deletes what a step wrote",
    },
  },
  {
    name: "runner/gone-output-not-seen",
    file: "operators/runner/plan.ts",
    text: "if (reasons.length === 0) reasons.push(...await goneOutputs",
    replacement: "if (reasons.length < 0) reasons.push(...await goneOutputs",
    foundBy: { test: "tests/operators/runner/run_pipeline_test.ts", name: "each reason is told" },
  },
  {
    name: "runner/rerun-for-what-does-not-count",
    file: "operators/runner/reasons.ts",
    text: 'if (rerun.includes("inputs")) changes',
    replacement: "changes",
    foundBy: { test: "tests/operators/runner/run_pipeline_test.ts", name: "each reason is told" },
  },
  {
    name: "runner/code-does-not-count",
    file: "operators/runner/reasons.ts",
    text: "fingerprint.code !== present.code",
    replacement: 'fingerprint.code === ""',
    foundBy: { test: "tests/operators/runner/run_pipeline_test.ts", name: "each reason is told" },
  },
  {
    name: "runner/skipped-upstream-is-waited-for",
    file: "operators/runner/plan.ts",
    text: 'return decision === "skip" ? success : undefined;',
    replacement: "return undefined;",
    foundBy: {
      test: "tests/operators/runner/run_pipeline_test.ts",
      name: "the first run does all",
    },
  },
  {
    name: "runner/secret-in-records",
    file: "operators/runner/secrets.ts",
    text: "return mapped(value, () => MASK,",
    replacement: "return mapped(value, (text) => text,",
    foundBy: { test: "tests/operators/runner/places_test.ts", name: "secrets reach the operator" },
  },
  {
    name: "runner/failed-is-well",
    file: "operators/runner/outcomes.ts",
    text: 'return end === "ran" || end === "skipped";',
    replacement: 'return end !== "cancelled";',
    foundBy: { test: "tests/operators/runner/run_pipeline_test.ts", name: "a failed step blocks" },
  },
  {
    name: "runner/failed-is-cancelled",
    file: "operators/runner/outcomes.ts",
    text: 'if (ends.includes("failed")) return "failed";',
    replacement: "",
    foundBy: {
      test: "tests/operators/runner/runs_beside_test.ts",
      name: "a run that is to end with its first failure",
    },
  },
  {
    name: "runner/begins-before-all-ended",
    file: "operators/runner/run_pipeline.ts",
    text: "      return left.get(next) === 0;",
    replacement: "      return true;",
    foundBy: { test: "tests/operators/runner/runs_beside_test.ts", name: "a step waits for all" },
  },
  {
    name: "runner/node-without-limit",
    file: "operators/runner/schedule.ts",
    text: "return { steps: runnerCount,",
    replacement: "return { steps: Infinity,",
    foundBy: {
      test: "tests/operators/runner/run_pipeline_test.ts",
      name: "steps run beside one another",
    },
  },
  {
    name: "runner/cores-without-limit",
    file: "operators/runner/schedule.ts",
    text: "cpu: machine.cores, memory: machine.memoryBytes, gpu: Infinity };\n\n  return",
    replacement: "cpu: Infinity, memory: machine.memoryBytes, gpu: Infinity };\n\n  return",
    foundBy: {
      test: "tests/operators/runner/run_pipeline_test.ts",
      name: "steps run beside one another",
    },
  },
  {
    name: "runner/room-not-given-back",
    file: "operators/runner/schedule.ts",
    text: "        add(whole, asked, -1);\n        add(node, asked, -1);",
    replacement: "        add(whole, asked, -1);",
    foundBy: {
      test: "tests/operators/runner/run_pipeline_test.ts",
      name: "steps run beside one another",
    },
  },
  {
    name: "runner/success-added-twice",
    file: "operators/runner/step/success.ts",
    text: "      if (there?.record.effect === record.effect) return there;\n",
    replacement: "",
    foundBy: {
      test: "tests/operators/runner/runs_beside_test.ts",
      name: "runs of one pipeline at once",
    },
  },
  {
    name: "runner/run-number-taken",
    file: "operators/runner/records/run_record.ts",
    text: "    try {\n      const options = { version, metadata, beside,",
    replacement:
      "    if (number > last + 1) throw new Error();\n    try {\n      const options = { version, metadata, beside,",
    foundBy: {
      test: "tests/operators/runner/runs_beside_test.ts",
      name: "runs of one pipeline at once",
    },
  },
  {
    name: "runner/shared-run-each-its-own",
    file: "operators/runner/records/run_record.ts",
    text: "beside, idempotencyKey, signal };",
    replacement: "beside, signal };",
    foundBy: {
      test: "tests/operators/runner/carry/share_run_test.ts",
      name: "the tasks of an array do each step once",
    },
  },
  {
    name: "runner/second-result-is-an-error",
    file: "operators/runner/records/run_record.ts",
    text:
      '    await saveRecord(registry, { name, record: result }, { ...options, version: versionOf(number), metadata });\n  } catch (error) {\n    if (!isRegistryError(error, "AlreadyExists")) throw error;',
    replacement:
      "    await saveRecord(registry, { name, record: result }, { ...options, version: versionOf(number), metadata });\n  } catch (error) {\n    throw error;",
    foundBy: {
      test: "tests/operators/runner/runs_beside_test.ts",
      name: "of two who say how a run ended",
    },
  },
  {
    name: "runner/newer-record-read",
    file: "operators/runner/records/files.ts",
    text:
      "if (id === recordFiles.id && formatVersion > recordFiles.formatVersion) throw newer(exact);",
    replacement: "",
    foundBy: {
      test: "tests/operators/runner/damaged_records_test.ts",
      name: "a record that is none",
    },
  },
  {
    name: "runner/any-record-read",
    file: "operators/runner/records/files.ts",
    text: "if (record.kind !== kind)",
    replacement: "if (record.kind === undefined)",
    foundBy: {
      test: "tests/operators/runner/damaged_records_test.ts",
      name: "a record that is none",
    },
  },
  {
    name: "runner/writer-far-away-not-found",
    file: "operators/runner/writers.ts",
    text: "const writer = ofName.get(other) ?? found.get(other);",
    replacement: "const writer = ofName.get(other);",
    foundBy: {
      test: "tests/operators/runner/run_pipeline_test.ts",
      name: "of steps that write the same artifact",
    },
  },
  {
    name: "runner/lineage-cut",
    file: "operators/runner/step/lineage.ts",
    text: "while (named.length > MOST_INPUTS)",
    replacement: "named = named.slice(0, MOST_INPUTS);\n  while (named.length > MOST_INPUTS)",
    foundBy: { test: "tests/operators/runner/step/lineage_test.ts", name: "lineage is whole" },
  },
  {
    name: "runner/changed-input-not-seen",
    file: "operators/runner/step/stage_inputs.ts",
    text: "if (await digestNow(path, digests, { signal }) !== digest) throw changed(path);",
    replacement: "",
    foundBy: {
      test: "tests/operators/runner/places_test.ts",
      name: "a step whose input changes while it runs",
    },
  },
  {
    name: "runner/changed-object-not-seen",
    file: "operators/runner/step/stage_inputs.ts",
    text:
      "if (found.digest !== digest || (await findObjects(path, { s3, files, signal })).digest !== digest) {",
    replacement: 'if (found.digest === "") {',
    foundBy: {
      test: "tests/operators/runner/places_test.ts",
      name: "an object that is overwritten",
    },
  },
  {
    name: "runner/state-without-time",
    file: "operators/runner/digest_of_path.ts",
    text: "${ino} ${size} ${mtimeMs} ${ctimeMs}",
    replacement: "${ino}",
    foundBy: {
      test: "tests/operators/runner/places_test.ts",
      name: "a step whose input changes while it runs",
    },
  },
  {
    name: "runner/foreign-output-replaced",
    file: "operators/runner/step/publish_path.ts",
    text: "(before.isDirectory() || !isOwn)",
    replacement: "before.isDirectory()",
    foundBy: { test: "tests/operators/runner/places_test.ts", name: "a file of somebody else" },
  },
  {
    name: "runner/what-stood-there-removed",
    file: "operators/runner/step/publish_path.ts",
    text: "if (isOwn) rmSync(aside",
    replacement: "rmSync(aside",
    foundBy: {
      test: "tests/operators/runner/places_test.ts",
      name: "inputs and outputs can be paths",
    },
  },
  {
    name: "runner/output-over-own-folder",
    file: "operators/runner/check_places.ts",
    text: "if (isWithin(resolve(root), place.path)) {",
    replacement: 'if (place.path === "") {',
    foundBy: {
      test: "tests/operators/runner/refused_places_test.ts",
      name: "places that an output would destroy",
    },
  },
  {
    name: "runner/outputs-in-one-another",
    file: "operators/runner/check_places.ts",
    text: "if (before === undefined || !isWithin(path, before.path)) continue;",
    replacement: "if (before === undefined || path !== before.path) continue;",
    foundBy: {
      test: "tests/operators/runner/refused_places_test.ts",
      name: "places that an output would destroy",
    },
  },
  {
    name: "runner/neighbour-refused",
    file: "operators/runner/check_places.ts",
    text: 'return inner === "" ||',
    replacement: "return path.startsWith(folder) ||",
    foundBy: {
      test: "tests/operators/runner/refused_places_test.ts",
      name: "places that an output would destroy",
    },
  },
  {
    name: "runner/listener-ends-a-run",
    file: "operators/runner/run_pipeline.ts",
    text:
      '      logger.warn(`Cannot tell of "${event.type}": who listens failed: ${messageOf(error)}`);',
    replacement: "      throw error;",
    foundBy: {
      test: "tests/operators/runner/run_pipeline_test.ts",
      name: "a listener that throws",
    },
  },
  {
    name: "runner/abort-is-not-thrown",
    file: "operators/runner/run_pipeline.ts",
    text: "  given.throwIfAborted();\n  return result;",
    replacement: "  return result;",
    foundBy: { test: "tests/operators/runner/run_pipeline_test.ts", name: "an abort ends the run" },
  },
  {
    name: "runner/living-folder-removed",
    file: "operators/runner/left_folders.ts",
    text: "owner !== undefined && isProcessGone(owner)",
    replacement: "owner !== undefined",
    foundBy: {
      test: "tests/operators/runner/step/left_folders_test.ts",
      name: "folders of steps are removed",
    },
  },
  {
    name: "runner/folder-of-another-machine-removed",
    file: "core/disk/stage/process.ts",
    text: "if (place !== thisMachine() || !isCertain",
    replacement: "if (!isCertain",
    foundBy: {
      test: "tests/operators/runner/step/left_folders_test.ts",
      name: "folders of steps are removed",
    },
  },
  {
    name: "runner/full-disk-ends-a-step",
    file: "operators/runner/step/step_log.ts",
    text: "      isBroken = true;",
    replacement: "      throw error;",
    foundBy: { test: "tests/operators/runner/full_disk_test.ts", name: "a disk that is full" },
  },
  {
    name: "runner/secret-at-a-cut",
    file: "operators/runner/step/step_log.ts",
    text: "const masked = mask(whole);",
    replacement: "const masked = mask(whole.slice(0, MAX_LINE));",
    foundBy: { test: "tests/operators/runner/places_test.ts", name: "secrets reach the operator" },
  },
  {
    name: "runner/backoff-does-not-grow",
    file: "operators/runner/step/execute_step.ts",
    text: "retries.backoffMs * 2 ** (attempt - 1)",
    replacement: "retries.backoffMs * 1",
    foundBy: {
      test: "tests/operators/runner/run_pipeline_test.ts",
      name: "a failure that may pass is tried again",
    },
  },
];
