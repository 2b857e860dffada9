// Operations on runs, and what clients ask of a server.
import { giveWay } from "../../../core/kernel.ts";
import type { RouteContext, Routes } from "../../../apps/gateways.ts";
import { checkWrites, publicUrl } from "../../../apps/server/extending.ts";
import type { RunKey } from "../../runs/mlflow/ids.ts";
import { DEFAULT_ENTITY, nameOfProject, projectJson } from "./names.ts";
import { idOf, inPath, parseRun, runId, runKey, urlPath } from "./names.ts";
import { operation, uploadHeaders } from "./operations.ts";
import { tagsIn } from "./facts.ts";
import { valuesIn } from "./points.ts";
import { isOwnKey, numbersIn } from "../../runs/wandb/values.ts";
import { isStopped, type KnownRun, stateOf } from "./known_run.ts";
import type { WandbRuns } from "./run_store.ts";
import { list, maybe, MOST, name, needed, ofProject, ofProjectName, optional } from "./schemas.ts";

/** Characters of the id of a program. */
const MOST_WRITER = 64;

export function runOperations(routes: Routes, runs: WandbRuns): void {
  serverOperations(routes);

  operation(routes, ["UpsertBucket", "save"], {
    id: optional(MOST.id),
    name: maybe,
    ...ofProject,
    groupName: maybe,
    displayName: maybe,
    display_name: maybe, // by which `Api` edits
    notes: optional(MOST.path),
    config: optional(MOST.json),
    summaryMetrics: optional(MOST.json),
    jobType: maybe,
    sweep: maybe,
    commit: maybe,
    tags: list(100, name),
  }, async (c, { id, name, display_name: displayName, ...given }) => {
    const facts = { ...given, displayName: given.displayName ?? displayName };
    const own = name ?? runs.context.system.id().slice(-8), { access } = c.info;
    const key = id === undefined ? runKey(nameOfProject(facts), own) : parseRun(id);
    changing(c, key);
    const isEdit = id !== undefined && name === undefined;
    const inserted = await runs.upsert(key, facts, { access, writer: writerOf(c), isEdit });
    const known = await runs.known(await runs.find(key, access));
    // Clients that sync a folder again send all lines: those that are stored are recognized.
    const bucket = { ...runJson(key, known), project: projectJson(key.name), historyLineCount: 0 };
    return { upsertBucket: { bucket, inserted } };
  });

  operation(routes, ["RunResumeStatus", "save"], { ...ofProject, name }, async (c, given) => {
    const key = runKey(nameOfProject(given), given.name);
    const { access } = c.info;
    access.check("save", key.name);
    const known = await runs.known(await runs.resumed(key, access));
    const bucket = known === undefined ? null : runJson(key, known);
    return { model: { ...projectJson(key.name), bucket } };
  });

  operation(routes, ["RunStoppedStatus", "save"], { ...ofProjectName, runId: name }, async (
    { info: { access } },
    given,
  ) => {
    const key = runKey(nameOfProject(given), given.runId);
    access.check("save", key.name);
    return { project: { run: { stopped: isStopped(await runs.find(key, access)) } } };
  });

  operation(routes, ["StopRun", "save"], { id: needed(MOST.id) }, async (c, { id }) => {
    const key = parseRun(id);
    changing(c, key);
    return { stopRun: { success: await runs.stop(key, c.info.access) } };
  });

  const sent = { entity: maybe, run: name, files: list(MOST.files, needed(MOST.path)) };
  type Sent = { entity?: string; project?: string; run: string; files?: string[] };
  /** Returns where a client sends files of a run, with its own token. */
  const filesOf = async (c: RouteContext, { run, files: names = [], ...of }: Sent) => {
    const key = runKey(nameOfProject(of), run), runID = runId(key);
    c.info.access.check("save", key.name);
    const at = `${publicUrl(c, `/wandb/runs/${inPath(runID)}/files/`)}`, files = [];
    for (const name of names) {
      await giveWay();
      files.push({ name, uploadUrl: at + urlPath(name) });
    }
    return { runID, uploadHeaders: uploadHeaders(c), files };
  };

  operation(routes, ["CreateRunFiles", "save"], { ...sent, project: maybe }, async (c, given) => ({
    createRunFiles: await filesOf(c, given),
  }));

  // Earlier clients ask this for a run that they sync.
  operation(routes, ["RunUploadUrls", "save"], { ...sent, name: maybe }, async (c, given) => {
    const { files, runID: id, uploadHeaders } = await filesOf(c, { ...given, project: given.name });
    const edges = files.map(({ name, uploadUrl: url }) => ({ node: { name, url } }));
    return { model: { bucket: { id, files: { uploadHeaders, edges } } } };
  });
}

