// The behavior that validates inputs and results.
import { invalid } from "../../core/errors.ts";
import { shown } from "../../core/naming/names.ts";
import { shownIssue, type StandardSchema } from "../../core/standard_schema.ts";
import type { PluginDefinition } from "../contract.ts";
import type { Behavior } from "../interfaces.ts";
import { defineSettings, schema } from "../sets/settings.ts";

interface ValidateSettings {
  input?: StandardSchema;
  result?: StandardSchema;
}

/** `validate`: passes on the output of its schemas for the input and the result. */
export const validate: PluginDefinition<Behavior> = {
  config: defineSettings<ValidateSettings>({ input: schema, result: schema }),
  aliases: { schema: "input" },
  create: () => ({
    async execute(next, input, { config, task }) {
      const schemas = config as ValidateSettings;
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
  throw invalid(action, undefined, checked.issues.map(shownIssue).join("; ").replace(/\.$/, ""), {
    hint: "Fix the input, or the schema of the behavior validate.",
  });
}
