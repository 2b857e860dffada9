// A folder with a pipeline, operators and a registry, like that of a user of the command line.
import { type TempRoot, tempRoot } from "../../../support/temp_root.ts";
import { type CliTest, cliTest, succeeds } from "../../../apps/captured_io.ts";

/** The URL of the operators, for `import`. */
export const OPERATORS_DOOR = new URL("../../../../operators/mod.ts", import.meta.url).href;

/** `clean` writes a file that `train` reads; `train` fails if its parameter `fail` is set. */
export const PIPELINE = `
variables: { lr: 0.1 }
pipeline:
  pipeline_id: nightly
  nodes:
    - { node_id: small, operator_ids: [clean] }
    - { node_id: rest, runner_count: 2 }
  operators:
    - { operator_id: clean, operator: write, params: { text: cleaned } }
    - operator_id: train
      inputs: { data: step:clean }
      params: { lr: "\${lr}", fail: "" }
      outputs: { weights: registry:model }
    - { operator_id: report, operator: write, upstream_dependencies: [train] }
`;

/** The module of its operators. */
export const OPERATORS = `
import { createOperators } from ${JSON.stringify(OPERATORS_DOOR)};
const command = () => ["true"];
export const operators = createOperators({
  write: {
    async run({ outputRoot, params }) { await Deno.writeTextFile(outputRoot + "/text", params.text ?? "nothing"); },
    command,
  },
  train: {
    async run({ outputRoot, params, logger }) {
      logger.info("learning with " + params.lr);
      if (params.fail) throw new Error(params.fail);
      await Deno.writeTextFile(outputRoot + "/weights", String(params.lr));
    },
    command,
  },
});
`;

/** Options of {@linkcode projectRoot}. */
export interface ProjectOptions {
  /** @default {@linkcode PIPELINE} */
  pipeline?: string;
  /** @default {@linkcode OPERATORS} */
  operators?: string;
}

/** A folder with a project, and a registry in `.holdfast`. */
export async function projectRoot(options: ProjectOptions = {}): Promise<TempRoot> {
  const root = await tempRoot();
  await fillProject(root, options);
  return root;
}

async function fillProject(
  root: Pick<TempRoot, "path" | "join">,
  { pipeline = PIPELINE, operators = OPERATORS }: ProjectOptions,
): Promise<void> {
  await Deno.writeTextFile(root.join("pipeline.yaml"), pipeline);
  await Deno.writeTextFile(root.join("operators.ts"), operators);
  await succeeds("init", { cwd: root.path });
}

/** A test of commands in the folder of a project. */
export function projectTest(
  name: string,
  run: (at: CliTest) => Promise<void>,
  options: ProjectOptions = {},
): void {
  cliTest(name, async (at) => {
    await fillProject(at.root, options);
    await run(at);
  });
}
