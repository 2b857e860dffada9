// The behavior that checks inputs and results.
import { fault } from "../../core/errors.ts";
import { shown } from "../../core/naming/names.ts";
import { shownIssue, type StandardSchema } from "../../core/standard_schema.ts";
import type { PluginDefinition } from "../contract.ts";
import type { Behavior } from "../interfaces.ts";
import { defineSettings, schema } from "../sets/settings.ts";

interface ValidateSettings {
  input?: StandardSchema;
  result?: StandardSchema;
}

/** `validate`: what its schemas make of the input flows on, and what they make of the result is given. */
export const validate: PluginDefinition<Behavior> = {
  config: defineSettings<ValidateSettings>({ input: schema, result: schema }),
  aliases: { schema: "input" },
  create: () => ({
    async execute(next, input, { config, task }) {
      const schemas = config as ValidateSettings;
      const result = await next(await check(schemas.input, input, `run task ${shown(task)}`));
      return await check(schemas.result, result, `give the result of task ${shown(task)}`);
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
  throw fault({
    code: "Invalid",
    action,
    state: checked.issues.map(shownIssue).join("; ").replace(/\.$/, ""),
    hint:
      "The schema of the behavior validate refuses it: correct what is submitted, or the schema.",
  });
}
