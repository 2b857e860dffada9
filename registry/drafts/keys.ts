// Keys below `drafts/`. See FORMAT.md, section 6.1.
import { decodeName, encodeName } from "../../core/naming/names.ts";
import { checked, DRAFTS, isCommitId } from "../layout.ts";

export function draftFolder(name: string, id: string): string {
  return `${DRAFTS}${encodeName(name)}/${encodeName(id)}/`;
}

/** A part of a draft as one commit added it: `drafts/<name>/<id>/<part>/<commit>`. */
export function draftPartKey(folder: string, part: string, commit: string): string {
  return checked(`${folder}${encodeName(part)}/`) + commit;
}

/** The object that decides how a draft ends. */
export function draftEndKey(folder: string): string {
  return `${folder}${END}`;
}

/** The object after which no part of a draft is acknowledged. Its key begins with {@linkcode draftEndKey}. */
export function draftEndingKey(folder: string): string {
  return `${folder}${ENDING}`;
}

const END = ".end";
const ENDING = `${END}ing`;

export interface DraftKey {
  name: string;
  draft: string;
  /** Which part, and the commit that added it; absent in a mark. */
  added?: { part: string; commit: string };
  /** Which mark of the draft it is; absent in a part. */
  mark?: "ending" | "end";
}

/** Parses a key below `drafts/`; undefined for a key that no registry writes. */
export function parseDraftKey(key: string): DraftKey | undefined {
  const [top, name = "", draft = "", segment = "", commit, ...more] = key.split("/");
  if (`${top}/` !== DRAFTS || decodeName(name) === undefined || decodeName(draft) === undefined) {
    return undefined;
  }
  if (segment === END && commit === undefined) return { name, draft, mark: "end" };
  if (segment === ENDING && commit === undefined) return { name, draft, mark: "ending" };
  const part = decodeName(segment);
  if (part === undefined || commit === undefined || !isCommitId(commit) || more.length > 0) {
    return undefined;
  }
  return { name, draft, added: { part, commit } };
}
