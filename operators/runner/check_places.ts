// Checking, before anything runs, that what steps write does not destroy anything else.
import { isAbsolute, relative, resolve } from "@std/path";
import { fault, type RegistryError } from "../../core/errors.ts";
import { checkName, shown } from "../../core/naming/names.ts";
import { parseRef } from "../../core/naming/refs.ts";
import type { Pipeline } from "../contract/pipeline.ts";
import { findKeyProblem, KEY_HINT, WHOLE_OUTPUT } from "../output_keys.ts";
import { recordNames } from "./records/names.ts";
import { parsePlace } from "./sources.ts";

interface Written {
  output: string;
  path: string;
}

/**
 * Refuses outputs that nothing can be written to, and those that would take the place of another output, of the
 * pipeline's own folder, of the one that its runs work in, or of its records; and ids that are too long for these.
 *
 * @param root the folder that relative paths begin at
 * @throws {RegistryError} `Invalid` naming the first of them
 */
export function checkPlaces({ id, steps, workDir }: Pipeline, root: string): void {
  const ids = new Set(steps.map((step) => step.id));
  const own: Written[] = [{
    output: "the folder that its runs work in",
    path: resolve(root, workDir),
  }];
  const urls = new Map<string, string>();
  const records = namesOfRecords(id, steps);
  for (const step of steps) {
    const wrong = findKeyProblem(Object.keys(step.outputs));
    if (wrong !== undefined) {
      const output = `output ${shown(wrong.key)} of step ${shown(step.id)}`;
      throw refused(id, `${output} has an invalid key: ${wrong.problem}`, KEY_HINT);
    }
    for (const [name, to] of Object.entries(step.outputs)) {
      const output = `output ${shown(name)} of step ${shown(step.id)}`;
      const place = parsePlace(to, { root, isStep: (other) => ids.has(other) });
      if (place.kind === "step") {
        throw refused(id, `${output} is to be written to ${shown(to)}, which is a step's own`);
      }
      if (place.kind === "registry") checkRef(id, output, place.ref);
      if (place.kind === "registry" && records.has(place.name)) {
        throw refused(
          id,
          `${output} is to be written to ${shown(to)}, where the records of its runs are`,
        );
      }
      if (place.kind === "url") {
        if (name === WHOLE_OUTPUT && !place.url.endsWith("/")) {
          throw refused(
            id,
            `${output} is a folder, and ${shown(to)} names one object: end the URL with /`,
          );
        }
        const other = urls.get(place.url);
        if (other !== undefined) {
          throw refused(id, `${output} and ${other} are both to be written to ${shown(to)}`);
        }
        urls.set(place.url, output);
      }
      if (place.kind !== "path") continue;
      if (isWithin(resolve(root), place.path)) {
        throw refused(
          id,
          `${output} is to be written to ${shown(place.path)}: the pipeline's own folder is in it`,
        );
      }
      own.push({ output, path: place.path });
    }
  }
  checkApart(id, own);
}

/** Where the pipeline keeps its records. Throws `Invalid` where its id and that of a step make too long a name. */
function namesOfRecords(pipeline: string, steps: Pipeline["steps"]): Set<string> {
  const { run, result, cancel, step, failure, shards, inputs, output } = recordNames(pipeline);
  const names = new Set([run, result, cancel]);
  for (const { id } of steps) {
    for (const name of [step(id), failure(id), shards(id), inputs(id)]) names.add(name);
    checkName(output(id), "the name of what a step leaves");
  }
  for (const name of names) checkName(name, "the name of a record");
  return names;
}

/** Each is in a folder of its own. In order of their paths, one that is in another comes right after that, or others in it. */
function checkApart(pipeline: string, written: readonly Written[]): void {
  const key = ({ path }: Written) => path.replaceAll("\\", "/").replaceAll("/", "\0"); // a folder before its neighbours
  const sorted = [...written].sort((a, b) => key(a) < key(b) ? -1 : key(a) > key(b) ? 1 : 0);
  for (const [index, { output, path }] of sorted.entries()) {
    const before = sorted[index - 1];
    if (before === undefined || !isWithin(path, before.path)) continue;
    throw refused(
      pipeline,
      `${output} and ${before.output} have no folders of their own: ${shown(path)}`,
    );
  }
}

function checkRef(pipeline: string, output: string, ref: string): void {
  const { selector } = parseRef(ref);
  if (ref.includes("@") && selector.kind !== "version") {
    throw refused(pipeline, `${output} is to be written to ${shown(ref)}, which names no version`);
  }
}

function isWithin(path: string, folder: string): boolean {
  const inner = relative(folder, path);
  return inner === "" || !(/^\.\.(?=[/\\]|$)/.test(inner) || isAbsolute(inner));
}

const PLACE_HINT =
  "Name a place of its own for each output: registry:NAME, a URL, or a folder such as ./out/clean.";

function refused(pipeline: string, state: string, hint = PLACE_HINT): RegistryError {
  return fault({ code: "Invalid", action: "run pipeline", subject: shown(pipeline), state, hint });
}
