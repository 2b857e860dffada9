// The real `huggingface_hub`, `transformers` and `datasets` commit to `serve --hf`.
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { createToken, openTokenFile } from "../../../../apps/server.ts";
import { openRegistry } from "../../../../mod.ts";
import { tempRoot } from "../../../support/temp_root.ts";
import { pythonTest, startPythonHub } from "./python_hub.ts";

const NO_XET = { HF_HUB_DISABLE_XET: "1" };

const COMMITS = `
import os, pathlib
from huggingface_hub import CommitOperationAdd, CommitOperationCopy, CommitOperationDelete, HfApi
api = HfApi()
print(api.create_repo("team/bert", exist_ok=True))
one = api.upload_file(path_or_fileobj=b"# bert", path_in_repo="README.md", repo_id="team/bert")
print(one.oid == api.model_info("team/bert").sha, one.commit_url.endswith(one.oid))
folder = pathlib.Path(os.environ["HF_HOME"]) / "work"
(folder / "sub").mkdir(parents=True)
(folder / "a.json").write_text("{}")
(folder / "sub/weights.bin").write_bytes(bytes(range(256)) * 80_000)
two = api.upload_folder(folder_path=folder, repo_id="team/bert", commit_message="Weights")
print(api.list_repo_files("team/bert"))
copy = pathlib.Path(api.hf_hub_download("team/bert", "sub/weights.bin"))
print(copy.read_bytes() == (folder / "sub/weights.bin").read_bytes())
api.create_commit("team/bert", [
    CommitOperationDelete("a.json"), CommitOperationAdd("b.txt", b"b"),
    CommitOperationCopy("sub/weights.bin", "copy.bin"),
], commit_message="Move", parent_commit=two.oid)
print(api.list_repo_files("team/bert"), api.list_repo_files("team/bert", revision=two.oid))
again = api.upload_folder(folder_path=folder / "sub", path_in_repo="sub", repo_id="team/bert")
print([len(api.list_repo_commits("team/bert")), again.oid == api.model_info("team/bert").sha])
api.delete_folder("sub", "team/bert")
print(api.list_repo_files("team/bert"))
def attempt(action):
    try:
        action()
        print("it works")
    except Exception as error:
        print(type(error).__name__, getattr(error, "server_message", None) or str(error).splitlines()[0])
attempt(lambda: api.create_commit("team/bert", [CommitOperationAdd("c", b"c")], commit_message="x", parent_commit=two.oid))
attempt(lambda: api.delete_file("none.txt", "team/bert"))
attempt(lambda: api.upload_file(path_or_fileobj=b"", path_in_repo="x", repo_id="team/bert", revision="dev"))
`;

pythonTest("huggingface_hub commits versions", async () => {
  await using registry = await openRegistry("memory:");
  await using hub = await startPythonHub(registry);
  const { lines } = await hub.succeeds(COMMITS, NO_XET);
  assertEquals(lines.slice(0, 9), [
    `${hub.endpoint}/team/bert`,
    "True True",
    "['README.md', 'a.json', 'sub/weights.bin']",
    "True",
    "['README.md', 'b.txt', 'copy.bin', 'sub/weights.bin'] ['README.md', 'a.json', 'sub/weights.bin']",
    "[3, True]",
    "['README.md', 'b.txt', 'copy.bin']",
    ...lines.slice(7, 9),
  ]);
  assertMatch(lines[7]!, /not the latest version/);
  assertMatch(lines[8]!, /EntryNotFound/);
  assertMatch(lines[9]!, /no branches/);
  const versions = await Array.fromAsync(registry.versions("team/bert"));
  assertEquals(versions.map(({ version }) => version), ["4.0.0", "3.0.0", "2.0.0", "1.0.0"]);
  const { materializer, metadata } = await registry.info("team/bert@2.0.0");
  assertEquals([materializer.id, metadata], ["folder", { huggingface: { message: "Weights" } }]);
});

const PUSH = `
from transformers import BertConfig
config = BertConfig(hidden_size=32, num_attention_heads=2)
config.push_to_hub("team/tiny")
print(BertConfig.from_pretrained("team/tiny").hidden_size)
`;

const PUSH_DATASET = `
from datasets import Dataset, load_dataset
Dataset.from_dict({"cells": list(range(100))}).push_to_hub("team/cells")
print(load_dataset("team/cells")["train"].num_rows)
`;

pythonTest("push_to_hub saves models, with Xet installed, and datasets without", async () => {
  await using registry = await openRegistry("memory:");
  await using hub = await startPythonHub(registry);
  assertEquals((await hub.succeeds(PUSH)).lines, ["32"]);
  assertEquals((await hub.succeeds(PUSH_DATASET, NO_XET)).lines, ["100"]);
  assertEquals((await Array.fromAsync(registry.names())).sort(), [
    "datasets/team/cells",
    "team/tiny",
  ]);
});

const LARGE = `
from huggingface_hub import HfApi
HfApi().upload_file(path_or_fileobj=bytes(11_000_000), path_in_repo="w.bin", repo_id="team/bert")
`;

