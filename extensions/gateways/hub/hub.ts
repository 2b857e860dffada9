/**
 * Routes of the Hugging Face Hub that read and commit files: a gateway of `createHandler`.
 *
 * @module
 */
import type { Answer, Gateway, RequestInfo } from "../../../apps/gateways.ts";
import { CreatedRepos } from "./created_repos.ts";
import { ERROR_CODE } from "./repos.ts";
import { hubRoutes } from "./routes.ts";
import { SentObjects } from "./sent_objects.ts";

/**
 * The Hub: `HF_ENDPOINT` of `huggingface_hub`, `transformers` and `datasets` can be the URL of the
 * service.
 *
 * @example
 * ```ts
 * import { openRegistry } from "@holdfast/holdfast";
 * import { createHandler } from "@holdfast/holdfast/server";
 * import { hub } from "@holdfast/holdfast/gateways/hub";
 *
 * await using registry = await openRegistry("memory:");
 * await using handler = createHandler(registry, { gateways: [hub] });
 * ```
 */
export const hub: Gateway = {
  name: "hub",
  subjectOf: ({ org, repo }) => ({ repository: org === undefined ? repo : `${org}/${repo}` }),
  paths: ["/api", "/datasets"],
  addRoutes: hubRoutes,
  sendsFiles: (path) => /^\/api\/(models|datasets)\/[^?]+\/commit\/[^/?]+$/.test(path),
  showsAdded: true,
  answered: nameError,
  memory: [CreatedRepos, SentObjects],
};

/** For what only the Hub itself has. */
const ONLY_FILES = "Holdfast has only the routes of the Hub that read and commit files.";

/**
 * Adds the headers by which clients choose an error. A repository that nobody may read without a
 * token is `RepoNotFound` to them, and one that the token may not read is `GatedRepo`.
 */
function nameError(answer: Answer, info: RequestInfo): Answer {
  const { status, headers, problem } = answer;
  if (problem === undefined) return answer;
  const { detail, hint } = problem;
  const code = status === 401 ? "RepoNotFound" : status === 403 ? "GatedRepo" : undefined;
  if (info.route === undefined && (status === 404 || status === 405)) {
    headers["x-error-message"] = ONLY_FILES;
  } else if (info.refusal !== undefined && status === 401) {
    headers["x-error-message"] = "Invalid credentials in Authorization header";
  } else {
    if (code !== undefined) headers[ERROR_CODE] ??= code;
    const text = hint === undefined ? detail : `${detail}. ${hint}`;
    headers["x-error-message"] = text.replace(/[^\x20-\x7e]/g, "?").slice(0, 1000);
  }
  return answer;
}
