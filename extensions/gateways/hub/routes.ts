// The routes of the Hugging Face Hub, for `huggingface_hub`, `transformers` and `datasets`.
import { compareUtf8, mapAtOnce } from "../../../core/kernel.ts";
import { route } from "../../../apps/gateways.ts";
import type {
  Access,
  GatewayContext,
  ReadablePages,
  RouteContext,
  RouteDescription,
  Routes,
} from "../../../apps/gateways.ts";
import * as schemas from "./schemas.ts";
import { entriesIn, entryAt, filesOf, hasFolder, keyOf, lfsOf, withCommit } from "./entries.ts";
import type { FileInfo, HubEntry } from "./entries.ts";
import { createSentObjects, hubAccountWrites, hubWrites, type RepoPaths } from "./commits.ts";
import { answerPage, commitsOf, listRepos, refsOf } from "./listings.ts";
import { parsePaths, pathsOf } from "./paths_info.ts";
import { createRepos, MAIN, NO_REVISION, noEntry } from "./repos.ts";
import type { AskedRepo, RepoKind, Repos } from "./repos.ts";
import { locationAt, resolveRoute } from "./resolve.ts";

/** Ids without a slash come first: `/api/models/gpt2/refs` is not the repository `gpt2/refs`. */
const REPO_PATHS = (["datasets", "models"] as const).flatMap((kind): RepoPaths[] => {
  const name = kind === "datasets" ? "Dataset" : "Model";
  return ([["/:repo", `${name}WithoutOrg`], ["/:org/:repo", name]] as const).map((
    [id, suffix],
  ) => ({
    kind,
    api: `/api/${kind}${id}`,
    files: kind === "datasets" ? `/datasets${id}` : id,
    suffix,
  }));
});

/** The same with a slash first: no other path of files is longer by a name. */
const FILE_PATHS = (["datasets", "models"] as const).flatMap((kind) =>
  REPO_PATHS.filter((paths) => paths.kind === kind).toReversed()
);

interface HubContext extends GatewayContext {
  repos: Repos;
}

const FRESH = { "cache-control": "no-cache" };

export function hubRoutes(routes: Routes, context: GatewayContext): void {
  const repos = createRepos(context);
  accountRoutes(routes, context);
  hubAccountWrites(routes, { ...context, repos });
  const objects = createSentObjects(context);
  for (const paths of REPO_PATHS) {
    revisionRoutes(routes, { ...context, repos }, paths);
    treeRoutes(routes, { ...context, repos }, paths);
    repoRoutes(routes, { ...context, repos }, paths);
    hubWrites(routes, { ...context, repos }, objects, paths);
  }
  // `/data/raw/resolve/main/a` is a file of the repository `data/raw`, not of `data`.
  for (const way of ["resolve", "raw"] as const) {
    for (const { kind, ...paths } of FILE_PATHS) {
      const open = (c: RouteContext) => openAsked(c, { ...context, repos }, kind);
      resolveRoute(routes, context, { ...paths, way, open });
    }
  }
  for (const kind of ["models", "datasets"] as const) listRoute(routes, context, kind);
}

/** Reads the repository of a path, and opens the version of its revision. */
function asked(c: RouteContext, kind: RepoKind): AskedRepo & { revision: string } {
  const { org, repo = "", revision = MAIN } = c.params as Record<string, string | undefined>;
  return { kind, id: org === undefined ? repo : `${org}/${repo}`, revision };
}

async function openAsked(
  c: RouteContext,
  { repos }: HubContext,
  kind: RepoKind,
): Promise<ReadablePages> {
  const { revision, ...repo } = asked(c, kind);
  return await repos.open(repo, revision, c.info.access);
}

/** Returns the facts and files of the revision of a path, also of a repository without a version. */
async function listedAsked(c: RouteContext, { repos }: HubContext, kind: RepoKind) {
  const { revision, ...repo } = asked(c, kind);
  return await repos.listed(repo, revision, c.info.access);
}

