// Requests about artifacts, whose bytes pass through the service and are never whole in memory.
import * as v from "npm:valibot@^1.5";
import { isRegistryError, iterableStream, orMissing } from "../../../../core/kernel.ts";
import {
  type Access,
  Answer,
  route,
  type RouteContext,
  type Routes,
} from "../../../../apps/gateways.ts";
import {
  answerVersionFile,
  oneBehind,
  textOf,
  whileAllowed,
} from "../../../../apps/server/extending.ts";
import {
  type ArtifactPlace,
  type Artifacts,
  artifactsOf,
  checkPath,
  checkSafe,
  decodedPath,
  type ListedArtifact,
  listFolder,
  parsePlace,
} from "../artifacts.ts";
import { checkChanges, described, FRESH, type MlflowContext } from "../context.ts";
import { noSuch, unsupported, wrong } from "../errors.ts";
import { artifactRoot } from "../../../runs/mlflow/stored_run.ts";
import * as s from "../schemas.ts";
import { ofRun } from "./run_schemas.ts";
import { askedRun } from "./runs.ts";

const PROXY = "/api/2.0/mlflow-artifacts/artifacts";

/** Words by which clients know that they must send a file in one request. */
const NO_PARTS = "Multipart upload is not supported for the current artifact repository";

/** Returns true for a request whose body is an artifact. */
export function sendsArtifact({ method, url }: Request): boolean {
  return method === "PUT" && new URL(url).pathname.startsWith(`${PROXY}/`);
}

const readsFile = described("GetArtifact", "Reads an artifact, or a range of it", "read");
const BYTES = { "*/*": { schema: { type: "string", format: "binary" } } };
Object.assign(readsFile.answers, {
  200: { description: "The file", content: BYTES },
  206: { description: "The range", content: BYTES },
  304: { description: "Not modified" },
});

const Listed = v.object({ path: s.text(s.MOST.path) });
const ListedOfRun = v.object({ ...ofRun, ...Listed.entries });

export function artifactRoutes(routes: Routes, context: MlflowContext): void {
  listRoutes(routes, context);
  fileRoutes(routes, context);
  directRoutes(routes, context);
}

/** Opens what has artifacts; with a path, at least that one. */
async function openPlace(
  { runs, openPages }: MlflowContext,
  place: ArtifactPlace,
  access: Access,
  path?: string,
): Promise<Artifacts> {
  if (place.run !== undefined) return await runs.openArtifacts(place.run, access, path);
  const { name, version } = place;
  access.check("read", name);
  try {
    return artifactsOf(await openPages({ name, version }, access));
  } catch (error) {
    if (!isRegistryError(error, "NotFound", "Invalid")) throw error;
    throw noSuch(`Model Version (name=${name}, version=${version}) not found`);
  }
}

function listRoutes(routes: Routes, context: MlflowContext): void {
  /** Answers with the entries of a folder, as they are read. */
  const list = async (
    c: RouteContext,
    place: ArtifactPlace,
    { root, shown }: { root?: string; shown(entry: ListedArtifact): ListedArtifact },
  ) => {
    checkSafe(place.path);
    const artifacts = await openPlace(context, place, c.info.access);
    async function* pieces(): AsyncGenerator<string> {
      const begin = root === undefined ? "" : `"root_uri":${JSON.stringify(root)},`;
      let before = `{${begin}"files":[`;
      for (const path of waysOf(place.path)) {
        for await (const entry of listFolder(artifacts, path)) {
          yield before + JSON.stringify(shown(entry));
          before = ",";
        }
        if (before === ",") break;
      }
      yield before === "," ? "]}\n" : `${before}]}\n`;
    }
    const body = whileAllowed(c, await oneBehind(textOf(pieces(), (text) => text)));
    return new Answer(body, { headers: { ...FRESH, "content-type": "application/json" } });
  };

  route(routes, `GET ${PROXY}`, {
    ...described("ListArtifacts", "Lists a folder of artifacts by their last names", "read"),
    query: Listed,
    readsMany: true,
    answer: ({ c, query }) =>
      list(c, parsePlace(query.path ?? ""), {
        shown: ({ path, ...entry }) => ({ path: path.slice(path.lastIndexOf("/") + 1), ...entry }),
      }),
  });

  route(routes, "GET /api/2.0/mlflow/artifacts/list", {
    ...described("ListRunArtifacts", "Lists a folder of artifacts of a run", "read"),
    query: ListedOfRun,
    readsMany: true,
    answer: ({ c, query }) => {
      const run = askedRun(query), root = artifactRoot(run);
      return list(c, { run, path: query.path ?? "" }, { root, shown: (entry) => entry });
    },
  });
}

