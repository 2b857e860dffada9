import { assert, assertEquals } from "@std/assert";
import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";
import { createAccess, parseScope } from "../../../../apps/server/access/access.ts";
import { createApp } from "../../../../apps/server/app.ts";
import { revisionOf } from "../../../../extensions/gateways/hub/repos.ts";
import { openRegistry, publishRelease, type Registry } from "../../../../mod.ts";
import { annotate } from "../../../../registry/mod.ts";
import { createMemoryQueue } from "../../../../extensions/queues/memory.ts";
import { kindsOfShare } from "../../../support/seeds.ts";
import { hub } from "../../../../extensions/gateways/hub/hub.ts";
import { pipelines } from "../../../../operators/surface/pipelines.ts";
import { createJobsGateway } from "../../../../extensions/queues/surface/jobs.ts";

/** Tokens without the right to read `vault`, a member of the release `serving`. */
const TOKENS = {
  "with the release": ["read:serv*", "write:serv*", "read:mine", "write:mine"],
  "that only writes it": ["write:serv*", "read:mine", "write:mine"],
  "without it": ["read:mine", "write:mine"],
};

const CONTENT = "words of the vault";

async function createService(scopes: readonly string[]) {
  const registry = await openRegistry("memory:");
  await registry.save("net", "net");
  const vault = await registry.save("vault", CONTENT);
  for (const ref of ["vault", "vault@1"]) await annotate(registry, ref, { notes: CONTENT });
  await publishRelease(registry, "serving", { net: "net", secret: "vault" });
  await registry.setAlias("serving", "production", "1");
  await registry.save("mine", new Uint8Array(3));
  const jobs = createMemoryQueue();
  const access = createAccess("me", scopes.map(parseScope));
  const tokens = { find: () => Promise.resolve(access) };
  const app = createApp(registry, { tokens, gateways: [createJobsGateway(jobs), hub, pipelines] });
  const release = await registry.open("serving");
  const { sha256, size } = release.file().info;
  const bytes = await release.file().bytes();
  const byteSha256 = createHash("sha256").update(bytes.subarray(size - 9, size - 8)).digest("hex");
  const hidden = [
    "vault",
    vault.digest,
    CONTENT,
    Buffer.from(bytes).toString("base64"),
  ];
  return {
    registry,
    app,
    sha256,
    size,
    hidden,
    info: release.info,
    digests: [sha256, byteSha256],
    async [Symbol.asyncDispose]() {
      await app.close();
      await jobs.close();
      await registry.close();
    },
  };
}

type Service = Awaited<ReturnType<typeof createService>>;

/** Files with bytes of the release: all of them, and a guess of one. */
function filesOfRelease({ sha256, size, info: { commit } }: Service, version: string) {
  const file = (size: number, sha256: string, at: number) => ({
    path: "release.json",
    size,
    sha256,
    earlier: { name: "serving", version, commit, runs: [{ size, at }] },
  });
  return [[file(size, sha256, 0)], [file(1, "0".repeat(64), size - 9)]];
}

const DATA = [{ path: "x", data: "aGk=" }];
const materializer = { id: "folder", formatVersion: 1 };
const refs = (ref: string) => [{ inputs: [ref] }, { base: ref }, { inputs: [`${ref}/secret`] }];

function commitLines(...lines: unknown[]): string {
  return [{ key: "header", value: { summary: "s" } }, ...lines].map((line) =>
    `${JSON.stringify(line)}\n`
  ).join("");
}

