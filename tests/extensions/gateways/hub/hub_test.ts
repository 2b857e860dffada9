// The routes of the Hugging Face Hub. Each answer is checked against the OpenAPI document.
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { createHash } from "node:crypto";
import { createAccess, parseScope } from "../../../../apps/server/access/access.ts";
import { createHandler, createToken, openTokenFile } from "../../../../apps/server.ts";
import { localPath, openRegistry } from "../../../../mod.ts";
import { tempRoot } from "../../../support/temp_root.ts";
import { createScriptedSystem } from "../../../support/scripted_system.ts";
import { createCheckedHandler } from "../../../apps/server/checked_handler.ts";
import { HOST, hubTest, movedFrom, saveFiles } from "./ask_hub.ts";
import { slowTest } from "../../../support/seeds.ts";
import { hub as hubGateway } from "../../../../extensions/gateways/hub/hub.ts";

const FILES = { "README.md": "# bert\n", "onnx/model.onnx": "0123456789", "onnx/a/b.txt": "b" };
const FORM = { "content-type": "application/x-www-form-urlencoded" };

hubTest("a version is a revision: by number, range, alias, `main` and its commit", async (hub) => {
  const { registry, ask, json } = hub;
  const first = await saveFiles(registry, "team/bert", FILES);
  await saveFiles(registry, "team/bert", { ...FILES, "README.md": "# bert 2\n" });
  await registry.setAlias("team/bert", "production", "1.0.0");
  const { sha } = await json("/api/models/team/bert/revision/production");
  assertMatch(sha, /^[0-9a-f]{40}$/);
  assertEquals(sha.slice(0, 32), first.commit.replaceAll("-", ""));
  const read = async (revision: string) => {
    const response = await ask(`/team/bert/resolve/${revision}/README.md`);
    return [await response.text(), response.headers.get("x-repo-commit") === sha];
  };
  for (const revision of ["1.0.0", "^1", "production", sha]) {
    assertEquals(await read(revision), ["# bert\n", true], revision);
  }
  assertEquals(await read("main"), ["# bert 2\n", false]);
  const refs = await json("/api/models/team/bert/refs");
  assertEquals(refs.branches.map(({ name }: { name: string }) => name), ["main"]);
  const tags = refs.tags.map((tag: { name: string; targetCommit: string }) =>
    `${tag.name} ${tag.targetCommit === sha}`
  );
  assertEquals(tags, ["2.0.0 false", "1.0.0 true", "production true"]);
});

hubTest("a commit is found by all its digits, and not after a deletion", async (hub) => {
  const { registry, json, fails } = hub;
  await saveFiles(registry, "team/bert", FILES);
  await saveFiles(registry, "team/bert", FILES);
  const { sha } = await json("/api/models/team/bert/revision/1.0.0");
  const other = `${sha.slice(0, 31)}${sha[31] === "0" ? "1" : "0"}${sha.slice(32)}`;
  assertEquals(await fails(`/api/models/team/bert/revision/${other}`), [404, "RevisionNotFound"]);
  await registry.delete("team/bert@1.0.0");
  await using fresh = createHandler(registry, { gateways: [hubGateway] });
  const response = await fresh(new Request(`${HOST}/api/models/team/bert/revision/${sha}`));
  assertEquals(response.headers.get("x-error-code"), "RevisionNotFound");
  await response.body?.cancel();
});

hubTest("links and empty folders are left out", async (hub) => {
  const { registry, json, fails } = hub;
  await using root = await tempRoot();
  await Deno.mkdir(root.join("f/empty"), { recursive: true });
  await Deno.writeTextFile(root.join("f/a.txt"), "a");
  await Deno.symlink("a.txt", root.join("f/link.txt"));
  await registry.save("team/bert", localPath(root.join("f")));
  const tree = await json("/api/models/team/bert/tree/main?recursive=true");
  assertEquals(tree.map(({ path }: { path: string }) => path), ["a.txt"]);
  for (const path of ["link.txt", "empty"]) {
    assertEquals(await fails(`/team/bert/resolve/main/${path}`), [404, "EntryNotFound"]);
  }
});

