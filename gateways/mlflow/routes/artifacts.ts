// Requests about artifacts, whose bytes pass through the service and are never whole in memory.
import type { Artifact } from "../../../mod.ts";
import { isRegistryError, iterableStream } from "../../../core/kernel.ts";
import { answerVersionFile, route, type RouteContext } from "../../../apps/server/extending.ts";
import type { Routes } from "../../../apps/server/extending.ts";
import { type ArtifactPlace, checkPath, listFolder, parsePlace, shownFiles } from "../artifacts.ts";
import { readQuery } from "../body.ts";
import { checkChanges, described, FRESH, type MlflowContext } from "../context.ts";
import { noSuch, unsupported, wrong } from "../errors.ts";
import { artifactRoot } from "../../../runs/mlflow/stored_run.ts";
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

export function artifactRoutes(routes: Routes, context: MlflowContext): void {
  listRoutes(routes, context);
  fileRoutes(routes, context);
}

/** Opens what has artifacts; with a path, at least that one. */
async function openPlace(
  { info: { access } }: RouteContext,
  { runs, registry }: MlflowContext,
  place: ArtifactPlace,
  path?: string,
): Promise<Artifact> {
  if (place.run !== undefined) {
    access.check("read", place.run.name);
    return await runs.openArtifacts(place.run, path);
  }
  const { name, version } = place;
  access.check("read", name);
  try {
    return shownFiles(await registry.open(name, { version }));
  } catch (error) {
    if (!isRegistryError(error, "NotFound", "Invalid")) throw error;
    throw noSuch(`Model Version (name=${name}, version=${version}) not found`);
  }
}

function listRoutes(routes: Routes, context: MlflowContext): void {
  const list = async (c: RouteContext, place: ArtifactPlace) => {
    if (place.path.split("/").includes("..")) throw wrong("Invalid path");
    const artifact = await openPlace(c, context, place);
    return listFolder(artifact.files().map(({ info }) => info), place.path);
  };

  route(routes, `GET ${PROXY}`, {
    ...described("ListArtifacts", "Lists a folder of artifacts by their last names", "read"),
    readsMany: true,
    answer: async ({ c }) => {
      const place = parsePlace(readQuery(c).get("path") ?? "");
      const files = (await list(c, place)).map(({ path, ...entry }) => ({
        path: path.slice(path.lastIndexOf("/") + 1),
        ...entry,
      }));
      return c.json({ files }, 200, FRESH);
    },
  });

  route(routes, "GET /api/2.0/mlflow/artifacts/list", {
    ...described("ListRunArtifacts", "Lists a folder of artifacts of a run", "read"),
    readsMany: true,
    answer: async ({ c }) => {
      const query = readQuery(c);
      const run = askedRun(query.get("run_id") ?? query.get("run_uuid") ?? "");
      const files = await list(c, { run, path: query.get("path") ?? "" });
      return c.json({ root_uri: artifactRoot(run), files }, 200, FRESH);
    },
  });
}

function fileRoutes(routes: Routes, context: MlflowContext): void {
  route(routes, `GET ${PROXY}/:path{[^]+}`, {
    ...readsFile,
    answer: async ({ c }) => {
      const place = parsePlace(pathIn(c));
      const artifact = await openPlace(c, context, place, place.path);
      const file = artifact.files().find(({ info }) => info.path === place.path);
      if (file === undefined) throw noSuch(`No such artifact: '${place.path.slice(0, 500)}'`);
      const answered = { artifact, file, fixed: false, exact: true, headers: FRESH };
      return await answerVersionFile(c, context, { ...answered, disposition: "attachment" });
    },
  });

  route(routes, `PUT ${PROXY}/:path{[^]+}`, {
    ...described("PutArtifact", "Adds an artifact to a run; the last one of a path counts", "save"),
    answer: async ({ c }) => {
      const { run, path } = parsePlace(pathIn(c));
      if (run === undefined) throw wrong("Versions of registered models never change");
      checkChanges(c, run);
      checkPath(path);
      const content = sentOnce(c);
      await context.changes.change(run, { files: [{ path, content }] }, c.info.access);
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

function pathIn({ params }: RouteContext): string {
  return params.path ?? "";
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
