// The behavior that validates inputs and results.
import type { InferOutput, StandardSchema } from "../../../registry/mod.ts";
import { invalid, shown, shownIssues } from "../../../core/kernel.ts";
import type { PluginDefinition } from "../contract.ts";
import type { Behavior } from "../interfaces.ts";
import { defineSettings, schema } from "../sets/settings.ts";

const SETTINGS = defineSettings({ input: schema, result: schema });

/** `validate`: passes on the output of its schemas for the input and the result. */
export const validate: PluginDefinition<Behavior, InferOutput<typeof SETTINGS>> = {
  config: SETTINGS,
  aliases: { schema: "input" },
  create: (schemas) => ({
    async execute(next, input, { task }) {
      const result = await next(await check(schemas.input, input, `run task ${shown(task)}`));
      return await check(schemas.result, result, `return the result of task ${shown(task)}`);
    },
  }),
};

async function check(
  schema: StandardSchema | undefined,
  value: unknown,
  action: string,
): Promise<unknown> {
  const checked = await schema?.["~standard"].validate(value) ?? { value };
  if (checked.issues === undefined) return checked.value;
  throw invalid(action, undefined, shownIssues(checked.issues), {
    hint: "Fix the input, or the schema of the behavior validate.",
  });
}
