// All files of a version as one archive: what other programs unpack, and what breaks it.
import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { createMemoryBackend, openRegistry, type Registry } from "../../../../mod.ts";
import type { FileToSave } from "../../../../core/materializer.ts";
import type { Artifact, ArtifactFile } from "../../../../core/artifact.ts";
import { bytesStream } from "../../../../core/bytes/bytes.ts";
import { silentLogger } from "../../../../core/system.ts";
import { bytesFile } from "../../../../files/mod.ts";
import { tar, zip } from "../../../../formats/mod.ts";
import { publishRelease } from "../../../../mod.ts";
import { createAccess, parseScope } from "../../../../apps/server/access/access.ts";
import { findPython, runPython } from "../../../support/numpy.ts";
import { tempRoot } from "../../../support/temp_root.ts";
import { createCheckedHandler } from "../checked_handler.ts";
import { slowTest } from "../../../support/seeds.ts";

const run = promisify(execFile);
const python = await findPython("zipfile");

const bytesOf = (text: string) => new TextEncoder().encode(text);
const MODIFIED = "2021-03-04T05:06:08.000Z";

const FILES: FileToSave[] = [
  { path: "a b.txt", content: bytesOf("first") },
  { path: "empty", content: new Uint8Array() },
  { path: "sub/ünïcode — 文.txt", content: bytesOf("second"), modifiedAt: MODIFIED },
  { path: `sub/${"long".repeat(40)}`, content: bytesOf("third") },
  { path: "run.sh", content: bytesOf("#!/bin/sh\n"), mode: "executable" },
  { path: "sub/newest", content: bytesOf("../a b.txt"), mode: "link" },
  { path: "nothing", content: new Uint8Array(), mode: "folder" },
  { path: "large.bin", content: new Uint8Array(300_000).map((_, i) => i * i % 251) },
];

const saveFiles = (registry: Registry, name: string, files: readonly FileToSave[]) =>
  registry.save(name, undefined, {
    as: { id: "folder", formatVersion: 1, save: () => files, load: () => 0 },
  });

const urlOf = (name: string, query = "") =>
  `http://localhost/artifacts/${encodeURIComponent(name)}/versions/latest/archive${query}`;

/** Prints what a folder has: paths, kinds, modes, targets, seconds and digests, as JSON. */
const LIST = `
import hashlib, json, os, sys
found = {}
for folder, folders, files in os.walk(sys.argv[1]):
    for name in folders + files:
        path = os.path.join(folder, name)
        key = os.path.relpath(path, sys.argv[1])
        stat = os.lstat(path)
        if os.path.islink(path): found[key] = os.readlink(path)
        elif os.path.isdir(path): found[key] = "folder"
        else: found[key] = [bool(stat.st_mode & 0o100), int(stat.st_mtime), hashlib.sha256(open(path, "rb").read()).hexdigest()]
print(json.dumps(found))
`;

const UNPACK: Record<string, [format: string, unpack: (from: string, to: string) => unknown]> = {
  "Info-ZIP": ["zip", (from, to) => run("unzip", ["-q", from, "-d", to])],
  "GNU tar": ["tar", (from, to) => run("tar", ["-xf", from, "-C", to])],
  "Python's tarfile": [
    "tar",
    (from, to) =>
      runPython(python!, "import sys, tarfile\ntarfile.open(sys.argv[1]).extractall(sys.argv[2])", [
        from,
        to,
      ]),
  ],
};

for (const [program, [format, unpack]] of Object.entries(UNPACK)) {
  Deno.test({
    name: `${program} unpacks a version with its modes, links and times`,
    ignore: python === undefined,
    fn: async () => {
      await using root = await tempRoot();
      await using registry = await openRegistry("memory:");
      const { createdAt } = await saveFiles(registry, "all/of:it", FILES);
      await using handler = createCheckedHandler(registry);
      const answer = await handler(new Request(urlOf("all@@of:it", `?format=${format}`)));
      assertEquals(answer.status, 200);
      const disposition = answer.headers.get("content-disposition");
      assertEquals(disposition, `attachment; filename="all_of_it-1.0.0.${format}"`);
      const bytes = await answer.bytes();
      assertEquals(answer.headers.get("content-length"), `${bytes.byteLength}`);
      await Deno.writeFile(root.join("archive"), bytes);
      await Deno.mkdir(root.join("to"));
      await unpack(root.join("archive"), root.join("to"));

      const found = JSON.parse(await runPython(python!, LIST, [root.join("to")]));
      const { files } = await registry.info("all/of:it");
      const seconds = (date: string | Date) => Math.floor(new Date(date).getTime() / 1000);
      const expected = files.map(({ path, mode, sha256, modifiedAt = createdAt }) => {
        if (mode === "folder") return [path, "folder"];
        if (mode === "link") return [path, "../a b.txt"];
        return [path, [mode === "executable", seconds(modifiedAt), sha256]];
      });
      assertEquals(found, { ...Object.fromEntries(expected), sub: "folder" });
    },
  });
}

