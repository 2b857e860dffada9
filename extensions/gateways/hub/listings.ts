// Listings of the Hub: pages with a `Link` to the next one, refs, commits and repositories.
import { inTurns, itemAt, valueAt } from "../../../core/kernel.ts";
import type { ArtifactInfo, Registry } from "../../../mod.ts";
import { openPages } from "../../../registry/mod.ts";
import { endless, publicUrl, readableNames } from "../../../apps/server/extending.ts";
import type { Access, Answer, RouteContext } from "../../../apps/gateways.ts";
import { HUB_PAGE } from "./schemas.ts";
import { commitOf } from "./entries.ts";
import { type AskedRepo, DATASETS, MAIN, type RepoKind, repoOfName, revisionOf } from "./repos.ts";

interface PageOptions<T> {
  /** @default 1000 */
  limit?: number;
  keyOf(item: T): string;
  /** The path of the next page. @default that of the request */
  at?: string;
  /** The query of the request, which the next page has too. */
  query: Readonly<Record<string, unknown>> & { cursor?: string };
}

/** Answers with the first items, and the URL of the next page if there are more. */
export function answerPage<T>(
  c: RouteContext,
  items: readonly T[],
  { limit = HUB_PAGE, keyOf, at = "", query }: PageOptions<T>,
): Answer {
  const next = publicUrl(c, at);
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined) next.searchParams.set(name, String(value));
  }
  if (items.some((item) => keyOf(item) === query.cursor)) throw endless();
  const page = items.slice(0, limit);
  const headers: Record<string, string> = { "cache-control": "no-cache" };
  if (items.length > page.length) {
    next.searchParams.set("cursor", keyOf(itemAt(page, -1)));
    headers.link = `<${next.href}>; rel="next"`;
  }
  return c.json(page, 200, headers);
}

/** Maximum number of versions in a list of refs. */
const MOST_REFS = 1000;

type Refs = "branches" | "converts" | "tags" | "pullRequests";

interface Ref {
  name: string;
  ref: string;
  targetCommit: string;
}

/** Returns the latest version as branch, and the newest versions and all their aliases as tags. */
export async function refsOf(registry: Registry, name: string): Promise<Record<Refs, Ref[]>> {
  const tags: Ref[] = [];
  const aliases = await Array.fromAsync(inTurns(registry.aliases(name)));
  const aliasesOf = Map.groupBy(aliases, ({ version }) => version);
  const facts = { details: true, withoutFiles: true };
  const listing = registry.versions(name, { ...facts, limit: MOST_REFS });
  for await (const { info } of inTurns(listing)) {
    if (info === undefined) continue; // unreadable
    const targetCommit = revisionOf(info);
    const own = (aliasesOf.get(info.version) ?? []).map(({ alias }) => alias);
    for (const tag of [info.version, ...own]) {
      tags.push({ name: tag, ref: `refs/tags/${tag}`, targetCommit });
    }
  }
  const { info: latest } = await openPages(registry, name, { verify: "full" });
  const branch = { name: MAIN, ref: `refs/heads/${MAIN}`, targetCommit: revisionOf(latest) };
  return { branches: [branch], converts: [], tags, pullRequests: [] };
}

/** The default number of commits in a page: the record of each is read. */
const COMMITS_PAGE = 50;

interface Commit {
  id: string;
  title: string;
  message: string;
  authors: { user: string }[];
  date: Date;
}

/** Returns a version and those below it, newest first, and one more than a page. */
export async function commitsOf(
  registry: Registry,
  first: Omit<ArtifactInfo, "files">,
  { limit = COMMITS_PAGE, cursor }: { limit?: number; cursor?: string },
): Promise<Omit<PageOptions<Commit>, "query"> & { items: Commit[]; limit: number }> {
  const items: Commit[] = [];
  const versions = new Map<Commit, string>();
  const add = (info: typeof first) => {
    const commit = { ...commitOf(info), message: "", authors: [] };
    versions.set(commit, info.version);
    items.push(commit);
  };
  if (cursor === undefined) add(first);
  const older = { after: cursor ?? first.version, details: true, withoutFiles: true };
  for await (const { info } of inTurns(registry.versions(first.name, older))) {
    if (info !== undefined) add(info); // otherwise unreadable
    if (items.length > limit) break;
  }
  return { items, limit, keyOf: (commit) => valueAt(versions, commit) };
}

interface ListReposOptions {
  kind: RepoKind;
  search?: string;
  author?: string;
  limit?: number;
  cursor?: string;
}

/** Returns names that the token may read as repositories, and one more than a page. */
export async function listRepos(
  registry: Registry,
  access: Access,
  { kind, search = "", author, limit = HUB_PAGE, cursor }: ListReposOptions,
): Promise<{ items: { name: string; id: AskedRepo["id"] }[]; limit: number }> {
  const items: { name: string; id: string }[] = [];
  const prefix = (kind === "datasets" ? DATASETS : "") + (author ?? "");
  const most = Math.min(limit, HUB_PAGE);
  for await (const name of readableNames(registry, access, { prefix, after: cursor })) {
    const repo = repoOfName(name);
    if (repo === undefined || repo.kind !== kind) continue;
    if (author !== undefined && !repo.id.startsWith(`${author}/`)) continue;
    if (!repo.id.toLowerCase().includes(search.toLowerCase())) continue;
    if (items.push({ name, id: repo.id }) > most) break;
  }
  return { items, limit: most };
}
