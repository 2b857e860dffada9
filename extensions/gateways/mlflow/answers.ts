// Errors as answers of MLflow: a code and a message.
import { Answer, type RequestInfo } from "../../../apps/gateways.ts";

/** The code and the status of each status of the service. Clients repeat a 500 for minutes. */
const CODES: Readonly<Record<number, readonly [code: string, status: number]>> = {
  400: ["INVALID_PARAMETER_VALUE", 400],
  401: ["UNAUTHENTICATED", 401],
  403: ["PERMISSION_DENIED", 403],
  404: ["RESOURCE_DOES_NOT_EXIST", 404],
  405: ["ENDPOINT_NOT_FOUND", 404],
  408: ["BAD_REQUEST", 400],
  409: ["RESOURCE_CONFLICT", 409],
  413: ["BAD_REQUEST", 413],
  415: ["BAD_REQUEST", 400],
  416: ["BAD_REQUEST", 416],
  422: ["NOT_IMPLEMENTED", 400],
  429: ["REQUEST_LIMIT_EXCEEDED", 429],
  500: ["DATA_LOSS", 422],
  503: ["TEMPORARILY_UNAVAILABLE", 503],
};

const EXISTS = ["RESOURCE_ALREADY_EXISTS", 400] as const;

/** The end of a hint that names an option of the HTTP API. */
const FORCE = /, or (add|delete with) \?force=true\.$/;

/** Parts of MLflow that this service does not have. */
const ABSENT: readonly [path: RegExp, what: string][] = [
  [/\/(traces|trace-|assessments)/, "traces"],
  [/\/prompts/, "prompts"],
  [/\/webhooks/, "webhooks"],
  [/\/(datasets|genai|scorers|evaluat)/, "evaluations"],
  [/\/gateway/, "AI gateways"],
  [/\/mlflow-artifacts\/artifacts\//, "deletion of one artifact: delete the run"],
  [/\/experiments\/update/, "renaming of experiments: copy the runs instead"],
];

const TOKEN = "Set MLFLOW_TRACKING_TOKEN to a token of this service.";

/** Returns an answer in the form of MLflow. */
export function answered(answer: Answer, { route }: RequestInfo, path: string): Answer {
  const { problem, headers } = answer;
  if (problem === undefined) return answer;
  const { "content-type": _, ...kept } = headers;
  const isElsewhere = route === undefined && (answer.status === 404 || answer.status === 405);
  const isThere = problem.code === "AlreadyExists";
  const [usual, status] = isThere ? EXISTS : CODES[answer.status] ?? ["BAD_REQUEST", 400];
  const code = isElsewhere ? "ENDPOINT_NOT_FOUND" : usual;
  const own = problem.reason?.kind === "token_missing" ? { ...problem, hint: TOKEN } : problem;
  const { detail, hint } = isElsewhere ? elsewhere(path) : own;
  const message = hint === undefined ? detail : `${detail}. ${hint.replace(FORCE, ".")}`;
  return new Answer(`${JSON.stringify({ error_code: code, message })}\n`, {
    status: isElsewhere ? 404 : status,
    headers: { ...kept, "content-type": "application/json" },
  });
}

function elsewhere(path: string): { detail: string; hint: string } {
  const what = ABSENT.find(([its]) => its.test(path))?.[1] ?? "this route of MLflow";
  return {
    detail: `Cannot answer ${path}: this service does not have ${what}`,
    hint: "docs/mlflow.md lists what it answers.",
  };
}
