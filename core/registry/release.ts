// Releases: versions whose value names other versions, published together.
import type { Artifact } from "../artifact.ts";
import { fault } from "../errors.ts";
import { type ClassMaterializer, defineMaterializer } from "../materializer.ts";
import { checkName } from "../naming/names.ts";
import { parseRef } from "../naming/refs.ts";
import { isJsonObject } from "../text/json_text.ts";

export type ReleaseMember = Omit<Release["members"][string], "state">;

/** A release with the state of its members. */
export interface Release {
  name: string;
  version: string;
  /** The members by name. A service leaves out those that the token may not read. */
  members: Record<
    string,
    {
      /** `name@1.2.0` without build metadata. */
      ref: string;
      /** SHA-256 of its content when it was published. */
      digest: string;
      /** `missing` if the version was deleted, `changed` if it has other content now. */
      state: "present" | "missing" | "changed";
    }
  >;
}

export const RELEASE = "release";
/** With more, the file could be downloaded from the store, past the rights of a token. */
export const MAX_MEMBERS = 200;
const FILE = "release.json";
const SHA256 = /^[0-9a-f]{64}$/;

type Members = Record<string, ReleaseMember>;

export const releaseMaterializer: ClassMaterializer<Members> = defineMaterializer<Members>({
  id: RELEASE,
  save(members) {
    const sorted = Object.entries(members).sort(([a], [b]) => a < b ? -1 : 1);
    const text = `${JSON.stringify({ members: Object.fromEntries(sorted) }, null, 2)}\n`;
    const content = new TextEncoder().encode(text);
    return [{ path: FILE, content, mediaType: "application/json" }];
  },
  load: membersOf,
});

/** Reads the members of a release. Throws `Invalid` for a version that is not a release. */
export async function membersOf(artifact: Artifact): Promise<Record<string, ReleaseMember>> {
  const { name, version, materializer } = artifact.info;
  const subject = `"${name}@${version}"`;
  if (materializer.id !== RELEASE) {
    const state = `it is of kind "${materializer.id}", not a release`;
    const hint = "Pass the ref of a version that `publishRelease` has saved.";
    throw fault({ code: "Invalid", action: "read release", subject, state, hint });
  }
  const value = await artifact.file(FILE).json();
  const members = isJsonObject(value) && isJsonObject(value.members)
    ? Object.entries(value.members)
    : [];
  if (members.length > 0 && members.length <= MAX_MEMBERS && members.every(isMember)) {
    return Object.fromEntries(
      members.map(([key, { ref, digest }]) => [key, { ref: String(ref), digest: String(digest) }]),
    );
  }
  const hint = "Publish it again: another program wrote it.";
  throw fault({ code: "Corrupt", action: "read release", subject, state: "invalid members", hint });
}

function isMember(entry: [string, unknown]): entry is [string, Record<string, unknown>] {
  const [key, member] = entry;
  if (!isJsonObject(member) || typeof member.digest !== "string") return false;
  try {
    checkName(key, "member");
    const { name, selector } = parseRef(member.ref as string);
    return SHA256.test(member.digest) && selector.kind === "version" &&
      member.ref === `${name}@${selector.version.canonical}`;
  } catch {
    return false;
  }
}

/** The parts of a ref such as `serving@production/model`; undefined for any other ref. */
export function memberOf(ref: string): { release: string; member: string } | undefined {
  const slash = typeof ref === "string" && ref.includes("@")
    ? ref.indexOf("/", ref.indexOf("@"))
    : -1;
  return slash < 0 ? undefined : { release: ref.slice(0, slash), member: ref.slice(slash + 1) };
}
