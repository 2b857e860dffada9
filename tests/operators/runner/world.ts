// A registry and operators for tests of the runner.
import { openRegistry, type Registry } from "../../../mod.ts";
import { createOperators, type OperatorContext, type Operators } from "../../../operators/mod.ts";
import { type TempRoot, testInRoot } from "../../support/temp_root.ts";
import { pipeline, step } from "./pipelines.ts";

/** The options of a run, and its outcome. */
export interface World extends AsyncDisposable {
  registry: Registry;
  operators: Operators;
  root: string;
  /** Which operators ran, in order. */
  ran: string[];
}

/** Operators that join what they read, a parameter and their own id. */
export async function world(root: TempRoot): Promise<World> {
  const registry = await openRegistry("memory:");
  const operators = createOperators();
  const ran: string[] = [];
  const join = {
    async run(context: OperatorContext) {
      ran.push(context.operatorId);
      const { lr = "" } = context.params as { lr?: number };
      const read = await readAll(context.inputRoot);
      await Deno.writeTextFile(`${context.outputRoot}/text`, `${read}${context.operatorId}${lr} `);
    },
    command: () => ["true"],
  };
  for (const name of ["clean", "train", "report"]) operators.register(name, join);
  const made: World = {
    registry,
    operators,
    root: root.path,
    ran,
    [Symbol.asyncDispose]: () => registry[Symbol.asyncDispose](),
  };
  return Object.defineProperty(made, "ran", { enumerable: false }); // no option: it is not spread with the others
}

/** Runs a test with a registry and operators, in a temporary folder. */
export function testInWorld(
  name: string,
  test: (here: World, root: TempRoot) => Promise<void>,
): void {
  testInRoot(name, async (root) => {
    await using here = await world(root);
    await test(here, root);
  });
}

async function readAll(folder: string): Promise<string> {
  const texts: string[] = [];
  for await (const entry of Deno.readDir(folder)) {
    const path = `${folder}/${entry.name}`;
    texts.push(
      (await Deno.stat(path)).isDirectory ? await readAll(path) : await Deno.readTextFile(path),
    );
  }
  return texts.sort().join("");
}

/** Two steps after one. */
export function threeSteps(lr = 0.1) {
  return pipeline([
    step("clean", { inputs: { data: "registry:data:raw" } }),
    step("train", { upstream: ["clean"], params: { lr } }),
    step("report", { upstream: ["clean"], outputs: { text: "registry:data:report" } }),
  ]);
}

/** The text that a step saved. */
export async function textOf(registry: Registry, ref: string): Promise<string> {
  return new TextDecoder().decode(await (await registry.open(ref)).file("text").bytes());
}

/** How steps ended. */
export const ends = (steps: Record<string, { end: string }>) =>
  Object.fromEntries(Object.entries(steps).map(([id, { end }]) => [id, end]));

/** Returns how many versions an artifact has. */
export async function countOf(registry: Registry, name: string): Promise<number> {
  return (await Array.fromAsync(registry.versions(name))).length;
}

/** Returns the work of an operator that runs until it is aborted. Calls `onStart` first. */
export const endless = (onStart: () => void) => ({ signal }: OperatorContext) =>
  new Promise((_, reject) => {
    signal.addEventListener("abort", () => reject(signal.reason));
    onStart();
  });
