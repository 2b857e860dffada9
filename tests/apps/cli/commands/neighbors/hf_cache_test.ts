// `holdfast import hf` of repositories in the cache of the Hugging Face libraries.
import { assert, assertEquals } from "@std/assert";
import { createHash } from "node:crypto";
import { cliTest, noise } from "../../../captured_io.ts";

const BIG = noise(300_000);

/** Writes a repository as the cache of the Hugging Face libraries has it. */
async function writeCache(folder: string, refs: Record<string, string>, commits: string[]) {
  await Deno.mkdir(`${folder}/blobs`, { recursive: true });
  await Deno.mkdir(`${folder}/refs`);
  for (const [name, commit] of Object.entries(refs)) {
    await Deno.writeTextFile(`${folder}/refs/${name}`, commit);
  }
  for (const [i, commit] of commits.entries()) {
    const files = { "config.json": "{}", "onnx/model.onnx": BIG, "README.md": `# ${i}\n` };
    for (const [path, content] of Object.entries(files)) {
      const key = createHash("sha256").update(content).digest("hex");
      await Deno.writeFile(
        `${folder}/blobs/${key}`,
        typeof content === "string" ? new TextEncoder().encode(content) : content,
      );
      const up = path.includes("/") ? "../../.." : "../..";
      await Deno.mkdir(`${folder}/snapshots/${commit}/onnx`, { recursive: true });
      await Deno.symlink(`${up}/blobs/${key}`, `${folder}/snapshots/${commit}/${path}`);
    }
  }
}

const [OLD, NEW] = ["a".repeat(40), "b".repeat(40)];

cliTest("a repository of the cache becomes versions with the content of its links", async (it) => {
  const folder = it.root.join("hub/models--team--bert");
  await writeCache(folder, { main: NEW, v1: OLD }, [OLD, NEW]);
  await it.succeeds("init");
  const path = "hub/models--team--bert";
  const out = await it.succeeds(`import hf ${path} --revision v1 --revision main --json`);
  const [first, second] = out.trim().split("\n").map((line) => JSON.parse(line));
  assertEquals([first.name, first.revision, first.commit], ["team/bert", "v1", OLD]);
  assertEquals([second.version, second.commit], ["2.0.0", NEW]);
  assert(second.addedBytes < 10_000, `${second.addedBytes}`);
  assertEquals(await it.succeeds("cat team/bert@1.0.0 README.md"), "# 0\n");
  const { files, metadata } = await it.json("info team/bert --json");
  assertEquals(files.filter(({ mode }: { mode?: string }) => mode !== undefined), []);
  assertEquals(metadata.huggingface, {
    ...{ cache: true, repo: "team/bert", type: "model", revision: "main", commit: NEW },
  });
  await it.tells(`import hf ${path}/snapshots/${OLD}`, "Kept team/bert@1.0.0");

  await it.fails(`import hf ${path} --revision v9`, 3, `--revision`);
  await it.fails(`import hf ${path} --revision ../blobs`, 3);
  await it.fails("import hf hub", 2, "models--team--bert");
});

cliTest("a cache that has more files than at its import is imported again", async (it) => {
  const path = "hub/models--team--bert";
  const folder = it.root.join(path);
  await writeCache(folder, { main: NEW }, [NEW]);
  await it.succeeds("init");
  const model = `${folder}/snapshots/${NEW}/onnx/model.onnx`;
  const target = await Deno.readLink(model);
  await Deno.remove(model);
  await it.tells(`import hf ${path}`, "Saved team/bert@1.0.0");
  await it.tells(`import hf ${path}`, "Kept team/bert@1.0.0");
  await Deno.symlink(target, model);
  await it.tells(`import hf ${path} --include *.json`, "Saved team/bert@2.0.0");
  await it.tells(`import hf ${path}`, "Saved team/bert@3.0.0");
  await it.tells(`import hf ${path}`, "Kept team/bert@3.0.0");
});

cliTest("a damaged or missing blob of the cache is not imported", async (it) => {
  const path = "hub/models--team--bert";
  const folder = it.root.join(path);
  await writeCache(folder, { main: NEW }, [NEW]);
  await it.succeeds("init");
  const link = `${folder}/snapshots/${NEW}/README.md`;
  const blob = await Deno.realPath(link);
  await Deno.writeTextFile(blob, "# x\n");
  await it.fails(`import hf ${path}`, 5, "its content does not match its digest");
  await Deno.remove(blob);
  await it.fails(`import hf ${path}`, 5, "its content is missing");
  await it.tells(`import hf ${path} --exclude *.md`, "Saved team/bert@1.0.0");
  // As the public hub names small files.
  const git = createHash("sha1").update("blob 4\0# 1\n").digest("hex");
  await Deno.remove(link);
  await Deno.writeTextFile(`${folder}/blobs/${git}`, "# 0\n");
  await Deno.symlink(`../../blobs/${git}`, link);
  await it.fails(`import hf ${path}`, 5, "its content does not match its digest");
  await Deno.writeTextFile(`${folder}/blobs/${git}`, "# 1\n");
  await it.tells(`import hf ${path}`, "Saved team/bert@2.0.0");
});

cliTest("a link that leaves a repository of the cache is not followed", async (it) => {
  const folder = it.root.join("hub/models--team--bert");
  await writeCache(folder, { main: NEW }, [NEW]);
  await it.succeeds("init");
  await Deno.writeTextFile(it.root.join("private.key"), "secret");
  for (const path of [`snapshots/${NEW}/README.md`, "blobs/more"]) {
    await Deno.remove(`${folder}/${path}`).catch(() => {});
    await Deno.symlink(it.root.join("private.key"), `${folder}/${path}`);
    await it.fails("import hf hub/models--team--bert", 6, "outside of the repository");
    await it.fails(`import hf hub/models--team--bert/snapshots/${NEW}`, 6, "outside");
    await Deno.remove(`${folder}/${path}`);
  }
  await Deno.rename(`${folder}/snapshots/${NEW}`, it.root.join("elsewhere"));
  await Deno.symlink(it.root.join("elsewhere"), `${folder}/snapshots/${NEW}`);
  await it.fails("import hf hub/models--team--bert", 6, "outside of the repository");
  await Deno.remove(`${folder}/snapshots/${NEW}`);
  await Deno.rename(it.root.join("elsewhere"), `${folder}/snapshots/${NEW}`);
  await it.succeeds("import hf hub/models--team--bert");
});