hubTest(
  "an id finds org/repo, org:repo and a bare name; a dataset first its prefix",
  async (hub) => {
    const { registry, json, fails } = hub;
    await registry.save("my:config", "colon");
    await registry.save("report", "bare");
    await registry.save("team/trips", "plain");
    await registry.save("datasets/team/trips", "a dataset");
    await registry.save("team:trips", "never");
    const size = async (path: string) => (await json(`/api/${path}`)).usedStorage;
    assertEquals(await size("models/my/config"), 5);
    assertEquals(await size("models/report"), 4);
    assertEquals(await size("models/team/trips"), 5);
    assertEquals(await size("datasets/team/trips"), 9);
    assertEquals(await size("datasets/my/config"), 5);
    assertEquals(await size("datasets/report/revision/main"), 4);
    assertEquals(await fails("/api/models/team/missing"), [404, "RepoNotFound"]);
    assertEquals(await fails("/api/models/team/a%40b"), [404, "RepoNotFound"]);
  },
);

hubTest("a tree has files and folders, a page at a time", async (hub) => {
  const { registry, ask, json, fails } = hub;
  await saveFiles(registry, "team/bert", FILES);
  const paths = (entries: { path: string }[]) => entries.map(({ path }) => path);
  const tree = "/api/models/team/bert/tree/main";
  const all = ["README.md", "onnx", "onnx/a", "onnx/a/b.txt", "onnx/model.onnx"];
  assertEquals(paths(await json(`${tree}?recursive=True`)), all);
  assertEquals(paths(await json(tree)), ["README.md", "onnx"]);
  assertEquals(paths(await json(`${tree}/onnx%2Fa`)), ["onnx/a/b.txt"]);
  assertEquals(await fails(`${tree}/none`), [404, "EntryNotFound"]);
  assertEquals(await fails(`${tree}/README.md`), [404, "EntryNotFound"]);
  const [file] = await json(`${tree}?expand=true`);
  assertEquals([file.type, file.size, file.lfs.size], ["file", 7, 7]);
  assertEquals(file.lastCommit.title, "Version 1.0.0");

  const seen: string[] = [];
  let next: string | undefined = `${tree}?recursive=true&limit=2`;
  let pages = 0;
  while (next !== undefined) {
    const response: Response = await ask(next);
    seen.push(...paths(await response.json()));
    const link = /^<http:\/\/localhost(.*)>; rel="next"$/.exec(response.headers.get("link") ?? "");
    next = link?.[1];
    pages++;
  }
  assertEquals([seen, pages], [all, 3]);
});

hubTest("whole URLs are those of the proxy, below its path", async ({ registry, ask, json }) => {
  await saveFiles(registry, "team/bert", FILES);
  const forwarded = (prefix: string) => ({
    "x-forwarded-proto": "https",
    "x-forwarded-prefix": prefix,
  });
  const sent = async (path: string, type: string, prefix: string, ...lines: unknown[]) => {
    const headers = { ...forwarded(prefix), "content-type": type };
    const body = lines.map((line) => JSON.stringify(line)).join("\n");
    return await json(path, { method: "POST", headers, body });
  };
  const linkOf = async (prefix: string) => {
    const path = "/api/models/team/bert/tree/main?limit=1";
    const { headers } = await ask(path, { headers: forwarded(prefix) });
    return /^<(.*)\/team\/bert\/tree\//.exec(headers.get("link")!)![1];
  };
  const at = "https://localhost/ml/models";
  for (const prefix of ["/ml/models", "/ml/models/"]) {
    assertEquals(await linkOf(prefix), `${at}/api/models`);
    const asked = { operation: "upload", objects: [{ oid: "0".repeat(64), size: 5 }] };
    const lfs = "application/vnd.git-lfs+json";
    const { objects: [{ actions }] } = await sent(
      "/team/new.git/info/lfs/objects/batch",
      lfs,
      prefix,
      asked,
    );
    assertMatch(actions.upload.href, new RegExp(`^${at}/uploads/[^/]+$`));
    const commit = "/api/models/team/bert/commit/main";
    const lines = [
      { key: "header", value: { summary: "s" } },
      { key: "file", value: { path: "a", encoding: "base64", content: "YQ==" } },
    ];
    const { commitUrl } = await sent(commit, "application/x-ndjson", prefix, ...lines);
    assertMatch(commitUrl, new RegExp(`^${at}/team/bert/commit/`));
    const repo = { name: `empty${prefix.length}`, organization: "team" };
    const { url } = await sent("/api/repos/create", "application/json", prefix, repo);
    assertEquals(url, `${at}/team/${repo.name}`);
  }
  for (const prefix of ["", "/", "//evil.example", "/a, /b", "evil.example"]) {
    assertEquals(await linkOf(prefix), "https://localhost/api/models", prefix);
  }
});

