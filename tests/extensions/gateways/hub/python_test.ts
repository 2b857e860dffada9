// The real `huggingface_hub`, `datasets` and `transformers` against `serve --hf`.
import { assert, assertEquals } from "@std/assert";
import { createToken, openTokenFile } from "../../../../apps/server.ts";
import { realSystem } from "../../../../core/system.ts";
import { localPath, openRegistry, type Registry } from "../../../../mod.ts";
import { kindsOfShare, serverTest } from "../../../support/servers/mod.ts";
import { tempRoot } from "../../../support/temp_root.ts";
import { noise, succeeds } from "../../../apps/captured_io.ts";
import { python, pythonTest, startPythonHub } from "./python_hub.ts";

/** A program that downloads a snapshot so many times, and prints its files each time. */
const snapshots = (times: number) => `
import os
from huggingface_hub import snapshot_download
for _ in range(${times}):
    path = snapshot_download("team/bert")
    for folder, _, files in sorted(os.walk(path)):
        for file in sorted(files):
            full = os.path.join(folder, file)
            print(os.path.relpath(full, path), os.path.getsize(full))
`;
const SNAPSHOT = snapshots(1);

const FILES: Record<string, string | Uint8Array> = {
  "README.md": "# bert\n",
  "config.json": JSON.stringify({ model_type: "bert", hidden_size: 32, num_attention_heads: 2 }),
  "onnx/model.onnx": noise(3_000_000),
};

const SIZES = ["README.md 7", "config.json 62", "onnx/model.onnx 3000000"];

async function saveFolder(
  registry: Registry,
  name: string,
  files: Record<string, string | Uint8Array>,
): Promise<string> {
  await using root = await tempRoot();
  for (const [path, content] of Object.entries(files)) {
    const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
    await Deno.mkdir(root.join("folder", path, ".."), { recursive: true });
    await Deno.writeFile(root.join("folder", path), bytes);
  }
  return (await registry.save(name, localPath(root.join("folder")))).version;
}

/** Returns the kinds of requests with their count, as in `{ HEAD: 3 }`. */
function counted(requests: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const request of requests) {
    const key = request.split(" ")[0]!;
    counts[key] = (counts[key] ?? 0) + 1;
  }
  return counts;
}