/** The bodies to send to the routes that take one, by the last part of their path. */
const BODIES: Record<string, (service: Service, version: string) => unknown[]> = {
  "POST versions": (service, version) => [
    ...filesOfRelease(service, version).map((files) => ({ materializer, files })),
    ...refs(`serving@${version}`).map((how) => ({ ...how, materializer, files: DATA })),
    { materializer, files: DATA, version: "1.0.0", onConflict: "skip" },
  ],
  "POST copy": () => [{ to: "mine" }, { to: "mine@7.0.0" }],
  "PUT :part": (service, version) => filesOfRelease(service, version).map((files) => ({ files })),
  "POST commit": (_, version) => [
    ...refs(`serving@${version}`),
    { materializer },
  ],
  "POST :run": () => [{}, { params: { a: 1 } }],
  "PATCH :run": () => [{}, { params: { a: 1 }, tags: { b: "c" } }],
  "POST finish": (_, version) => [
    ...refs(`serving@${version}`),
    { materializer },
  ],
  "PUT :alias": (_, version) => [{ version }],
  "POST rollback": () => [{}, { expected: "1.0.0" }],
  "POST undelete": () => [{}],
  "PATCH annotations": () => [{ notes: "n" }],
  "PATCH rules": () => [{ remove: "serving" }],
  "POST contents": () => ["bytes"],
  "POST presign": () => [{ size: 5, sha256: "0".repeat(64) }],
  "POST create": () => [{ name: "serving" }],
  "POST validate-yaml": () => [{}],
  "POST :revision": ({ sha256 }) => [
    { files: [{ path: "release.json", size: 10 ** 9 }] },
    { paths: ["release.json", "."], expand: true },
    commitLines(),
    commitLines({ key: "lfsFile", value: { path: "x", algo: "sha256", oid: sha256 } }),
    commitLines({ key: "file", value: { path: "x", content: "aGk=", encoding: "base64" } }),
  ],
  "POST batch": ({ sha256, size }) => [{ operation: "upload", objects: [{ oid: sha256, size }] }],
};
/** Routes without a body that could name a version. */
const WITHOUT_BODY = /^(DELETE|OPTIONS) |^POST (retry|upload|uploads|)$|^(PATCH|PUT) :upload$/;

const QUERIES = (version: string, commit: string) => [
  "",
  "?data=5000",
  "?details=true&blobs=true&expand=true&recursive=true",
  `?commit=${commit}`,
  `?deleting=${version}`,
  `?ref=${encodeURIComponent(`serving@${version}`)}`,
  "?ref=serving",
  "?allVersions=true&force=true",
  "?q=serving",
];

const NAMES = [
  "serving",
  "mine",
  "serving@production/secret",
  "serving@@production",
  "serving@1.0.0",
];

function* requestsTo(service: Service, method: string, path: string): Generator<Request> {
  const last = path.replace(/\{.*\}/, "").split("/").at(-1)!;
  const key = `${method} ${last}`;
  const { commit } = service.info;
  const hasVersion = /:(version|revision|alias)\b/.test(path) || method === "POST";
  const versions = hasVersion
    ? [
      "1.0.0",
      "1",
      "^1",
      "latest",
      "main",
      "production",
      "production/secret",
      "production@@secret",
    ]
    : ["1.0.0"];
  if (path.includes(":revision")) versions.push(revisionOf(service.info));
  for (const version of versions) {
    const most = path.includes(":name") && version === versions[0] ? NAMES.length : 1;
    for (const name of NAMES.slice(0, most)) {
      const of: Record<string, string> = { name, version, revision: version, alias: version };
      Object.assign(of, { repo: name, org: "models", path: "release.json", member: "secret" });
      const target = path.replace(
        /:(\w+)(\{[^}]*\})?/g,
        (_, key) => encodeURIComponent(of[key] ?? "d"),
      );
      if (method === "GET") {
        for (const query of QUERIES(version, commit)) yield request(method, target + query);
        continue;
      }
      assert(key in BODIES || WITHOUT_BODY.test(key), `add bodies of ${key}`);
      const bodies = BODIES[key]?.(service, version) ?? [undefined];
      for (const body of bodies) yield request(method, target, body);
      if (bodies.length > 1) continue;
      for (const query of QUERIES(version, commit)) yield request(method, target + query);
    }
  }
}