hubTest("paths-info takes a form and JSON, and leaves out what is missing", async (hub) => {
  const { registry, json, fails } = hub;
  await saveFiles(registry, "team/bert", FILES);
  const path = "/api/models/team/bert/paths-info/main";
  const body = "paths=README.md&paths=onnx%2F&paths=none&expand=False";
  const found = await json(path, { method: "POST", headers: FORM, body });
  assertEquals(found.map((entry: { path: string }) => entry.path), ["README.md", "onnx"]);
  const headers = { "content-type": "application/json" };
  const asJson = (value: unknown) => ({ method: "POST", headers, body: JSON.stringify(value) });
  assertEquals((await json(path, asJson({ paths: ["README.md"] }))).length, 1);
  for (const wrong of [{ paths: [1] }, {}, null]) {
    assertEquals(await fails(path, asJson(wrong)), [400, null]);
  }
  assertEquals(await fails(path, { method: "POST", headers: FORM, body: "a=b" }), [400, null]);
});

hubTest(
  "a file has its size, its SHA-256 as ETag, ranges, and a name for what is missing",
  async (hub) => {
    const { registry, ask } = hub;
    await saveFiles(registry, "team/bert", FILES);
    const url = "/team/bert/resolve/main/onnx/model.onnx";
    const first = await ask(url, { method: "HEAD" });
    assertEquals(first.status, 307);
    const head = await ask(movedFrom(url, first), { method: "HEAD" });
    const { sha256 } = (await registry.open("team/bert")).file("onnx/model.onnx").info;
    for (const name of ["etag", "x-linked-etag"]) {
      assertEquals(
        head.headers.get(name),
        `"${sha256}"`,
      );
    }
    for (const name of ["content-length", "x-linked-size"]) {
      assertEquals(head.headers.get(name), "10");
    }
    const part = await ask(url, { headers: { range: "bytes=4-" } });
    assertEquals([part.status, await part.text()], [206, "456789"]);
    const same = await ask(url, { headers: { "if-none-match": `"${sha256}"` } });
    assertEquals(same.status, 304);
    const none = await ask("/team/bert/resolve/main/none");
    assertEquals([none.status, none.headers.get("x-error-code")], [404, "EntryNotFound"]);
    assertEquals(none.headers.get("x-repo-commit"), head.headers.get("x-repo-commit"));
    assertStringIncludes(none.headers.get("x-error-message")!, 'Cannot read "none"');
    await none.body?.cancel();
  },
);

hubTest("commits and repositories are listed in pages", async (hub) => {
  const { registry, ask, json } = hub;
  for (let i = 0; i < 3; i++) await registry.save("team/bert", i);
  await registry.save("datasets/team/trips", 1);
  await registry.save("Zug/fährt", 1); // no client can ask for it
  const titles = (commits: { title: string }[]) => commits.map(({ title }) => title);
  const commits = "/api/models/team/bert/commits";
  assertEquals(titles(await json(`${commits}/2.0.0`)), ["Version 2.0.0", "Version 1.0.0"]);
  const page = await ask(`${commits}/main?limit=2`);
  assertEquals(titles(await page.json()), ["Version 3.0.0", "Version 2.0.0"]);
  const [, next = ""] = /<http:\/\/localhost(.*)>/.exec(page.headers.get("link")!)!;
  assertEquals(titles(await json(next)), ["Version 1.0.0"]);

  const ids = async (path: string) =>
    (await json(path)).map(({ id }: { id: string }) => id) as string[];
  assertEquals(await ids("/api/datasets"), ["team/trips"]);
  assertEquals(await ids("/api/models"), ["team/bert"]);
  assertEquals(await ids("/api/models?author=other"), []);
  assertEquals(await ids("/api/models?search=BER&author=team"), ["team/bert"]);
});

Deno.test("without the option there is no hub", async () => {
  await using registry = await openRegistry("memory:");
  await registry.save("team/bert", 1);
  await using handler = createCheckedHandler(registry);
  const response = await handler(new Request(`${HOST}/api/models/team/bert`));
  assertEquals(response.status, 404);
  await response.body?.cancel();
});

