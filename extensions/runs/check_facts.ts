// Limits of the parameters and tags of a run.
import { checkMetadata, invalid, shown } from "../../core/kernel.ts";
import type { RunFacts, RunName } from "../../core/registry/run.ts";
import { spokenRun } from "./run_parts.ts";

/** Bytes of parameters and of tags as JSON: metadata also has the metrics. */
const MOST_BYTES = { params: 32 * 1024, tags: 8 * 1024 } as const;
const encoder = new TextEncoder();

/** Throws `Invalid` for parameters and tags that metadata cannot have. */
export function checkFacts(run: RunName, { params = {}, tags = {} }: RunFacts): void {
  checkMetadata(params, "params");
  checkMetadata(tags, "tags");
  const [key] = Object.entries(tags).find(([, tag]) => typeof tag === "object" && tag !== null) ??
    [];
  if (key !== undefined) {
    throw invalid("tag", spokenRun(run), `${shown(key)} is a list or an object`, {
      hint: "Use strings, numbers and booleans as tags, and parameters for other values.",
    });
  }
  checkSizes(run, new Map(Object.entries(params)), new Map(Object.entries(tags)));
}

/** Throws `Invalid` for parameters and tags that have more bytes than a run can have. */
export function checkSizes(
  run: RunName,
  params: ReadonlyMap<string, unknown>,
  tags: ReadonlyMap<string, unknown>,
): void {
  for (const [kind, values] of Object.entries({ params, tags })) {
    const most = MOST_BYTES[kind as "params" | "tags"];
    const json = JSON.stringify(Object.fromEntries(values));
    if (encoder.encode(json).byteLength <= most) continue;
    throw invalid(`set ${kind} of`, spokenRun(run), `they have more than ${most} bytes as JSON`, {
      hint: "Save larger values as an artifact, and pass its ref.",
    });
  }
}
