// The state of a version in conditions: how the run ended that made it, by what its metadata says.
import { isJsonObject } from "../../text/json_text.ts";

/** How a run ended that made a version. */
export type EndState = "finished" | "failed" | "killed" | "cancelled";

/**
 * Returns how the run ended that made a version: `metadata.run` is an object with the id of a run
 * that logged values, or the name of one beside the `pipeline` and its `end`. Undefined for other
 * versions.
 */
export function endStateOf(metadata: Readonly<Record<string, unknown>>): EndState | undefined {
  const { run, pipeline, end } = metadata;
  if (isJsonObject(run)) {
    if (typeof run.id !== "string" || typeof run.startedAt !== "string") return undefined;
    if (run.failed === "KILLED") return "killed";
    return Object.hasOwn(run, "failed") ? "failed" : "finished";
  }
  if (typeof run !== "string" || typeof pipeline !== "string") return undefined;
  return end === "failed" || end === "cancelled" ? end : "finished";
}