Deno.test({
  name: "Python's zipfile finds no fault, and reads a version of one value",
  ignore: python === undefined,
  fn: async () => {
    await using root = await tempRoot();
    await using registry = await openRegistry("memory:");
    await registry.save("value", { a: 1 });
    await saveFiles(registry, "files", FILES);
    await saveFiles(registry, "none", []);
    await using handler = createCheckedHandler(registry);
    const names = async (name: string) => {
      const answer = await handler(new Request(urlOf(name)));
      await Deno.writeFile(root.join(name), await answer.bytes());
      const source = "import json, sys, zipfile\nz = zipfile.ZipFile(sys.argv[1])\n" +
        "assert z.testzip() is None\nprint(json.dumps(z.namelist()))";
      return JSON.parse(await runPython(python!, source, [root.join(name)]));
    };
    assertEquals(await names("value"), ["data.json"]);
    assertEquals(
      await names("files"),
      (await registry.info("files")).files.map(({ path, mode }) =>
        mode === "folder" ? `${path}/` : path
      ),
    );
    assertEquals(await names("none"), []);
  },
});

slowTest("an archive of 10,000 files has each of them, and the promised size", async () => {
  await using registry = await openRegistry("memory:");
  const numbers = [...Array(10_000).keys()];
  await saveFiles(
    registry,
    "many",
    numbers.map((i) => ({ path: `${i % 100}/${i}.txt`, content: bytesOf(`${i}`) })),
  );
  await using handler = createCheckedHandler(registry);
  for (const format of [zip(), tar()]) {
    const answer = await handler(new Request(urlOf("many", `?format=${format.id}`)));
    const bytes = await answer.bytes();
    assertEquals(answer.headers.get("content-length"), `${bytes.byteLength}`, format.id);
    const entries = await format.decode(bytesFile("archive", bytes));
    assertEquals(entries.length, 10_000);
    for (const { path, bytes } of entries.slice(0, 100)) {
      assertEquals(`${new TextDecoder().decode(await bytes())}.txt`, path.replace(/.*\//, ""));
    }
  }
});

Deno.test("an archive has no ranges, and HEAD returns its size and reads no file", async () => {
  await using store = await openRegistry("memory:");
  await saveFiles(store, "files", FILES);
  const { registry, reads } = counted(store);
  await using handler = createCheckedHandler(registry);
  const head = await handler(new Request(urlOf("files"), { method: "HEAD" }));
  assertEquals([head.status, reads.begun, await head.text()], [200, 0, ""]);
  const headers = { range: "bytes=0-9" };
  const whole = await handler(new Request(urlOf("files"), { headers }));
  assertEquals(whole.status, 200);
  assertEquals(whole.headers.get("accept-ranges"), "none");
  const { byteLength } = await whole.bytes();
  assertEquals(head.headers.get("content-length"), `${byteLength}`);
});

Deno.test("an archive of another commit, name or format is refused", async () => {
  await using registry = await openRegistry("memory:");
  const { commit } = await registry.save("a", 1);
  await using handler = createCheckedHandler(registry);
  const ask = async (name: string, query: string) => {
    const answer = await handler(new Request(urlOf(name, query)));
    await answer.body?.cancel();
    return answer.status;
  };
  assertEquals(await ask("a", `?commit=${commit}`), 200);
  assertEquals(await ask("a", "?commit=00000000-0000-7000-8000-000000000000"), 409);
  assertEquals(await ask("a", "?format=rar"), 400);
  assertEquals(await ask("b", ""), 404);
});

Deno.test("a damaged file breaks the archive before its end", async () => {
  for (const size of [2000, 200_000, 3_000_000]) {
    const backend = createMemoryBackend();
    await using registry = await openRegistry(backend);
    const large = new Uint8Array(size).map((_, i) => Math.imul(i, 2_654_435_761) >>> 24);
    await saveFiles(registry, "files", [
      { path: "a", content: new Uint8Array(100_000).fill(7) },
      { path: "b", content: large },
    ]);
    const entries = await Array.fromAsync(backend.list("objects/"));
    for (const entry of entries) {
      const { key } = entry as { key: string };
      const bytes = (await (await backend.get(key))!.bytes()).slice();
      bytes[bytes.byteLength - 1]! ^= 1;
      await backend.put(key, bytes);
    }
    await using handler = createCheckedHandler(registry, { logger: silentLogger });
    for (const format of ["zip", "tar"]) {
      const answer = await handler(new Request(urlOf("files", `?format=${format}`)));
      if (answer.status === 500) { // all of it was one read
        assertEquals((await answer.json()).code, "Corrupt");
        continue;
      }
      await assertRejects(() => answer.bytes(), Error, "", `${format} ${size}`);
    }
  }
});

/** Counts the reads of files that have begun, and those that have not ended. */
function counted(store: Registry) {
  const reads = { begun: 0, open: 0 };
  const countedFile = (file: ArtifactFile): ArtifactFile => ({
    info: file.info,
    bytes: () => file.bytes(),
    text: () => file.text(),
    json: () => file.json(),
    stream(range, options) {
      reads.begun++;
      reads.open++;
      let isOpen = true;
      const end = () => {
        if (isOpen) reads.open--;
        isOpen = false;
      };
      const reader = file.stream(range, options).getReader();
      return new ReadableStream<Uint8Array>({
        async pull(controller) {
          const { done, value } = await reader.read();
          if (!done) return controller.enqueue(value);
          end();
          controller.close();
        },
        async cancel(reason) {
          end();
          await reader.cancel(reason);
        },
      }, { highWaterMark: 0 });
    },
  });
  const registry: Registry = {
    ...store,
    settings: store.settings,
    open: async (...given) => {
      const artifact = await store.open(...given);
      return {
        info: artifact.info,
        file: (path) => countedFile(artifact.file(path)),
        files: () => artifact.files().map(countedFile),
      };
    },
  };
  return { registry, reads };
}

Deno.test("a client that leaves ends the read of the file, and no other begins", async () => {
  await using store = await openRegistry("memory:");
  const content = new Uint8Array(4_000_000);
  await saveFiles(store, "files", ["a", "b", "c"].map((path) => ({ path, content })));
  const { registry, reads } = counted(store);
  await using handler = createCheckedHandler(registry);
  for (const format of ["zip", "tar"]) {
    Object.assign(reads, { begun: 0, open: 0 });
    const answer = await handler(new Request(urlOf("files", `?format=${format}`)));
    const reader = answer.body!.getReader();
    await reader.read();
    assertEquals(reads, { begun: 1, open: 1 });
    await reader.cancel();
    assertEquals(reads, { begun: 1, open: 0 });
  }
});

Deno.test("paths and links that would leave the archive are refused before its first byte", async () => {
  await using store = await openRegistry("memory:");
  await store.save("files", 1);
  const { info } = await store.open("files");
  const hostile: [path: string, content: string, mode?: "link"][][] = [
    [["../up", "x"]],
    [["/etc/passwd", "x"]],
    [["a/../../up", "x"]],
    [["C:/up", "x"]],
    [["a\\..\\up", "x"]],
    [["a", "../../etc", "link"]],
    [["a", "/etc", "link"]],
    [["a", "b", "link"], ["a/passwd", "x"]],
    [["a", "x"], ["a/b", "y"]],
  ];
  for (const files of hostile) {
    const all = files.map(([path, content, mode]): ArtifactFile => ({
      info: { path, size: content.length, sha256: "0".repeat(64), mode },
      stream: () => bytesStream(bytesOf(content)),
      bytes: () => Promise.resolve(bytesOf(content)),
      text: () => Promise.resolve(content),
      json: () => Promise.resolve(content),
    }));
    const artifact: Artifact = {
      info: { ...info, files: all.map(({ info }) => info) },
      files: () => all,
      file: (path) => all.find(({ info }) => info.path === path)!,
    };
    const registry: Registry = {
      ...store,
      settings: store.settings,
      open: () => Promise.resolve(artifact),
    };
    await using handler = createCheckedHandler(registry);
    const answer = await handler(new Request(urlOf("files")));
    const { detail } = await answer.json();
    assertEquals(answer.status, 422, JSON.stringify(files));
    assertStringIncludes(detail, "Cannot archive");
  }
});

Deno.test("an archive of a release needs the right to read its members", async () => {
  await using registry = await openRegistry("memory:");
  await registry.save("secret", 1);
  await publishRelease(registry, "serving", { model: "secret@1.0.0" });
  const find = (authorization: string | null) =>
    Promise.resolve(
      createAccess("id", authorization!.replace("Bearer ", "").split(",").map(parseScope)),
    );
  await using handler = createCheckedHandler(registry, { tokens: { find } });
  const ask = async (scopes: string) => {
    const headers = { authorization: `Bearer ${scopes}` };
    const answer = await handler(new Request(urlOf("serving"), { headers }));
    await answer.body?.cancel();
    return answer.status;
  };
  assertEquals(await ask("read:serving"), 403);
  assertEquals(await ask("read:other"), 403);
  assertEquals(await ask("read:serving,read:secret"), 200);
});

Deno.test("an archive holds a small part of a large version in memory", async () => {
  await using registry = await openRegistry("memory:");
  const content = new Uint8Array(4_000_000);
  await saveFiles(registry, "files", [{ path: "a", content }, { path: "b", content }]);
  await using handler = createCheckedHandler(registry);
  for (const format of ["zip", "tar"]) {
    const answer = await handler(new Request(urlOf("files", `?format=${format}`)));
    for await (const chunk of answer.body!) assert(chunk.byteLength <= 1_200_000, `${format}`);
  }
});