function describedAs(
  id: string,
  summary: string,
  description: string,
  schema?: RouteDescription["answers"][number]["schema"],
): Pick<RouteDescription, "id" | "tag" | "summary" | "scope" | "answers"> {
  const answers = { 200: { description, schema } };
  return { id, tag: "hub", summary, scope: "read", answers };
}

/** The routes that return a revision as a whole. */
function revisionRoutes(
  routes: Routes,
  context: HubContext,
  { kind, api, suffix }: RepoPaths,
): void {
  const infoPaths = [["hubInfo", api], ["hubRevision", `${api}/revision/:revision`]] as const;
  for (const [id, path] of infoPaths) {
    route(routes, `GET ${path}`, {
      ...describedAs(
        `${id}${suffix}`,
        "Returns a version as a repository of the Hub",
        "The repository",
        schemas.HubRepoSchema,
      ),
      readsMany: true,
      query: schemas.HubInfoQuery,
      answer: async ({ c, query: { blobs } }) => {
        const { id } = asked(c, kind);
        const { sha, ...version } = await listedAsked(c, context, kind);
        const { info } = version;
        // clients list the tree of a version with so many files
        const siblings = info.files && (await filesOf(version)).map((file) => ({
          rfilename: file.path,
          ...(blobs ? blobOf(file) : {}),
        }));
        return c.json(
          {
            ...aboutRepo({ kind, id }, context),
            sha,
            lastModified: info.createdAt,
            createdAt: info.createdAt,
            usedStorage: info.size,
            siblings,
          },
          200,
          FRESH,
        );
      },
    });
  }
}

/** The routes that list the files and folders of a revision. */
function treeRoutes(
  routes: Routes,
  context: HubContext,
  { kind, api, suffix }: RepoPaths,
): void {
  const treePaths = [["hubTree", ""], ["hubFolder", "/:path{[^]+}"]] as const;
  for (const [id, rest] of treePaths) {
    route(routes, `GET ${api}/tree/:revision${rest}`, {
      ...describedAs(
        `${id}${suffix}`,
        "Lists files and folders of a version",
        "A page; its `Link` leads to the next",
        schemas.HubEntriesSchema,
      ),
      readsMany: true,
      query: schemas.HubTreeQuery,
      answer: async (
        { c, query },
      ) => {
        const { recursive = false, expand, limit = schemas.HUB_PAGE, cursor } = query;
        const { sha, ...version } = await listedAsked(c, context, kind);
        const { info } = version;
        const { path: folder = "" } = c.params;
        const items: HubEntry[] = [];
        for await (const entry of entriesIn(version, { folder, recursive, after: cursor })) {
          items.push(expand ? withCommit(entry, info) : entry);
          if (items.length > limit) break; // shows that there is a next page
        }
        const isThere = items.length > 0 || folder === "" || await hasFolder(version, folder);
        if (!isThere) throw noEntry(folder, info);
        // All pages are of the version of the first one.
        const at = sha === NO_REVISION ? undefined : locationAt(c, "tree", sha);
        return answerPage(c, items, { limit, keyOf, at, query });
      },
    });
  }
  route(routes, `POST ${api}/paths-info/:revision`, {
    ...describedAs(
      `hubPaths${suffix}`,
      "Returns the files and folders at some paths; missing ones are left out",
      "The files and folders",
      schemas.HubEntriesSchema,
    ),
    readsMany: true,
    body: { [FORM]: { schema: schemas.HubPaths } },
    json: schemas.HubPaths,
    parse: parsePaths,
    answer: async ({ c, json, signal }) => {
      const version = await listedAsked(c, context, kind);
      const { info } = version;
      const { expand } = json;
      const items: HubEntry[] = [];
      const sorted = [...pathsOf(json)].sort(compareUtf8); // neighbors are in one page
      for await (const entry of mapAtOnce(sorted, (path) => entryAt(version, path), AT_ONCE)) {
        signal.throwIfAborted(); // thousands of paths take seconds
        if (entry !== undefined) items.push(expand ? withCommit(entry, info) : entry);
      }
      return c.json(items, 200, FRESH);
    },
  });
}

