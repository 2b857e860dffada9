// Checks, before anything runs, that outputs do not overwrite anything else.
import { resolve } from "node:path";
import { checkName, checkNewName, fault, parseRef, shown } from "../../core/kernel.ts";
import type { RegistryError } from "../../core/kernel.ts";
import { isSpecial, isWithin, SPECIAL } from "../../disk/target.ts";
import type { Pipeline } from "../contract/pipeline.ts";
import { findKeyProblem, KEY_HINT, WHOLE_OUTPUT } from "../output_keys.ts";
import { recordNames } from "./records/names.ts";
import { parsePlace } from "./sources.ts";

interface Written {
  output: string;
  path: string;
}

/**
 * Refuses outputs with an invalid key or destination, and those that would overwrite another
 * output, the pipeline's own folder, its work folder, or its records. Refuses ids that are too
 * long.
 *
 * @param root base of relative paths
 * @throws {RegistryError} `Invalid` naming the first of them
 */
export function checkPlaces({ id, steps, workDir }: Pipeline, root: string): void {
  const ids = new Set(steps.map((step) => step.id));
  const own: Written[] = [{ output: "the folder of its runs", path: resolve(root, workDir) }];
  const urls = new Map<string, string>();
  const records = namesOfRecords(id, steps);
  for (const step of steps) {
    const named = (key: string) => `output ${shown(key)} of step ${shown(step.id)}`;
    const wrong = findKeyProblem(Object.keys(step.outputs));
    if (wrong !== undefined) {
      throw refused(id, `${named(wrong.key)} has an invalid key: ${wrong.problem}`, KEY_HINT);
    }
    for (const [name, to] of Object.entries(step.outputs)) {
      const output = named(name);
      const refuse = (state: string) => refused(id, `${output} cannot go to ${shown(to)}${state}`);
      const place = parsePlace(to, { root, isStep: (other) => ids.has(other) });
      if (place.kind === "step") throw refuse(", which belongs to a step");
      if (place.kind === "registry") {
        checkNewName(place.name, output);
        const isVersion = parseRef(place.ref).selector.kind === "version";
        if (place.ref.includes("@") && !isVersion) throw refuse(", which is not a version");
        if (records.has(place.name)) throw refuse(", which holds records of its runs");
      } else if (place.kind === "url") {
        if (name === WHOLE_OUTPUT && !place.url.endsWith("/")) {
          throw refuse(": it is a folder, so end the URL with /");
        }
        const other = urls.get(place.url);
        if (other !== undefined) throw refuse(`, the destination of ${other}`);
        urls.set(place.url, output);
      } else {
        if (isWithin(place.path, resolve(root))) {
          throw refuse(", which contains the pipeline's own folder");
        }
        if (isSpecial(place.path)) throw refuse(`: ${SPECIAL}`);
        own.push({ output, path: place.path });
      }
    }
  }
  checkApart(id, own);
}

/** Returns the names of the pipeline's records. Throws `Invalid` if its ids make them too long. */
function namesOfRecords(pipeline: string, steps: Pipeline["steps"]): Set<string> {
  const { run, result, cancel, step, failure, shards, inputs, output } = recordNames(pipeline);
  const names = new Set([run, result, cancel]);
  for (const { id } of steps) {
    for (const name of [step(id), failure(id), shards(id), inputs(id)]) names.add(name);
    checkName(output(id), "the name of a step's output");
  }
  for (const name of names) checkName(name, "the name of a record");
  return names;
}

/** Refuses overlapping paths. In order, a path follows its folder or a neighbor in it. */
function checkApart(pipeline: string, written: readonly Written[]): void {
  // Separators sort first, so a folder's content comes before its neighbors.
  const key = ({ path }: Written) => path.replaceAll("\\", "/").replaceAll("/", "\0");
  const sorted = [...written].sort((a, b) => key(a) < key(b) ? -1 : key(a) > key(b) ? 1 : 0);
  for (const [index, { output, path }] of sorted.entries()) {
    const before = sorted[index - 1];
    if (before === undefined || !isWithin(before.path, path)) continue;
    throw refused(pipeline, `${output} and ${before.output} overlap: ${shown(path)}`);
  }
}

const PLACE_HINT =
  "Use a separate destination for each output: registry:NAME, a URL, or a folder like ./out.";

function refused(pipeline: string, state: string, hint = PLACE_HINT): RegistryError {
  return fault({ code: "Invalid", action: "run pipeline", subject: shown(pipeline), state, hint });
}