Deno.test("tokens, their scopes and the rate limit apply to the hub", async () => {
  await using root = await tempRoot();
  await using registry = await openRegistry("memory:");
  await saveFiles(registry, "team/bert", FILES);
  await saveFiles(registry, "other/secret", FILES);
  const file = root.join("tokens.json");
  const { token } = await createToken(file, { scopes: ["read:team/*"] });
  const writer = await createToken(file, { scopes: ["write:*"] });
  const tokens = await openTokenFile(file);
  await using handler = createCheckedHandler(registry, { gateways: [hubGateway], tokens });
  const outcome = async (path: string, bearer?: string) => {
    const headers = bearer === undefined ? undefined : { authorization: `Bearer ${bearer}` };
    const response = await handler(new Request(`${HOST}${path}`, { headers }));
    await response.body?.cancel();
    return [response.status, response.headers.get("x-error-code")];
  };
  const url = "/team/bert/resolve/main/README.md";
  assertEquals(await outcome(url), [401, "RepoNotFound"]);
  assertEquals(await outcome(url, token), [200, null]);
  assertEquals(await outcome(url, `${token}x`), [401, null]);
  assertEquals(await outcome(url, writer.token), [403, "GatedRepo"]);
  // A token learns nothing about names that it may not read.
  for (const id of ["other/secret", "other/none"]) {
    assertEquals(await outcome(`/${id}/resolve/main/README.md`, token), [403, "GatedRepo"]);
    assertEquals(await outcome(`/api/models/${id}/refs`, token), [403, "GatedRepo"]);
  }
  assertEquals(await outcome("/api/models/team/none", token), [404, "RepoNotFound"]);
  const list = await handler(
    new Request(`${HOST}/api/models`, { headers: { authorization: `Bearer ${token}` } }),
  );
  assertEquals((await list.json()).map(({ id }: { id: string }) => id), ["team/bert"]);

  const limited = {
    gateways: [hubGateway],
    limits: { requestsPerSecond: 1 },
    system: createScriptedSystem(),
  };
  await using other = createHandler(registry, limited);
  const statuses: number[] = [];
  for (let i = 0; i < 3; i++) {
    const response = await other(new Request(`${HOST}/api/models/team/bert`));
    statuses.push(response.status);
    await response.body?.cancel();
  }
  assertEquals(statuses, [200, 200, 429]);
});

hubTest("a commit that nobody can apply fails with a message", async (hub) => {
  const refused = [["/api/models/team/bert/preupload/dev", "no branches"], [
    "/api/repos/create",
    "name: missing",
  ]];
  for (const [path = "", text = ""] of refused) {
    const headers = { "content-type": "application/json" };
    const response = await hub.ask(path, { method: "POST", body: '{"files":[]}', headers });
    assert(response.status >= 400);
    assertStringIncludes(response.headers.get("x-error-message") ?? "", text);
  }
});

hubTest("a .gitignore that would take long to apply is refused", async (hub) => {
  const ask = (gitIgnore: string) =>
    hub.ask("/api/models/team/bert/preupload/main", {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ gitIgnore, files: [{ path: `${"a".repeat(300)}`, size: 1 }] }),
    });
  for (const text of [`${"*a".repeat(20)}b`, "a\n".repeat(2000)]) {
    const response = await ask(text);
    assertEquals(response.status, 422);
    assertStringIncludes((await response.json()).hint, "ignore_patterns");
  }
  assertEquals((await ask("")).status, 200);
  assertEquals((await ask("*.tmp\n**/cache/*.py[co]\n")).status, 200);
});

slowTest("a token does not evict what another has sent", async () => {
  await using registry = await openRegistry("memory:");
  const find = (sent: string | null) =>
    Promise.resolve(createAccess(sent!, ["read:*", "write:*"].map(parseScope)));
  await using handler = createHandler(registry, { gateways: [hubGateway], tokens: { find } });
  const ask = (authorization: string, method: string, path: string, body: string) => {
    const type = path.endsWith("/batch") ? "application/vnd.git-lfs+json" : "application/x-ndjson";
    const headers = { authorization, "content-type": type };
    return handler(new Request(path, { method, body, headers }));
  };
  const batch = async (token: string, oids: string[]) => {
    const objects = oids.map((oid) => ({ oid, size: 5 }));
    const path = `${HOST}/team/${token}/info/lfs/objects/batch`;
    return await (await ask(token, "POST", path, JSON.stringify({ operation: "upload", objects })))
      .json();
  };
  const oid = createHash("sha256").update("hello").digest("hex");
  const { objects: [{ actions }] } = await batch("one", [oid]);
  assertEquals((await ask("", "PUT", actions.upload.href, "hello")).status, 200);
  for (let i = 0; i < 21; i++) {
    const oids = Array.from({ length: 500 }, (_, j) => `${i * 500 + j}`.padStart(64, "0"));
    await batch("other", oids);
  }
  const lines = [
    { key: "header", value: { summary: "s" } },
    { key: "lfsFile", value: { path: "x", algo: "sha256", oid } },
  ];
  const body = lines.map((line) => JSON.stringify(line)).join("\n");
  const answer = await ask("one", "POST", `${HOST}/api/models/team/one/commit/main`, body);
  assertEquals(answer.status, 200, await answer.text());
});