/** Fewer than the pages that an opened version keeps. */
const AT_ONCE = { concurrency: 6 };
const FORM = "application/x-www-form-urlencoded";

/** The routes about a repository. */
function repoRoutes(routes: Routes, context: HubContext, { kind, api, suffix }: RepoPaths): void {
  const { registry, repos } = context;
  route(routes, `GET ${api}/refs`, {
    ...describedAs(
      `hubRefs${suffix}`,
      "Lists versions and aliases as tags; `main` is the latest version",
      "The refs",
      schemas.HubRefsSchema,
    ),
    readsMany: true,
    answer: async ({ c, access }) => {
      const name = await repos.find(asked(c, kind), access);
      return c.json(await refsOf(registry, name), 200, FRESH);
    },
  });
  route(routes, `GET ${api}/commits/:revision`, {
    ...describedAs(
      `hubCommits${suffix}`,
      "Lists a version and those below it as commits, newest first",
      "A page; its `Link` leads to the next",
      schemas.HubCommitsSchema,
    ),
    readsMany: true,
    query: schemas.HubCommitsQuery,
    answer: async ({ c, query }) => {
      const { info } = await openAsked(c, context, kind);
      const { items, keyOf, limit } = await commitsOf(registry, info, query);
      return answerPage(c, items, { limit, keyOf, query });
    },
  });
  route(routes, `GET ${api}/auth-check`, {
    ...describedAs(
      `hubAuthCheck${suffix}`,
      "Answers with 200 if the token may read the repository",
      "It may be read",
      schemas.HubOkSchema,
    ),
    answer: async ({ c, access }) => {
      await repos.find(asked(c, kind), access);
      return c.json({ ok: true as const }, 200, FRESH);
    },
  });
}

function listRoute(routes: Routes, context: GatewayContext, kind: RepoKind): void {
  route(routes, `GET /api/${kind}`, {
    ...describedAs(
      kind === "models" ? "hubModels" : "hubDatasets",
      "Lists names as repositories; those of datasets begin with `datasets/`",
      "A page; its `Link` leads to the next",
      schemas.HubReposSchema,
    ),
    readsMany: true,
    query: schemas.HubListQuery,
    answer: async ({ c, query, access }) => {
      const page = await listRepos(context.registry, access, { kind, ...query });
      const items = page.items.map(({ name, id }) => ({
        name,
        ...aboutRepo({ kind, id }, context),
      }));
      return answerPage(c, items, { limit: page.limit, keyOf: ({ name }) => name, query });
    },
  });
}

function accountRoutes(routes: Routes, context: GatewayContext): void {
  route(routes, "GET /api/whoami-v2", {
    ...describedAs(
      "hubWhoami",
      "Returns the token of the request as an account of the Hub",
      "The account",
      schemas.HubUserSchema,
    ),
    answer: ({ c, access }) => c.json(accountOf(access, context), 200, FRESH),
  });
}

function accountOf({ token = "anonymous", admin, maySome }: Access, { options }: GatewayContext) {
  const role = admin || maySome("save") ? "write" : "read";
  const auth = options.tokens === undefined
    ? { type: "none" }
    : { type: "access_token", accessToken: { displayName: token, role } };
  return {
    type: "user" as const,
    id: token,
    name: token,
    fullname: token,
    isPro: false,
    orgs: [],
    auth,
  };
}

function aboutRepo({ kind, id }: AskedRepo, { options }: GatewayContext) {
  return {
    id,
    ...(kind === "models" ? { modelId: id } : {}),
    ...(id.includes("/") ? { author: id.replace(/\/.*/, "") } : {}),
    private: options.tokens !== undefined,
    gated: false,
    disabled: false,
    downloads: 0,
    likes: 0,
    tags: [],
  };
}

function blobOf(file: FileInfo) {
  const { oid: sha256, ...lfs } = lfsOf(file);
  return { size: file.size, blobId: sha256.slice(0, 40), lfs: { sha256, ...lfs } };
}
