// Runs and artifacts for the judge of gateways, made by requests of W&B, and their ids.
import { assertEquals } from "@std/assert";
import { createHash } from "node:crypto";
import { createApp } from "../../../apps/server/app.ts";
import { artifactId } from "../../../extensions/gateways/wandb/artifacts/store.ts";
import { createWandbGateways } from "../../../extensions/gateways/wandb/wandb_gateway.ts";
import { idOf, inPath, runId } from "../../../extensions/gateways/wandb/names.ts";
import type { Registry } from "../../../mod.ts";
import type { TestGatewayOptions } from "../../conformance/gateways.ts";

const RUN = "one", ENDED = "ended", CLIENT = "c", CONTENT = "content";
const MD5 = createHash("md5").update(CONTENT).digest();

/** Returns the variables of a project. */
export function projectOf(name: string) {
  const [entity = "", project = ""] = name.split(":");
  return { entity, project, entityName: entity, projectName: project };
}

/** Returns what the schemas of W&B do not have. A name of the judge is a project with a run and an artifact. */
export function wandbFacts(): TestGatewayOptions {
  return {
    async seed(registry) {
      for (const name of ["team:model", "other:model"]) await seedProject(registry, name);
    },
    values({ name }, { path, method, scope }) {
      const artifact = `${name}/a`, isChange = scope === "save" && !path.endsWith("UseArtifact");
      const place = isChange ? { draft: DRAFT } : { version: "1.0.0" };
      const id = artifactId({ name: artifact, ...place });
      const isOfRun = path.includes("/runs/");
      const run = method === "GET" ? ENDED : RUN;
      const byId = path.includes("graphql");
      const inUrl = isOfRun ? inPath(runId({ name, id: run })) : inPath(id);
      return {
        ...projectOf(name),
        ...(path.endsWith("UpsertBucket") ? {} : { id: byId ? id : inUrl }),
        name: path.includes("ProjectArtifact")
          ? "a"
          : /Artifact(Membership|By|Type)/.test(path)
          ? "a:latest"
          : RUN,
        ...(path.endsWith("StopRun") && { id: runId({ name, id: RUN }) }),
        ...(path.endsWith("CollectionAliases") && { id: idOf("Collection", artifact) }),
        artifactName: "a:latest",
        artifactType: "model",
        type: "model",
        run: RUN,
        runId: RUN,
        runName: RUN,
        collection: "a",
        alias: "latest",
        artifactCollectionName: "a",
        artifactTypeName: "model",
        artifactID: id,
        artifact_id: id,
        artifactManifestID: idOf("Manifest", id, "PATCH"),
        kind: "patch",
        clientID: "new",
        digest: "d2",
        filters: path.includes("Artifact") ? "{}" : '{"state":"running"}',
        order: path.includes("Artifact") ? "-createdAt" : "-created_at",
        spec: '{"keys":["m"]}',
        specs: '{"keys":["m"]}',
        pattern: "",
        md5: path.includes("graphql") ? MD5.toString("base64") : MD5.toString("hex"),
        path: "file.txt",
        ...(method === "PUT" && path.includes("/files/:md5") && { $body: CONTENT }),
      };
    },
    subjects: [],
  };
}

/** The artifact of a draft that is ready for its commit. */
const DRAFT = createHash("sha256").update(CLIENT).digest("hex").slice(0, 32);

async function seedProject(registry: Registry, name: string): Promise<void> {
  const text = name.startsWith("team:") ? "shown" : "hidden", its = projectOf(name);
  const [gateway] = createWandbGateways();
  await using app = createApp(registry, { gateways: [gateway!] });
  const send = async (method: string, path: string, body: string) => {
    const headers = { "content-type": "application/json" };
    const answer = await app(new Request(`http://127.0.0.1${path}`, { method, body, headers }));
    const answered = await answer.json();
    assertEquals([answer.status, answered.errors], [200, undefined], JSON.stringify(answered));
    return answered.data;
  };
  const ask = (name: string, variables: unknown) =>
    send("POST", `/graphql/${name}`, JSON.stringify(variables));
  const config = JSON.stringify({ k: { value: `${text}-metadata` } });
  await ask("UpsertBucket", { ...its, name: RUN, config });
  await send(
    "POST",
    `/files/${its.entity}/${its.project}/${RUN}/file_stream`,
    JSON.stringify({
      files: {
        "wandb-history.jsonl": { offset: 0, content: [`{"_step":0,"m":"${text}-content"}`] },
      },
    }),
  );
  const { upsertBucket: { bucket } } = await ask("UpsertBucket", { ...its, name: ENDED });
  await send("PUT", `/wandb/runs/${inPath(bucket.id)}/files/file.txt`, `${text}-content`);
  const end = JSON.stringify({ complete: true, exitcode: 0 });
  await send("POST", `/files/${its.entity}/${its.project}/${ENDED}/file_stream`, end);
  for (const clientID of ["before", CLIENT]) {
    const input = {
      ...its,
      artifactCollectionName: "a",
      artifactTypeName: "model",
      clientID,
      digest: clientID,
      description: `${text}-metadata`,
    };
    const { createArtifact: { artifact } } = await ask("CreateArtifact", input);
    const at = `/wandb/artifacts/${inPath(artifact.id)}`;
    const content = clientID === CLIENT ? CONTENT : `${text}-content`;
    const md5 = createHash("md5").update(content).digest();
    await send("PUT", `${at}/files/${md5.toString("hex")}/file.txt`, content);
    const digest = md5.toString("base64");
    await send("PUT", `${at}/manifest`, JSON.stringify({ contents: { "file.txt": { digest } } }));
    if (clientID !== CLIENT) await ask("CommitArtifact", { artifactID: artifact.id });
  }
}
