// `deno task schema`: writes the JSON Schemas of configurations anew, `docs/*.schema.json`.
import { type ConfigFileKind, configSchema } from "../operators/config/mod.ts";
import { REPOSITORY } from "../tests/support/run_deno.ts";

export function schemaFiles(): { path: string; text: string }[] {
  return (["pipeline", "operator", "node"] satisfies ConfigFileKind[]).map((kind) => ({
    path: `${REPOSITORY}docs/${kind}.schema.json`,
    text: `${JSON.stringify(configSchema(kind), null, 2)}\n`,
  }));
}

if (import.meta.main) {
  for (const { path, text } of schemaFiles()) await Deno.writeTextFile(path, text);
}
