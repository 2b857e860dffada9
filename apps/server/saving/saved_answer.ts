// The answers of routes that save a version.
import { nameSegment } from "../../../core/naming/names.ts";
import type { SavedArtifact } from "../../../mod.ts";
import type { Access } from "../access/access.ts";
import type { Answer } from "../answer.ts";
import type { DescribedAnswer, RouteContext } from "../gateways/gateway.ts";
import { relative } from "../routing.ts";
import { SavedArtifactSchema } from "../schemas/saving.ts";

/** The answer to a request without `files`. */
export const CHECKED: Record<204, DescribedAnswer> = {
  204: { description: "Only checked: the save would be accepted" },
};

/** Answers of commits that can be repeated. */
export const REPEATED: Record<200 | 201, DescribedAnswer> = {
  201: { description: "Saved", schema: SavedArtifactSchema },
  200: { description: "Saved before", schema: SavedArtifactSchema },
};

/** Header of an answer with an existing version: nothing was saved. */
export const SKIPPED: Record<string, string> = { "holdfast-skipped": "true" };

/** Answers with a save. A version that another token may have saved (`isOwn`) needs `read`. */
export async function savedAnswer(
  c: RouteContext,
  saved: SavedArtifact,
  isOwn: () => boolean | Promise<boolean>,
): Promise<Answer> {
  const { name, version, skipped } = saved;
  c.info.version = version;
  if (skipped && !c.info.access.may("read", name) && !await isOwn()) {
    c.info.access.check("read", name);
  }
  const path = `artifacts/${nameSegment(name)}/versions/${nameSegment(version)}`;
  const location = relative(c, path);
  return c.json(saved, skipped ? 200 : 201, skipped ? SKIPPED : { location });
}

/** Returns the state of a conflict for a token that may not know versions and parts of a draft. */
export function unreadState(access: Access, name: string): string | undefined {
  return access.may("read", name) ? undefined : "the draft or its version was changed";
}