/** Opens one artifact. */
async function openArtifact(context: MlflowContext, path: string, access: Access) {
  const place = parsePlace(path);
  for (const each of waysOf(place.path)) {
    const { version, isShown } = await openPlace(context, place, access, each);
    const file = each === "" ? undefined : await orMissing(version.file(each));
    if (file !== undefined && isShown(file.info)) return { version, file };
  }
  throw noSuch(`No such artifact: '${place.path.slice(0, 500)}'`);
}

/** Returns a path as it was sent, and the one at which a client that sends it has saved. */
function waysOf(path: string): Set<string> {
  return new Set([path, decodedPath(path)]);
}

/** Routes by which clients read large files from the bucket, in parts. */
function directRoutes(routes: Routes, context: MlflowContext): void {
  const info = {
    multipart_downloads_enabled: context.redirectTo !== undefined,
    multipart_uploads_enabled: false, // clients name neither the size nor the SHA-256 of a part
    workspaces_enabled: false,
  };
  route(routes, "GET /api/3.0/mlflow/server-info", {
    ...described("ServerInfo", "Returns what clients may do", "read"),
    answer: ({ c }) => c.json(info, 200, FRESH),
  });

  route(routes, "GET /api/2.0/mlflow-artifacts/presigned/:path{[^]+}", {
    ...described("PresignArtifact", "Returns a URL of the bucket for a large artifact", "read"),
    answer: async ({ c, params: { path }, access }) => {
      const { version, file } = await openArtifact(context, path, access);
      const asked = { info: version.info, file, client: "expects redirects" } as const;
      const url = await context.redirectTo?.(c, asked);
      // Without a size, clients ask the service for the file.
      const answer = url === undefined ? { url: "" } : { url, file_size: file.info.size };
      return c.json({ ...answer, headers: {} }, 200, FRESH);
    },
  });
}

function fileRoutes(routes: Routes, context: MlflowContext): void {
  route(routes, `GET ${PROXY}/:path{[^]+}`, {
    ...readsFile,
    answer: async ({ c, params: { path }, access }) => {
      const { version, file } = await openArtifact(context, path, access);
      const answered = { artifact: version, file, fixed: false, exact: true, headers: FRESH };
      return await answerVersionFile(c, context, { ...answered, disposition: "attachment" });
    },
  });

  route(routes, `PUT ${PROXY}/:path{[^]+}`, {
    ...described("PutArtifact", "Adds an artifact to a run; the last one of a path counts", "save"),
    answer: async ({ c, params, access }) => {
      const { run, path } = parsePlace(decodedPath(params.path));
      if (run === undefined) throw wrong("Versions of registered models never change");
      checkChanges(c, run);
      checkPath(params.path.endsWith("/") ? `${path}/` : path);
      const content = sentOnce(c);
      await context.changes.change(run, { files: [{ path, content }] }, access);
      return c.json({}, 200, FRESH);
    },
  });

  route(routes, "POST /api/2.0/mlflow-artifacts/mpu/:step/:path{[^]+}", {
    ...described(
      "ArtifactInParts",
      "Refuses an upload in parts: clients then send it whole",
      "save",
    ),
    answer: () => Promise.reject(unsupported(NO_PARTS)),
  });
}

/** Returns the body as a file that can be read once. */
function sentOnce({ request }: RouteContext) {
  const body = request.body ?? new Blob().stream();
  const length = request.headers.get("content-length");
  if (length === null) return body;
  let isSent = false;
  const stream = () => {
    const again = () =>
      iterableStream((async function* (): AsyncGenerator<Uint8Array> {
        yield await Promise.reject(wrong("The run changed meanwhile", "Send the artifact again."));
      })());
    if (isSent) return again();
    isSent = true;
    return body;
  };
  return { size: Number(length), stream };
}
