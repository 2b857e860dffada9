// Saves that requests ask for, and conditions of writes (`If-Match` and `If-None-Match`, RFC 9110,
// section 13).
import { isRegistryError } from "../../../core/errors.ts";
import type { SavedArtifact, SaveOptions } from "../../../mod.ts";
import { newAliases, parseRef } from "../../../core/naming/refs.ts";
import { RELEASE } from "../../../core/registry/release.ts";
import { type CheckedOptions, ONLY_CHECKED } from "../../../core/registry/operations/saving.ts";
import type { Access } from "../access/access.ts";
import type { ServerContext } from "../routing.ts";
import { RefusedRequest } from "../problem.ts";
import type { SaveRequest } from "../schemas/sent_save.ts";
import type { FileToSave } from "../../../materializers/mod.ts";
import { openSentFiles, passThrough, UNKNOWN_BYTES } from "./sent_files.ts";
import { matchesTag, namesTags } from "../files/answer_file.ts";

/** Saves the files of a request. Without files, only checks the rest: see {@linkcode checkOnly}. */
export async function saveSent(
  context: ServerContext,
  request: SaveRequest,
  { name, access, signal }: { name: string; access: Access; signal?: AbortSignal },
): Promise<SavedArtifact | undefined> {
  const { files: sent, materializer, ...options } = request;
  checkNamed(request, { name, access });
  newAliases(request.alias);
  const save = (files: FileToSave[]) => {
    const saveOptions: SaveOptions & CheckedOptions = {
      ...options,
      onConflict: options.onConflict ?? conflictFor(name, access),
      as: passThrough(materializer, files),
      signal,
      ...(sent === undefined && { [ONLY_CHECKED]: true }),
    };
    return ofCondition(options.ifCommit, () => context.registry.save(name, undefined, saveOptions));
  };
  if (sent === undefined) return await checkOnly(save);
  const repeatable = options.idempotencyKey !== undefined;
  const isRead = options.share === "values";
  const opened = await openSentFiles(context, sent, { access, repeatable, isRead, signal });
  const saved = await save(opened.files);
  await opened.removeUploads();
  return saved;
}

/** Returns the default of `onConflict`: a value is replaced only by a sender that may delete it. */
export function conflictFor(name: string, access: Access): "fail" | undefined {
  return access.may("delete", name) ? undefined : "fail";
}

/** Returns the aliases that a save sets, undefined for none. They are not checked. */
export function aliasesOf(alias: SaveOptions["alias"]): readonly string[] | undefined {
  return typeof alias === "string" ? [alias] : alias;
}

/** Throws what a save would throw before it reads a large file. Clients ask before they send it. */
export async function checkOnly(
  save: (files: FileToSave[]) => Promise<unknown>,
): Promise<undefined> {
  let isRead = false;
  const stream = () => {
    isRead = true;
    throw new Error("only checked");
  };
  try {
    await save([{ path: "content", content: { size: UNKNOWN_BYTES, stream } }]);
  } catch (error) {
    if (!isRead) throw error;
  }
}

/** @internal */
interface NamedInSave {
  inputs?: readonly (string | { ref: string })[] | undefined;
  base?: string | undefined;
  alias?: string | readonly string[] | undefined;
  materializer?: { id: string } | undefined;
  onConflict?: string | undefined;
  ifCommit?: string | null | undefined;
}

/**
 * Throws `Denied` for a save that needs further rights: to read `inputs` and a `base` of other
 * names, to delete what it overwrites, and to move aliases or add a release.
 */
export function checkNamed(
  { inputs = [], base, alias, materializer, onConflict, ifCommit }: NamedInSave,
  { name, access }: { name: string; access: Access },
): void {
  if (onConflict === "overwrite" || ifCommit !== undefined) access.check("delete", name);
  if (alias !== undefined || materializer?.id === RELEASE) access.check("move", name);
  for (const input of inputs) {
    access.check("read", parseRef(typeof input === "string" ? input : input.ref).name);
  }
  const other = base === undefined ? name : parseRef(base).name;
  if (other !== name) access.check("read", other);
}

/**
 * Reports a lost race as 412 if the request had a condition, such as `ifCommit`, and as 409
 * otherwise. A conflict with a reason, such as a rule, is not a race.
 *
 * @param state replaces that of the error, which has what the sender may not know
 */
export async function ofCondition<T>(
  condition: string | null | undefined,
  action: () => Promise<T>,
  state?: string,
): Promise<T> {
  try {
    return await action();
  } catch (error) {
    const isKept = condition === undefined && state === undefined;
    if (isKept || !isRegistryError(error, "Conflict") || error.reason !== undefined) throw error;
    const { code, message, action = "change", subject, hint } = error;
    const status = condition === undefined ? 409 : 412;
    const refused = { status, code, action, subject, hint };
    throw new RefusedRequest(
      state === undefined ? { ...refused, message, state: error.state } : { ...refused, state },
    );
  }
}

export const WRITE_CONDITIONS = {
  "if-match": "ETags, one of which must be the current one; `*` for any. Otherwise 412",
  "if-none-match":
    "ETags, none of which may be the current one; `*` if there must be none. Otherwise 412",
} as const;

/**
 * Compares the conditions of a request with the current ETag, without quotes. Returns that ETag,
 * which the write must expect: null if there is none, undefined if the request has no condition.
 *
 * A weak tag counts: it comes from a proxy that compressed the answer, and names a version or a
 * commit, not bytes.
 */
export async function readCondition(
  { headers }: Pick<Request, "headers">,
  { subject, current, isShown }: {
    subject: string;
    current: () => Promise<string | undefined>;
    /** False if the sender may not know the current ETag. */
    isShown: boolean;
  },
): Promise<string | null | undefined> {
  const wanted = headers.get("if-match"), unwanted = headers.get("if-none-match");
  if (wanted === null && unwanted === null) return undefined;
  const now = await current();
  const has = (tags: string) => now !== undefined && matchesTag(tags, `"${now}"`, { weak: true });
  const refuse = (header: string) => refused(subject, header, isShown ? now ?? null : undefined);
  if (wanted !== null && !has(wanted)) throw refuse("If-Match");
  if (unwanted !== null && (!namesTags(unwanted) || has(unwanted))) {
    throw refuse("If-None-Match");
  }
  return now ?? null;
}

function refused(subject: string, header: string, now?: string | null): RefusedRequest {
  const current = now === null ? ", it does not exist" : now ? `, its ETag is "${now}"` : "";
  return new RefusedRequest({
    status: 412,
    code: "Conflict",
    action: "change",
    subject,
    state: `${header} does not match${current}`,
    hint: "GET it again and check whether your change still applies. Write ETags with quotes.",
  });
}