pythonTest("a large upload by Xet is refused with the variable to set", async () => {
  await using registry = await openRegistry("memory:");
  await using hub = await startPythonHub(registry);
  const { code, stderr } = await hub.run(LARGE);
  assert(code !== 0);
  assertStringIncludes(stderr, "HF_HUB_DISABLE_XET=1");
  await hub.succeeds(LARGE, NO_XET);
  assertEquals((await registry.info("team/bert")).size, 11_000_000);
});

/** Uploads a large file with each token, and prints a line: `saved`, or the error. */
const UPLOADS = `
from huggingface_hub import HfApi
def upload(uploads):
    for token, repo in uploads:
        try:
            HfApi(token=token).upload_file(path_or_fileobj=bytes(11_000_000), path_in_repo="w.bin", repo_id=repo)
            print("saved")
        except Exception as error:
            print(type(error).__name__, " ".join(str(error).split()))
`;

pythonTest("commits need a token that may write the name", async () => {
  await using registry = await openRegistry("memory:");
  await using root = await tempRoot();
  const file = root.join("tokens.json");
  const writer = await createToken(file, { scopes: ["read:team/*", "write:team/*"] });
  const reader = await createToken(file, { scopes: ["read:*"] });
  await using hub = await startPythonHub(registry, { tokens: await openTokenFile(file) });
  const uploads = [[writer, "team/bert"], [reader, "team/bert"], [writer, "other/x"]] as const;
  const given = JSON.stringify(uploads.map(([{ token }, repo]) => [token, repo]));
  const { lines } = await hub.succeeds(`${UPLOADS}upload(${given})`, NO_XET);
  assertEquals(lines[0], "saved");
  assertMatch(lines[1]!, /^GatedRepoError .*scope save:/);
  assertMatch(lines[2]!, /^\w+Error /);
  assertEquals((await Array.fromAsync(registry.versions("team/bert"))).length, 1);
});

const TWO = `
import sys, threading
from huggingface_hub import CommitOperationAdd, HfApi
def work(i):
    for j in range(5):
        HfApi().create_commit("team/bert", [CommitOperationAdd(f"{i}-{j}", b"x")], commit_message="x")
threads = [threading.Thread(target=work, args=[i]) for i in range(4)]
for thread in threads: thread.start()
for thread in threads: thread.join()
print(len(HfApi().list_repo_files("team/bert")))
`;

pythonTest("commits at the same time lose no file", async () => {
  await using registry = await openRegistry("memory:");
  await using hub = await startPythonHub(registry);
  assertEquals((await hub.succeeds(TWO, NO_XET)).lines, ["20"]);
  assertEquals((await Array.fromAsync(registry.versions("team/bert"))).length, 20);
});

const IGNORED = `
import os, pathlib
from huggingface_hub import CommitOperationAdd, HfApi
api = HfApi()
folder = pathlib.Path(os.environ["HF_HOME"]) / "work"
(folder / "logs").mkdir(parents=True)
for path, text in {".gitignore": ".env\\nlogs/\\n*.tmp\\n", ".env": "KEY=secret",
    "a.txt": "a", "b.tmp": "b", "logs/one": "1"}.items():
    (folder / path).write_text(text)
api.create_repo("team/kept")
print(list(api.list_repo_files("team/kept")), list(api.list_repo_tree("team/kept")))
api.upload_folder(folder_path=folder, repo_id="team/kept")
print(sorted(api.list_repo_files("team/kept")))
api.upload_file(path_or_fileobj=b"x", path_in_repo="c.tmp", repo_id="team/kept")
(folder / ".gitignore").unlink()
api.upload_folder(folder_path=folder, repo_id="team/kept", commit_message="Again")
print(sorted(api.list_repo_files("team/kept")))
for message in ["one", "two", "three"]:
    api.create_commit("team/kept", [CommitOperationAdd("same.txt", b"same")], commit_message=message)
print(len(api.list_repo_commits("team/kept")))
`;

pythonTest("an upload leaves out what .gitignore names, and equal commits are one", async () => {
  await using registry = await openRegistry("memory:");
  await using hub = await startPythonHub(registry);
  const kept = "['.gitignore', 'a.txt']";
  assertEquals((await hub.succeeds(IGNORED, NO_XET)).lines, ["[] []", kept, kept, "2"]);
});

const AT_ONCE = `
import concurrent.futures
from huggingface_hub import CommitOperationAdd, HfApi
api = HfApi()
content = bytes(11_000_000)
def push(number):
    repo = f"team/{number % 3}"
    api.create_commit(repo, [CommitOperationAdd(f"{number}.bin", content)], commit_message="x")
with concurrent.futures.ThreadPoolExecutor(6) as pool:
    list(pool.map(push, range(12)))
print([len(api.list_repo_files(f"team/{n}")) for n in range(3)])
`;

pythonTest("programs that push equal large files at once all succeed", async () => {
  await using registry = await openRegistry("memory:");
  await using hub = await startPythonHub(registry);
  assertEquals((await hub.succeeds(AT_ONCE, NO_XET)).lines, ["[4, 4, 4]"]);
});
