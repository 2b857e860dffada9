// Errors, which clients of W&B get as a list with messages.
import type { RegistryError } from "../../../core/kernel.ts";
import { Answer } from "../../../apps/gateways.ts";
import { noSuch, wrong } from "../../runs/mlflow/ids.ts";

export { noSuch, wrong };

/** Returns the error of variables that a schema refuses. */
export function refused({ at, state }: { at: string; state: string }): RegistryError {
  return wrong(`Variable "$${at}" got invalid value: ${state}`);
}

/** Statuses that clients must see: who may not, and what to send again. Others are 200 in GraphQL. */
const SHOWN = [401, 403, 408, 413, 429, 500, 503];

/** Returns the answer of an operation as clients of GraphQL get it. */
export function passedOn(answer: Answer): Answer {
  const { body, status, headers } = answered(answer, true);
  return new Answer(body, { headers, status: SHOWN.includes(status) ? status : 200 });
}

const TOKEN = "Set WANDB_API_KEY to key- and a token of this service: key-holdfast_…";

/** Returns an answer in the form of W&B. */
export function answered(answer: Answer, isGraphql: boolean): Answer {
  const { problem, headers } = answer;
  if (problem === undefined) return answer;
  const { "content-type": _, ...kept } = headers;
  const { detail, reason } = problem;
  const hint = reason?.kind === "token_missing" ? TOKEN : problem.hint;
  const message = hint === undefined ? detail : `${detail}. ${hint}`;
  const body = isGraphql ? { data: null, errors: [{ message }] } : { error: message };
  return new Answer(`${JSON.stringify(body)}\n`, {
    status: answer.status,
    headers: { ...kept, "content-type": "application/json" },
  });
}