function request(method: string, path: string, body?: unknown): Request {
  const type = path.endsWith("/batch") ? "application/vnd.git-lfs+json" : "application/json";
  return new Request(`http://localhost${path}`, {
    method,
    headers: {
      authorization: "Bearer me",
      ...(body === undefined ? {} : { "content-type": type }),
    },
    body: body === undefined || typeof body === "string" ? body : JSON.stringify(body),
  });
}

async function textOf({ body, headers }: Response): Promise<string> {
  let text = JSON.stringify([...headers]);
  const decoder = new TextDecoder();
  const isEndless = headers.get("content-type")?.startsWith("text/event-stream");
  for await (const chunk of body ?? []) {
    text += decoder.decode(chunk, { stream: true });
    if (isEndless) break;
  }
  return text;
}

/** Returns the versions other than releases whose files name the hidden member. */
async function leaked(registry: Registry): Promise<string[]> {
  const found: string[] = [];
  for (const name of ["serving", "mine"]) {
    const draft = await registry.openDraft(name, { id: "d" });
    await draft.commit().catch(() => {}); // there may be none
    for await (const { version } of registry.versions(name)) {
      const artifact = await registry.open(name, { version });
      if (artifact.info.materializer.id === "release") continue;
      const texts = await Promise.all(artifact.files().map((file) => file.text()));
      if (texts.some((text) => /vault/.test(text))) found.push(`${name}@${version}`);
    }
  }
  return found;
}

for (const [title, scopes] of kindsOfShare("tokens", Object.entries(TOKENS))) {
  Deno.test(`no route shows a hidden member of a release to a token ${title}`, async () => {
    await using first = await createService(scopes);
    const all = first.app.routes;
    assert(all.length > 80, `${all.length} routes`);
    const shown = new Set<string>();
    for (const { method, path } of all) {
      await using service = await createService(scopes);
      const { app, hidden, sha256, digests, registry } = service;
      for (const asked of requestsTo(service, method, path)) {
        const sent = asked.url + await asked.clone().text();
        const { url } = asked;
        const answer = await app(asked);
        const text = await textOf(answer);
        const words = answer.status < 400 || sent.includes(sha256)
          ? hidden
          : [...hidden, ...digests];
        const isSafe = answer.status !== 500 && !words.some((word) => text.includes(word));
        if (!isSafe) shown.add(`${method} ${decodeURIComponent(url.slice(16))}: ${text}`);
      }
      for (const ref of await leaked(registry)) shown.add(`${method} ${path}: saved as ${ref}`);
    }
    assertEquals([...shown], []);
  });
}

Deno.test("a refused deletion does not name a release that the token may not read", async () => {
  await using service = await createService(["read:net", "write:net"]);
  const { app } = service;
  for (const path of ["net/versions/1", "net/versions/1?dryRun=true", "net?allVersions=true"]) {
    const answer = await app(request("DELETE", `/artifacts/${path}`));
    const text = await answer.text();
    assertEquals([answer.status, text.includes("serving")], [409, false], text);
  }
});

