// The Hub while `main` and aliases come to mean another version.
import { assertEquals, assertMatch } from "@std/assert";
import { type Hub, hubTest, movedFrom, saveFiles } from "./ask_hub.ts";

const FILES = { "README.md": "# 1\n", "in/a b.txt": "one" };

async function shaOf(hub: Hub, repo: string, revision = "main"): Promise<string> {
  return (await hub.json(`/api/${repo}/revision/${revision}`)).sha;
}

hubTest("HEAD, and the first range of a file, lead to the commit of a revision", async (hub) => {
  const { registry, ask } = hub;
  for (const name of ["team/raw", "resolve/raw", "plain", "datasets/team/d", "datasets/raw"]) {
    await saveFiles(registry, name, FILES);
    await registry.setAlias(name, "live", "1.0.0");
    const [, isDataset, id = ""] = /^(datasets\/)?(.*)$/.exec(name)!;
    const sha = await shaOf(hub, `${isDataset ?? "models/"}${id}`);
    for (const revision of ["main", "HEAD", "live", "1.0.0", "%5E1", "1"]) {
      for (const way of ["resolve", "raw"]) {
        const path = `/${name}/${way}/${revision}/in/a%20b.txt?download=true`;
        const location = `/${name}/${way}/${sha}/in/a%20b.txt`; // the route reads no query
        for (const init of [{ method: "HEAD" }, { headers: { range: "bytes=0-0" } }]) {
          const first = await ask(path, init);
          assertEquals([first.status, movedFrom(path, first)], [307, location]);
          assertEquals(first.headers.get("x-repo-commit"), sha);
          assertEquals(first.headers.get("x-linked-size"), "3");
          assertEquals(first.headers.get("cache-control"), "no-cache");
        }
        const head = await ask(location, { method: "HEAD" });
        assertEquals([head.status, head.headers.get("content-length")], [200, "3"]);
        assertEquals(head.headers.get("x-repo-commit"), sha);
        const whole = await ask(path);
        assertEquals([whole.status, await whole.text()], [200, "one"]);
      }
    }
    await saveFiles(registry, name, { ...FILES, "in/a b.txt": "two" });
    const old = await ask(`/${name}/resolve/${sha}/in/a%20b.txt`);
    assertEquals(await old.text(), "one");
  }
});

hubTest("a version with build metadata has a commit that leads to it", async (hub) => {
  await hub.registry.save("team/a", "x", { version: "1.0.0+build" });
  const path = "/team/a/resolve/main/text.txt";
  const answer = await hub.ask(movedFrom(path, await hub.ask(path, { method: "HEAD" })));
  assertEquals([answer.status, await answer.text()], [200, "x"]);
});

hubTest("a service below a path of its proxy redirects below that path", async (hub) => {
  await saveFiles(hub.registry, "team/a", FILES);
  const path = "/team/a/resolve/main/in/a%20b.txt";
  const below = (headers: HeadersInit) => hub.ask(path, { method: "HEAD", headers });
  const sha = await shaOf(hub, "models/team/a");
  const wanted = `/models/team/a/resolve/${sha}/in/a%20b.txt`;
  assertEquals(movedFrom(`/models${path}`, await below({})), wanted);
  const answer = await below({ "user-agent": "unknown/None; hf_hub/2.4.0; python/3.11" });
  assertEquals(movedFrom(`/models${path}`, answer), wanted);
  // Older ones take the path of a location from the root.
  const older = await below({ "user-agent": "unknown/None; hf_hub/1.2.0; python/3.11" });
  assertEquals(older.headers.get("location"), wanted.replace("/models", ""));
});

hubTest("a missing file is missing, also at HEAD", async ({ registry, ask }) => {
  await saveFiles(registry, "team/a", FILES);
  for (const way of ["resolve", "raw"]) {
    const answer = await ask(`/team/a/${way}/main/none`, { method: "HEAD" });
    assertEquals([answer.status, answer.headers.get("x-error-code")], [404, "EntryNotFound"]);
    assertMatch(answer.headers.get("x-repo-commit")!, /^[0-9a-f]{40}$/);
  }
});

