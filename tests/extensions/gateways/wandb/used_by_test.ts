// Runs that have used an artifact.
import { assertEquals, assertMatch } from "@std/assert";
import { createMemoryBackend } from "../../../../backends/memory.ts";
import { withHooks } from "../../../registry/with_hooks.ts";
import { END, open } from "./open_wandb.ts";

Deno.test("an artifact has the runs of its entity that used it, as far as a token may read", async () => {
  let reads = 0;
  const backend = withHooks(createMemoryBackend(), { before: () => void reads++ });
  await using service = await open(backend);
  const by = "read:*,save:*,move:*";
  const input = {
    entityName: "team",
    projectName: "data",
    artifactCollectionName: "set",
    artifactTypeName: "dataset",
    digest: "d",
    clientID: "c",
  };
  const { data } = await service.ask("CreateArtifact", { input }, by);
  const { id } = data.createArtifact.artifact;
  const at = `/wandb/artifacts/${id.replaceAll("+", "-").replaceAll("/", "_")}/manifest`;
  await service.send(at, JSON.stringify({ contents: {} }), { method: "PUT", by });
  await service.ask("CommitArtifact", { artifactID: id }, by);

  const run = async (entity: string, project: string, name: string, uses = true) => {
    await service.ask("UpsertBucket", { entity, project, name }, by);
    const used = { artifactID: id, entityName: entity, projectName: project, runName: name };
    if (uses) await service.ask("UseArtifact", { input: used }, by);
    const line = { _step: 0, _timestamp: 1, _runtime: 1, loss: 1 };
    const files = { "wandb-history.jsonl": { offset: 0, content: [JSON.stringify(line)] } };
    const path = `/files/${entity}/${project}/${name}/file_stream`;
    return (more: object = {}) => service.send(path, JSON.stringify({ files, ...more }), { by });
  };
  const end = await run("team", "data", "own");
  const endFar = await run("team", "far", "two");
  await (await run("team", "far", "idle", false))(END);
  await (await run("team", "hidden", "three"))(END);
  await (await run("default", "far", "other"))(END);

  const usedBy = async (scopes = by) => {
    const { data } = await service.ask("ArtifactUsedBy", { id }, scopes);
    return data.artifact.usedBy.edges
      .map(({ node }: { node: { name: string; project: { name: string } } }) =>
        `${node.project.name}/${node.name}`
      ).sort();
  };
  assertEquals(await usedBy(), ["data/own", "far/two", "hidden/three"]); // two of them go on
  await end(END);
  await endFar(END);
  assertEquals(await usedBy(), ["data/own", "far/two", "hidden/three"]);
  assertEquals(await usedBy("read:team:far,read:team:data/set"), ["far/two"]);

  reads = 0;
  await usedBy();
  const few = reads;
  for (let at = 0; at < 10; at++) await (await run("team", "far", `idle-${at}`, false))(END);
  await usedBy();
  reads = 0;
  await usedBy();
  assertEquals(reads, few); // those that are known to have ended cost none
});

Deno.test("a run that has ended uses an artifact in its next version, once", async () => {
  await using service = await open();
  const by = "read:*,save:*";
  const input = {
    projectName: "digits",
    artifactCollectionName: "set",
    artifactTypeName: "dataset",
    digest: "d",
    clientID: "c",
  };
  const { data } = await service.ask("CreateArtifact", { input });
  const { id } = data.createArtifact.artifact;
  const at = `/wandb/artifacts/${id.replaceAll("+", "-").replaceAll("/", "_")}/manifest`;
  await service.send(at, JSON.stringify({ contents: {} }), { method: "PUT" });
  await service.ask("CommitArtifact", { artifactID: id });
  await service.begin();
  await service.lines(0, [0], END);
  const used = { artifactID: id, projectName: "digits", runName: "abc" };
  const all = await Promise.all([1, 2].map(() => service.ask("UseArtifact", { input: used }, by)));
  assertEquals(all.map(({ errors }) => errors), [undefined, undefined]);
  const { version, inputs } = await service.registry.info("digits");
  assertEquals([version, inputs.length], ["2.0.0", 1]);

  const other = { ...input, artifactTypeName: "model", clientID: "d", digest: "e" };
  const { errors } = await service.ask("CreateArtifact", { input: other });
  const state = "already exists with type 'dataset'; cannot create another with type 'model'";
  assertEquals(errors[0].message, `Artifact set ${state}`);
  const none = { ...other, artifactCollectionName: undefined };
  assertMatch((await service.ask("CreateArtifact", { input: none })).errors[0].message, /resume/);
});