/** Checks and notes the change of a run. */
export function changing(c: RouteContext, { name, id }: RunKey): void {
  checkWrites(c, "save", name);
  c.info.subject = { ...c.info.subject, run: id };
}

/** Returns the program that logs to a run with others, of which one ends it; undefined for others. */
export function writerOf({ request: { headers } }: Pick<RouteContext, "request">) {
  if (headers.get("x-wandb-use-async-filestream") !== "true") return undefined;
  const id = headers.get("x-wandb-async-client-id") ?? headers.get("x-wandb-client-id");
  return (id || "shared").slice(0, MOST_WRITER);
}

/** The JSON of a run. Clients take the id of its project for a number. */
export function runJson(key: RunKey, known: KnownRun | undefined) {
  const { last = {}, startedMs = 0 } = known ?? {};
  const { username, ...facts } = tagsIn(known?.tags ?? new Map(), key);
  const tail = { _step: last.step ?? -1, _runtime: last._time ?? 0 };
  return {
    __typename: "Run",
    id: runId(key),
    name: key.id,
    projectId: "1",
    description: null,
    ...facts,
    user: { name: username, username },
    state: stateOf(known ?? { status: "RUNNING", tags: new Map() }),
    createdAt: new Date(startedMs).toISOString(),
    heartbeatAt: null,
    readOnly: false,
    systemMetrics: "{}",
    historyKeys: { lastStep: tail._step, sets: [], keys: keysOf(known) },
    config: known?.config ?? "{}",
    summaryMetrics: known?.summary ?? "{}",
    historyLineCount: known?.history ?? 0,
    eventsLineCount: known?.system ?? 0,
    logLineCount: known?.console ?? 0,
    historyTail: JSON.stringify(last.step === undefined ? [] : [JSON.stringify(tail)]),
    eventsTail: JSON.stringify([JSON.stringify(tail)]),
    wandbConfig: '{"t":1}',
  };
}

/** Returns the values that a run has logged last, by name. */
function keysOf({ summary = "", history = 0 }: Partial<KnownRun> = {}): Record<string, unknown> {
  const keys: Record<string, unknown> = {};
  for (const [key, previousValue] of numbersIn(Object.entries(valuesIn(summary)), [], new Map())) {
    const typeCounts = [{ type: "number", count: history }];
    if (!isOwnKey(key)) keys[key] = { typeCounts, monotonic: false, previousValue };
  }
  return keys;
}

function serverOperations(routes: Routes): void {
  const answers = (names: string | string[], data: unknown) =>
    operation(routes, [names, "read"], {}, () => data);
  // Without features, clients use the oldest forms.
  const cliVersionInfo = { max_cli_version: "99.0.0" };
  const serverInfo = { cliVersionInfo, latestLocalVersionInfo: null, features: [] };

  operation(
    routes,
    [["Viewer", "GetViewer", "GetDefaultEntity"], "read"],
    {},
    ({ info: { access } }) => {
      const username = access.author?.name ?? "me";
      const teams = [{ node: { id: idOf("Entity", DEFAULT_ENTITY), name: DEFAULT_ENTITY } }];
      return {
        serverInfo,
        viewer: {
          __typename: "User",
          id: idOf("User", username),
          entity: DEFAULT_ENTITY,
          username,
          name: username,
          email: "",
          admin: false,
          flags: "{}",
          deletedAt: null,
          apiKeys: { edges: [] },
          teams: { edges: teams },
        },
      };
    },
  );
  answers("MarkRunFilesUploaded", { markRunFilesUploaded: { success: true } });
  answers("Project", { project: null }); // by which `wandb verify` sends a large request
  answers(["ServerFeaturesQuery", "ServerInfo"], { serverInfo });
  answers("OrganizationCoreWeaveOrganizationID", {
    entity: { organization: { coreWeaveOrganizationId: null } },
  });
  // Earlier clients ask which members types have.
  const types = "Query Mutation ServerInfo ServerSettings UseArtifactInputInfo Project Run".split(
    " ",
  );
  const probes = "Capabilities Settings UseArtifactInput".split(" ").map((what) => `Server${what}`);
  answers(
    [...probes, "ProjectInput", "RunInput"].map((what) => `Probe${what}`),
    Object.fromEntries(types.map((type) => [`${type}Type`, { fields: [], inputFields: [] }])),
  );
}
