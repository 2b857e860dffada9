// Paths of requests in logs and spans.
import { pathOf } from "../gateways/sent_path.ts";

/** Returns the path without query, and without upload ids and tokens, which grant access. */
export function shownPath(url: string): string {
  return pathOf(url).replace(/^\/uploads\/.+/, "/uploads/…").replace(TOKENS, "$1…").slice(0, 500);
}

/** Tokens that a client has sent in the wrong place: stored ones with their ids, and JWTs. */
const TOKENS = /(holdfast_[0-9a-f]{12}_|eyJ)[\w.-]{20,}/g;