Deno.test("a token that only writes is not answered with the content of others", async () => {
  await using registry = await openRegistry("memory:");
  await using jobs = createMemoryQueue();
  const access = createAccess("me", ["write:drop", "read:mine", "write:mine"].map(parseScope));
  await using app = createApp(registry, {
    tokens: { find: () => Promise.resolve(access) },
    gateways: [createJobsGateway(jobs)],
  });
  const { digest } = await registry.save("drop", CONTENT, { idempotencyKey: "nightly" });
  await registry.save("mine", "mine");
  const data = { name: "drop", words: CONTENT };
  await jobs.add(["a", "b"].map((id) => ({ id, group: "g", kind: "k", delayMs: 1e9, data })));
  await app(request("PUT", "/artifacts/drop/drafts/d/parts/p", { files: DATA }));
  const how = { version: "1.0.0", onConflict: "skip" };
  const again = { idempotencyKey: "nightly", materializer };
  const uploadWithKey = (path: string, body: string) => {
    const headers = { authorization: "Bearer me", "idempotency-key": "nightly" };
    return new Request(`http://localhost${path}`, { method: "POST", headers, body });
  };
  const asked: [status: number, request: Request][] = [
    [403, request("POST", "/artifacts/drop/versions", { ...how, materializer, files: DATA })],
    [403, request("POST", "/artifacts/drop/drafts/d/commit", how)],
    [
      403,
      request("POST", "/artifacts/mine/versions/1/copy", { to: "drop@1.0.0", onConflict: "skip" }),
    ],
    [
      201,
      request("POST", "/artifacts/drop/versions", {
        onConflict: "skip",
        materializer,
        files: DATA,
      }),
    ],
    [403, request("POST", "/artifacts/drop/versions", { ...again, files: DATA })],
    [403, request("POST", "/artifacts/drop/versions", { ...again, files: [] })],
    [201, uploadWithKey("/upload?name=drop", "guess")],
    [200, request("DELETE", "/jobs/a")],
    [200, request("POST", "/jobs/a/retry")],
  ];
  for (const [status, each] of asked) {
    const answer = await app(each);
    const text = await answer.text();
    assertEquals(answer.status, status, text);
    for (const word of [digest, CONTENT]) assertEquals(text.includes(word), false, text);
  }
});

Deno.test("a token that only writes repeats its own saves", async () => {
  await using registry = await openRegistry("memory:");
  const access = createAccess("me", ["write:drop"].map(parseScope));
  const upload = { task: { submit: () => Promise.resolve({ words: CONTENT }) } };
  const tokens = { find: () => Promise.resolve(access) };
  await using app = createApp(registry, { tokens, upload });
  const sums = { size: 2, sha256: createHash("sha256").update("hi").digest("hex") };
  const stored = await app(request("POST", "/contents", "hi"));
  const { upload: id } = await stored.json();
  for (const file of [{ data: "aGk=" }, { data: "aGk=", ...sums }, { upload: id, ...sums }]) {
    const idempotencyKey = JSON.stringify(file);
    const files = [{ path: "x", mode: "executable", ...file }];
    const save = () =>
      request("POST", "/artifacts/drop/versions", { idempotencyKey, materializer, files });
    const [first, again] = [await app(save()), await app(save())];
    assertEquals([first.status, again.status], [201, 200]);
    assertEquals({ ...await first.json(), addedBytes: 0 }, {
      ...await again.json(),
      skipped: false,
      addedBytes: 0,
    });
  }
  const send = async () => {
    const headers = { authorization: "Bearer me", "idempotency-key": "photo" };
    const init = { method: "POST", headers, body: "hi" };
    return await (await app(new Request("http://localhost/upload?name=drop", init))).json();
  };
  const { digest: _, size: __, result, ...first } = await send();
  assertEquals(result, { words: CONTENT });
  assertEquals(await send(), { ...first, addedBytes: 0, skipped: true });
});

Deno.test("no commit changes a release with hidden members, not even one that keeps no file", async () => {
  await using service = await createService(TOKENS["with the release"]);
  const { app, registry, sha256 } = service;
  const file = { key: "file", value: { path: "x", content: "aGk=", encoding: "base64" } };
  const remove = { key: "deletedFile", value: { path: "release.json" } };
  const over = { key: "file", value: { ...file.value, path: "release.json" } };
  const moved = { key: "lfsFile", value: { path: "x", algo: "sha256", oid: sha256 } };
  for (const lines of [[], [file], [remove, file], [over], [remove, moved]]) {
    const answer = await app(
      new Request("http://localhost/api/models/serving/commit/main", {
        method: "POST",
        headers: { "content-type": "application/x-ndjson", authorization: "Bearer x" },
        body: commitLines(...lines),
      }),
    );
    assertEquals([answer.status, (await answer.json()).code], [403, "Denied"]);
  }
  assertEquals((await registry.info("serving")).version, "1.0.0");
});
