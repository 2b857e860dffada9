// Checks before an operator runs: its parameters, then its input.
import { fault } from "../core/errors.ts";
import { shown } from "../core/naming/names.ts";
import type { OperatorContext } from "./contract/operator.ts";
import { shownIssue } from "../core/standard_schema.ts";
import { type AnyOperator, hasInputRoot } from "./operator.ts";

/** The checks of an operator. A plain command has none but that its input root exists. */
export type Prepared = Pick<AnyOperator, "params" | "validateInput">;

/**
 * Returns the context with the parameters that the operator's schema returned.
 *
 * @throws {RegistryError} `Invalid` with all problems of the parameters; `NotFound` if the input is
 * missing or wrong
 */
export async function prepareContext(
  operator: Prepared,
  context: OperatorContext<unknown>,
): Promise<OperatorContext<unknown>> {
  const { operatorId, inputRoot } = context;
  const checked = { ...context, params: await parseParams(operator, context) };
  const hasInput = operator.validateInput === undefined
    ? await hasInputRoot(checked)
    : await operator.validateInput(checked);
  if (hasInput) return checked;
  throw fault({
    code: "NotFound",
    action: "run operator",
    subject: shown(operatorId),
    state: "its input is missing or wrong",
    hint: `Check ${inputRoot} and the operator's log.`,
  });
}

async function parseParams(
  operator: Prepared,
  { operatorId, params }: OperatorContext<unknown>,
): Promise<unknown> {
  const result = await operator.params?.["~standard"].validate(params);
  if (result === undefined) return params;
  if (result.issues === undefined) return result.value;
  throw fault({
    code: "Invalid",
    action: "run operator",
    subject: shown(operatorId),
    state: `its params are wrong: ${result.issues.map(shownIssue).join("; ")}`,
    hint: "Correct the params of the step to match the operator's schema.",
    cause: result.issues,
  });
}