hubTest("all pages of a tree are of one version", async (hub) => {
  const { registry, ask, json } = hub;
  await saveFiles(registry, "team/a", { a: "1", b: "1", c: "1" });
  const first = await ask("/api/models/team/a/tree/main?limit=1&recursive=true");
  await first.body?.cancel();
  await saveFiles(registry, "team/a", { a: "2" });
  const paths = [];
  let link = first.headers.get("link");
  while (link !== null) {
    const next = await ask(/<http:\/\/localhost(.*)>/.exec(link)![1]!);
    paths.push(...(await next.json()).map(({ path }: { path: string }) => path));
    link = next.headers.get("link");
  }
  assertEquals(paths, ["b", "c"]);
  assertEquals((await json("/api/models/team/a/tree/main")).length, 1);
});

const file = (path: string, text: string) => ({
  path,
  content: btoa(text),
  encoding: "base64",
});
const json = (body: unknown) => ({
  method: "POST",
  headers: { "content-type": "application/json" },
  body: JSON.stringify(body),
});

hubTest("the files and the license of a new repository are its first commit", async (hub) => {
  const { registry, ask } = hub;
  const create = async (body: Record<string, unknown>) => {
    const answer = await ask("/api/repos/create", json({ name: "m", organization: "t", ...body }));
    await answer.body?.cancel();
    return answer.status;
  };
  const read = async (path: string) => await (await ask(path)).text();
  assertEquals(await create({ files: [file("a.txt", "hi"), file("in/b", "")] }), 200);
  assertEquals(await read("/t/m/resolve/main/a.txt"), "hi");
  assertEquals((await registry.info("t/m")).files.map(({ path }) => path), ["a.txt", "in/b"]);
  assertEquals(await create({ files: [file("a.txt", "other")] }), 409);
  assertEquals(await create({ license: "mit" }), 409);
  assertEquals(await create({}), 200, "clients create a repository that exists");
  assertEquals((await registry.info("t/m")).version, "1.0.0");

  assertEquals(await create({ name: "d", type: "dataset", license: "mit" }), 200);
  assertEquals(await read("/datasets/t/d/resolve/main/README.md"), '---\nlicense: "mit"\n---\n');
  const card = file("README.md", "# mine");
  assertEquals(await create({ name: "o", license: "mit", files: [card] }), 200);
  assertEquals(await read("/t/o/resolve/main/README.md"), "# mine");
  assertEquals(await create({ name: "bad", files: [file("../x", "x")] }), 400);
  assertEquals(await registry.has("t/bad"), false);
});

hubTest("a commit takes content of an older version by its SHA-256", async (hub) => {
  const { registry, ask } = hub;
  await saveFiles(registry, "t/m", { a: "first", b: "same" });
  const { sha256: oid } = (await registry.open("t/m")).file("a").info;
  await saveFiles(registry, "t/m", { b: "same" });
  await saveFiles(registry, "t/other", { a: "secret" });
  const { sha256: foreign } = (await registry.open("t/other")).file("a").info;
  const commit = async (...oids: string[]) => {
    const lines = [
      { key: "header", value: { summary: "copy" } },
      ...oids.map((oid, at) => ({
        key: "lfsFile",
        value: { path: `copy/${at}`, algo: "sha256", oid },
      })),
    ];
    const body = lines.map((line) => JSON.stringify(line)).join("\n");
    const answer = await ask("/api/models/t/m/commit/main", { method: "POST", body });
    await answer.body?.cancel();
    return answer.status;
  };
  assertEquals(await commit(foreign), 409, "it is of another repository");
  assertEquals(await commit(oid, oid), 200);
  const artifact = await registry.open("t/m");
  assertEquals(artifact.files().map(({ info }) => info.path), ["b", "copy/0", "copy/1"]);
  assertEquals(await artifact.file("copy/1").text(), "first");
});
