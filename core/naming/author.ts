// Authors of records: a claim of a program, or the sender of a request that a service knows.
import { invalid } from "../errors.ts";
import { hasHidden, withoutHidden } from "./printable.ts";

/**
 * The person or program that saved, moved or deleted something. Without a token, a program claimed
 * the name. With one, a service checked it. But each writer of the store itself can write either.
 */
export interface Author {
  /** A claimed name, or in a service that of the token. At most 100 bytes as JSON. */
  name: string;
  /**
   * Id of the token that a service accepted. With sign-in `oidc_` and a hash of issuer and subject,
   * the same for all tokens of one person or job.
   */
  token?: string;
  /**
   * Commit and job of the CI system that issued the token, by the names of its claims: `sha` and
   * `run_id` of GitHub, `sha`, `pipeline_id` and `job_id` of GitLab.
   */
  claims?: Readonly<Record<string, string>>;
}

/** Claims of a token that records keep: they name the code and the job that made a change. */
const JOB_CLAIMS = ["sha", "run_id", "pipeline_id", "job_id"];
const CLAIM = /^[\w.:/-]{1,64}$/;

/** Longest name, bytes of its JSON: as much as a tombstone has room for. */
const MAX_BYTES = 100;

/** Characters that no stored name has. */
// deno-lint-ignore no-control-regex
const CONTROL = /[\u0000-\u001f\u007f-\u009f]/;

/** Longest id of a token that is read. */
const MAX_TOKEN_LENGTH = 200;

const encoder = new TextEncoder();

/** Returns why a text cannot be the name of an author, undefined for a good one. */
function nameProblem(name: unknown): string | undefined {
  if (typeof name !== "string") return `it must be a string, got ${typeof name}`;
  if (name.trim() === "") return "it is empty";
  if (!name.isWellFormed()) return "it is not well-formed Unicode";
  if (CONTROL.test(name)) return "it contains control characters";
  const bytes = encoder.encode(JSON.stringify(name)).byteLength - 2;
  return bytes > MAX_BYTES ? `it has ${bytes} bytes, the limit is ${MAX_BYTES}` : undefined;
}

/**
 * Returns the author with a name, undefined for none.
 *
 * @throws {RegistryError} `Invalid` for a name that is empty, too long, or has hidden characters
 */
export function claimedAuthor(name: string | undefined): Author | undefined {
  if (name === undefined) return undefined;
  const problem = nameProblem(name) ??
    (hasHidden(name) ? "it contains hidden characters" : undefined);
  if (problem === undefined) return { name };
  const hint = "Pass a name, such as an e-mail address: `by`, or HOLDFAST_BY in the environment.";
  throw invalid("use the author", "`by`", problem, { hint });
}

/** Returns a text that can be the name of an author, cut to the limit; empty if nothing is left. */
export function authorName(text: string): string {
  const shown = withoutHidden(text.toWellFormed()).trim();
  const characters = [...shown].slice(0, MAX_BYTES);
  while (nameProblem(characters.join("")) !== undefined && characters.length > 0) characters.pop();
  return characters.join("");
}

/** Returns the author in a record, undefined if it has none that this release understands. */
export function authorOf({ by }: { by?: unknown }): Author | undefined {
  const { name, token, claims } = (by ?? {}) as Partial<Author>;
  if (nameProblem(name) !== undefined) return undefined;
  if (!isTokenId(token)) return { name: name! };
  return { name: name!, token, ...jobClaims(claims ?? {}) };
}

/** Returns the claims of a token that records keep; nothing if it has none. */
export function jobClaims(all: object): Pick<Author, "claims"> {
  const kept = JOB_CLAIMS.flatMap((claim) => {
    const value: unknown = Object.hasOwn(all, claim) ? Reflect.get(all, claim) : undefined;
    const text = typeof value === "number" ? `${value}` : value;
    return typeof text === "string" && CLAIM.test(text) ? [[claim, text] as const] : [];
  });
  return kept.length === 0 ? {} : { claims: Object.fromEntries(kept) };
}

/** False for what no service wrote. */
function isTokenId(token: unknown): token is string {
  return typeof token === "string" && token.length <= MAX_TOKEN_LENGTH && !CONTROL.test(token);
}

let sender: (() => Author | undefined) | undefined;

/** Lets a service name the senders of its requests. `read` returns that of the present one. */
export function provideSender(read: () => Author | undefined): void {
  sender = read;
}

/** Returns the sender of the request that is being answered, if a service knows them. */
export function presentSender(): Author | undefined {
  return sender?.();
}

/** Returns an author for people: `alice`, or with a checked token `ci (token 0a1b2c3d4e5f)`. */
export function authorText({ name, token }: Author): string {
  if (token === undefined) return name;
  if (token.startsWith("oidc_")) return name === token ? token : `${name} (${token})`;
  return name === token ? `token ${token}` : `${name} (token ${token})`;
}
