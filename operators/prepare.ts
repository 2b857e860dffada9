// What is looked at before an operator does anything, wherever it runs: its parameters, then its
// input.
import { fault } from "../core/errors.ts";
import { shown } from "../core/naming/names.ts";
import type { OperatorContext } from "./contract/operator.ts";
import { shownIssue } from "../core/standard_schema.ts";
import { type AnyOperator, hasInputRoot } from "./operator.ts";

/** What is asked of an operator here; a command that is no operator's asks nothing but that its input root is there. */
export type Prepared = Pick<AnyOperator, "params" | "validateInput">;

/**
 * The context with parameters as the operator's schema gives them, once its input was found right.
 *
 * @throws {RegistryError} `Invalid` with all that is wrong with the parameters; `NotFound` where the input is missing
 * or wrong
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
    hint: `Look into ${inputRoot}, and at what the operator said in its log.`,
  });
}

/** The parameters as the operator's schema gives them. All that is wrong is said at once. */
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
    hint:
      "Correct them in the configuration of the step; the operator's schema says what they must be.",
    cause: result.issues,
  });
}