async function testSnapshots(registry: Registry): Promise<void> {
  await saveFolder(registry, "team/bert", FILES);
  await using hub = await startPythonHub(registry);
  const { lines, requests } = await hub.succeeds(snapshots(2));
  assertEquals(lines, [...SIZES, ...SIZES]);
  const [cold, cached] = [requests.slice(0, -1), requests.slice(-1)];
  assertEquals(counted(cold), { GET: 5, HEAD: 3 }); // revision, tree, three files
  assertEquals(cached, ["GET /api/models/team/bert/revision/main"]);

  // A new version: only what changed is downloaded.
  await saveFolder(registry, "team/bert", { ...FILES, "README.md": "# bert 2\n" });
  const changed = await hub.succeeds(SNAPSHOT);
  assertEquals(changed.lines, ["README.md 9", ...SIZES.slice(1)]);
  const files = changed.requests.filter((request) => /^GET .*\/resolve\//.test(request));
  assertEquals(files.length, 1);
  assert(files[0]!.endsWith("/README.md"));

  const offline = await hub.succeeds(SNAPSHOT, { HF_HUB_OFFLINE: "1" });
  assertEquals([offline.lines, offline.requests], [changed.lines, []]);
}

/** A program that loads three data sets so many times, and prints a column each time. */
const datasets = (times: number) => `
from datasets import load_dataset
for name in ["csv", "json", "parquet"] * ${times}:
    for split, rows in load_dataset("team/" + name).items():
        print(name, split, [row["cells"] for row in rows])
`;

const MAKE_PARQUET = `
import sys, pyarrow, pyarrow.parquet
pyarrow.parquet.write_table(pyarrow.table({"well": ["A01", "A02"], "cells": [1, 2]}), sys.argv[1])
`;

const ROWS = ["csv train [1, 2]", "csv test [3]", "json train [1, 2]", "parquet train [1, 2]"];

async function testDatasets(registry: Registry): Promise<void> {
  await using hub = await startPythonHub(registry);
  const table = hub.root.join("train.parquet");
  await hub.succeeds(MAKE_PARQUET.replace("sys.argv[1]", JSON.stringify(table)));
  const lines = '{"well": "A01", "cells": 1}\n{"well": "A02", "cells": 2}\n';
  await saveFolder(registry, "datasets/team/csv", {
    "train.csv": "well,cells\nA01,1\nA02,2\n",
    "test.csv": "well,cells\nA03,3\n",
  });
  await saveFolder(registry, "team/json", { "data/train-00000-of-00001.jsonl": lines });
  await saveFolder(registry, "team:parquet", { "train.parquet": await Deno.readFile(table) });
  const { lines: loaded, requests } = await hub.succeeds(datasets(2));
  assertEquals(loaded, [...ROWS, ...ROWS]);
  assertEquals(ranges(requests), ["", "", "", ""]); // each file once
  const offline = await hub.succeeds(datasets(1), { HF_HUB_OFFLINE: "1" });
  assertEquals([offline.lines.sort(), offline.requests], [[...ROWS].sort(), []]);
}

pythonTest("snapshot_download over a folder: cold, cached, changed, offline", async () => {
  await using root = await tempRoot();
  await using registry = await openRegistry(root.join("registry"));
  await testSnapshots(registry);
});

/** In CI the packages read a folder one day, a bucket the next. */
const places = kindsOfShare("datasets", ["folder", "bucket"]);

if (places.includes("folder")) {
  pythonTest("load_dataset over a folder: csv, json and parquet, again, offline", async () => {
    await using root = await tempRoot();
    await using registry = await openRegistry(root.join("registry"));
    await testDatasets(registry);
  });
}

if (python !== undefined && places.includes("bucket")) {
  serverTest("huggingface_hub and datasets over a bucket", "minio", async (server) => {
    const { endpoint, bucket, accessKey, secretKey } = server;
    const stem = `MINIO_${bucket.toUpperCase()}`;
    const env: Record<string, string> = {
      [`${stem}_ENDPOINT`]: endpoint,
      [`${stem}_ACCESS_KEY`]: accessKey,
      [`${stem}_SECRET_KEY`]: secretKey,
    };
    const system = { ...realSystem, env: (name: string) => env[name] };
    const url = `minio://${bucket}/${realSystem.id()}`;
    await using registry = await openRegistry(url, { system, cache: false, create: true });
    await testSnapshots(registry);
    await testDatasets(registry);
  });
}

const DOWNLOAD = `
import hashlib
from huggingface_hub import hf_hub_download
path = hf_hub_download("team/bert", "onnx/model.onnx")
print(hashlib.sha256(open(path, "rb").read()).hexdigest())
`;

const isFile = ({ method, url }: { method: string; url: string }) =>
  method === "GET" && url.includes("/resolve/");

/** Returns the ranges of the requests for the content of a file, `""` for all of it. */
const ranges = (requests: readonly string[]) =>
  requests.filter((request) => request.startsWith("GET ") && request.includes("/resolve/"))
    .map((request) => request.split(" ").slice(2).join(" "));

pythonTest("a download whose connection breaks continues where it was", async () => {
  await using registry = await openRegistry("memory:");
  await saveFolder(registry, "team/bert", { "onnx/model.onnx": noise(13_000_000) });
  const { sha256 } = (await registry.open("team/bert")).file("onnx/model.onnx").info;
  await using hub = await startPythonHub(registry);
  let requested = 0;
  hub.proxy.plan((request) =>
    isFile(request) && requested++ === 0 ? { fault: "cut", afterBytes: 12_000_000 } : undefined
  );
  const { lines, requests } = await hub.succeeds(DOWNLOAD);
  assertEquals(lines, [sha256]);
  // It writes pieces of 10 MiB.
  assertEquals(ranges(requests), ["", "bytes=10485760-"]);
});

pythonTest(
  "a snapshot whose program failed continues with the files that are missing",
  async () => {
    await using registry = await openRegistry("memory:");
    await saveFolder(registry, "team/bert", FILES);
    await using hub = await startPythonHub(registry);
    hub.proxy.plan((request) =>
      isFile(request) && request.url.endsWith(".onnx")
        ? { fault: "answer", status: 500 }
        : undefined
    );
    assertEquals((await hub.run(SNAPSHOT)).code, 1);
    hub.proxy.plan(undefined);
    const { lines, requests } = await hub.succeeds(SNAPSHOT);
    assertEquals(lines, SIZES);
    assertEquals(ranges(requests), [""]);
  },
);

/** Asks for each of some files without a token, and with each token. */
const ERRORS = `
import os
from huggingface_hub import hf_hub_download, HfApi
for token in [None, *os.environ["TOKENS"].split()]:
    if token:
        os.environ["HF_TOKEN"] = token
    for repo, file, revision in [
        ("team/bert", "README.md", "main"), ("team/bert", "none", "main"), ("team/bert", "README.md", "9"),
        ("team/none", "README.md", "main"), ("other/secret", "README.md", "main"),
    ]:
        try:
            hf_hub_download(repo, file, revision=revision)
            print("ok")
        except Exception as error:
            print(type(error).__name__)
    try:
        print(HfApi().whoami()["type"])
    except Exception as error:
        print(type(error).__name__)
`;

pythonTest(
  "a private repository needs a token with the right, and errors have their classes",
  async () => {
    await using root = await tempRoot();
    await using registry = await openRegistry("memory:");
    await saveFolder(registry, "team/bert", FILES);
    await saveFolder(registry, "other/secret", FILES);
    const file = root.join("tokens.json");
    const { token } = await createToken(file, { scopes: ["read:team/*"] });
    await using hub = await startPythonHub(registry, { tokens: await openTokenFile(file) });
    const { lines } = await hub.succeeds(ERRORS, { TOKENS: `${token}x ${token}` });
    assertEquals(lines.slice(0, 6), [
      ...Array(5).fill("RepositoryNotFoundError"),
      "LocalTokenNotFoundError",
    ]);
    assertEquals(lines.slice(6, 12), Array(6).fill("HfHubHTTPError")); // of a wrong token
    assertEquals(lines.slice(12), [
      "ok",
      "RemoteEntryNotFoundError",
      "RevisionNotFoundError",
      "RepositoryNotFoundError",
      "GatedRepoError",
      "user",
    ]);
  },
);

/** The files of a tokenizer that splits at spaces, as `save_pretrained` writes them, but shorter. */
const TOKENIZER = {
  "tokenizer.json": JSON.stringify({
    version: "1.0",
    truncation: null,
    padding: null,
    added_tokens: [],
    normalizer: null,
    pre_tokenizer: { type: "Whitespace" },
    post_processor: null,
    decoder: null,
    model: {
      type: "WordLevel",
      vocab: { "[UNK]": 0, hello: 1, world: 2 },
      unk_token: "[UNK]",
    },
  }),
  "tokenizer_config.json": JSON.stringify({
    backend: "tokenizers",
    tokenizer_class: "TokenizersBackend",
    unk_token: "[UNK]",
  }),
};

const TRANSFORMERS = `
from transformers import AutoConfig, AutoTokenizer
print(type(AutoConfig.from_pretrained("team/bert")).__name__)
print(AutoTokenizer.from_pretrained("team/words", revision="production")("hello big world")["input_ids"])
`;

pythonTest("transformers loads a configuration and a tokenizer", async () => {
  await using registry = await openRegistry("memory:");
  await saveFolder(registry, "team/bert", FILES);
  await using hub = await startPythonHub(registry);
  await saveFolder(registry, "team/words", TOKENIZER);
  await registry.setAlias("team/words", "production", "1.0.0");
  const { lines } = await hub.succeeds(TRANSFORMERS);
  assertEquals(lines, ["BertConfig", "[1, 0, 2]"]);
});

pythonTest("save stores a snapshot that huggingface_hub downloaded", async () => {
  await using registry = await openRegistry("memory:");
  await saveFolder(registry, "team/bert", FILES);
  await using hub = await startPythonHub(registry);
  await hub.succeeds(SNAPSHOT);
  const cwd = hub.root.path;
  const snapshots = "hf/hub/models--team--bert/snapshots";
  const [{ name: commit }] = Deno.readDirSync(hub.root.join(snapshots));
  await succeeds("init", { cwd });
  await succeeds(`save team/bert ${snapshots}/${commit} --links follow`, { cwd });
  const info = JSON.parse(await succeeds("info team/bert --json", { cwd }));
  assertEquals(info.digest, (await registry.info("team/bert")).digest);
});

const RANGES = `
from huggingface_hub import HfFileSystem
import pandas
with HfFileSystem().open("team/packed/rows.csv", "rb", block_size=1000) as file:
    file.seek(500_000)
    print(file.read(9), file.size)
print(len(pandas.read_csv("hf://team/packed/rows.csv")))
`;

pythonTest("HfFileSystem reads ranges of compressed files", async () => {
  await using registry = await openRegistry("memory:");
  await using root = await tempRoot();
  const rows = Array.from({ length: 100_000 }, (_, n) => `${n}`.padStart(8, "0"));
  await Deno.mkdir(root.join("packed"));
  await Deno.writeTextFile(root.join("packed/rows.csv"), ["cells___", ...rows, ""].join("\n"));
  await registry.save("team/packed", localPath(root.join("packed")), { compress: "zstd" });
  await using hub = await startPythonHub(registry);
  const { lines } = await hub.succeeds(RANGES);
  assertEquals(lines, ["b'554\\n00055' 900009", "100000"]);
});
