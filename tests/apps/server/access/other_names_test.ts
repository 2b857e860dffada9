import { assertEquals } from "@std/assert";
import { createHandler } from "../../../../apps/server.ts";
import { createAccess, parseScope } from "../../../../apps/server/access/access.ts";
import { openRegistry } from "../../../../mod.ts";
import { createMemoryQueue } from "../../../../extensions/queues/memory.ts";
import { aliasesOf } from "../../../conformance/registry/registry_case.ts";
import { pipelines } from "../../../../operators/surface/pipelines.ts";
import { createJobsGateway } from "../../../../extensions/queues/surface/jobs.ts";

const FILES = {
  materializer: { id: "bytes", formatVersion: 1 },
  files: [{ path: "x", data: "aGk=" }],
};
const MINE = "/artifacts/mine%2Fa", OTHER = "/artifacts/other%2Fa";

/** Requests about `other/a` that a token for `mine/*` must not make. */
const REFUSED: readonly [method: string, path: string, body?: unknown][] = [
  ["GET", `${OTHER}/versions`],
  ["GET", `${OTHER}/versions/1.0.0`],
  ["GET", `${OTHER}/versions/1.0.0?data=100`],
  ["GET", `${OTHER}/versions/1.0.0/files/content`],
  ["GET", `${OTHER}/versions/1.0.0/presign`],
  ["GET", `${OTHER}/aliases`],
  ["GET", `${OTHER}/aliases/production`],
  ["GET", `${OTHER}/aliases/production/history`],
  ["GET", `${OTHER}/watch`],
  ["GET", `${OTHER}/drafts/d`],
  ["GET", `${OTHER}/runs/r`],
  ["GET", "/lineage?ref=other%2Fa"],
  ["GET", "/lineage?ref=other%2Fa%401.0.0"],
  ["GET", "/runs/other@1"],
  ["GET", "/runs/other@1/steps/a/attempts"],
  ["GET", `${OTHER}/space`],
  ["GET", "/space"],
  ["GET", "/jobs/other"],
  ["GET", "/jobs/other/events"],
  ["GET", "/metrics"],
  ["POST", `${OTHER}/versions`, FILES],
  ["POST", `${MINE}/versions`, { ...FILES, inputs: ["other/a@1.0.0"] }],
  ["POST", `${MINE}/versions`, { ...FILES, inputs: [{ ref: "other/a" }] }],
  ["POST", `${MINE}/versions`, { ...FILES, base: "other/a" }],
  ["POST", `${MINE}/drafts/d/commit`, { inputs: ["other/a"] }],
  ["POST", `${OTHER}/versions/1.0.0/copy`, { to: "mine/b" }],
  ["POST", `${MINE}/versions/1.0.0/copy`, { to: "other/b" }],
  ["POST", `${MINE}/versions/1.0.0/copy`, { to: "other/b@2.0.0" }],
  ["DELETE", `${OTHER}/versions/1.0.0`],
  ["DELETE", `${OTHER}?allVersions=true`],
  ["PUT", `${OTHER}/aliases/production`, { version: "1.0.0" }],
  ["DELETE", `${OTHER}/aliases/production`],
  ["PUT", `${OTHER}/drafts/d/parts/p`, { files: FILES.files }],
  ["POST", `${OTHER}/drafts/d/commit`, {}],
  ["DELETE", `${OTHER}/drafts/d`],
  ["POST", `${OTHER}/runs/r`, {}],
  ["POST", `${OTHER}/runs/r/finish`, {}],
  ["POST", `${MINE}/runs/r/finish`, { inputs: ["other/a"] }],
  ["POST", "/upload?name=other%2Fa"],
  ["DELETE", "/runs/other@1"],
  ["DELETE", "/jobs/other"],
  ["POST", "/jobs/other/retry"],
];

Deno.test("a token for one prefix has no access to another by any route", async () => {
  await using registry = await openRegistry("memory:");
  for (const name of ["mine/a", "other/a"]) await registry.save(name, new Uint8Array(3));
  await registry.setAlias("other/a", "production", "1.0.0");
  await using jobs = createMemoryQueue();
  await jobs.add({ id: "other", group: "g", kind: "k", data: { name: "other/a" } });
  const scopes = (text: string) => createAccess("me", text.split(",").map(parseScope));
  const find = (header: string | null) =>
    Promise.resolve(header === null ? undefined : scopes(header));
  await using handler = createHandler(registry, {
    tokens: { find },
    gateways: [createJobsGateway(jobs), pipelines],
  });
  const ask = (method: string, path: string, body?: unknown, token?: string) =>
    handler(
      new Request(`http://127.0.0.1${path}`, {
        method,
        headers: {
          ...(token === undefined ? {} : { authorization: token }),
          ...(body === undefined ? {} : { "content-type": "application/json" }),
        },
        body: body === undefined ? undefined : JSON.stringify(body),
      }),
    );
  const before = JSON.stringify(await registry.info("other/a"));
  for (const [method, path, body] of REFUSED) {
    assertEquals((await ask(method, path, body)).status, 401, `${method} ${path} without a token`);
    for (const token of ["read:mine/*,write:mine/*", "read:mine/a,write:mine/b", "metrics"]) {
      if (token === "metrics" && path === "/metrics") continue;
      const answer = await ask(method, path, body, token);
      const isHidden = path.startsWith("/jobs/") && token !== "metrics";
      const expected = isHidden ? [404, "NotFound"] : [403, "Denied"];
      const { code } = await answer.json();
      assertEquals([answer.status, code], expected, `${method} ${path} by ${token}`);
    }
    if (method === "GET") continue;
    const reader = await ask(method, path, body, "read:*,metrics");
    assertEquals(reader.status, 403, `${method} ${path} by a reader`);
    await reader.body?.cancel();
  }
  const unknown = await ask("GET", "/jobs/unknown", undefined, "read:mine/*");
  const hidden = await ask("GET", "/jobs/other", undefined, "read:mine/*");
  assertEquals((await hidden.text()).replaceAll("other", "unknown"), await unknown.text());
  for (const listing of ["/names", "/jobs", "/search", "/runs"]) {
    const text = await (await ask("GET", listing, undefined, "read:mine/*")).text();
    assertEquals(text.includes("other"), false, `${listing}: ${text}`);
  }
  assertEquals(JSON.stringify(await registry.info("other/a")), before);
  assertEquals(await aliasesOf(registry, "other/a"), { production: "1.0.0" });
  assertEquals(await Array.fromAsync(registry.names()), ["mine/a", "other/a"]);
});

Deno.test("a version is shown without inputs that the token may not read", async () => {
  await using registry = await openRegistry("memory:");
  const inputs = ["mine/a@1.0.0", "other/a@1.0.0", {
    ref: "other/b@2.0.0",
    digest: "0".repeat(64),
  }];
  const given = inputs.map((ref) => typeof ref === "string" ? { ref, digest: null } : ref);
  await registry.save("mine/b", new Uint8Array(3), { inputs: given });
  const find = (header: string | null) =>
    Promise.resolve(createAccess("me", (header ?? "").split(",").map(parseScope)));
  await using handler = createHandler(registry, { tokens: { find } });
  const ask = async (authorization: string, path: string) => {
    const headers = { authorization };
    return await (await handler(new Request(`http://127.0.0.1${path}`, { headers }))).json();
  };
  for (
    const [scopes, expected] of [
      ["read:mine/*,write:mine/*", inputs.slice(0, 1)],
      ["read:mine/*,read:other/a,write:mine/*", inputs.slice(0, 2)],
      ["admin", inputs],
    ] as const
  ) {
    const infos = [
      await ask(scopes, "/artifacts/mine%2Fb/versions/1.0.0"),
      await ask(scopes, "/artifacts/mine%2Fb/versions/1.0.0?data=100"),
      (await ask(scopes, "/artifacts/mine%2Fb/versions?details=true")).items[0].info,
    ];
    assertEquals(infos.map(({ inputs }) => inputs), infos.map(() => expected), scopes);
  }
});

Deno.test("a copy keeps inputs that the token may not read, and does not name them", async () => {
  await using registry = await openRegistry("memory:");
  await registry.save("other/a", new Uint8Array(3));
  await registry.save("mine/a", new Uint8Array(4), { inputs: ["other/a@1.0.0"] });
  const find = (header: string | null) =>
    Promise.resolve(createAccess("me", (header ?? "").split(",").map(parseScope)));
  await using handler = createHandler(registry, { tokens: { find } });
  for (const [at, rights] of ["save:copy", "save:copy,move:copy"].entries()) {
    const headers = {
      authorization: `read:mine/*,read:copy,${rights}`,
      "content-type": "application/json",
    };
    const to = `copy@${at + 1}.0.0`;
    const path = `${MINE}/versions/1.0.0/copy`;
    const body = JSON.stringify({ to });
    const request = new Request(`http://127.0.0.1${path}`, { method: "POST", headers, body });
    const answer = await handler(request);
    const text = await answer.text();
    assertEquals([answer.status, text.includes("other")], [201, false], text);
    assertEquals((await registry.info(to)).inputs.length, 1);
  }
});

Deno.test("an incomplete upload of another token is as unknown as none", async () => {
  await using registry = await openRegistry("memory:");
  const tokens = {
    find: (sent: string | null) =>
      Promise.resolve(createAccess(sent!, [{ kind: "write", name: sent!.slice(7), prefix: true }])),
  };
  await using handler = createHandler(registry, { tokens });
  const send = (token: string, path: string, headers: Record<string, string>, body?: string) => {
    const all = { authorization: `Bearer ${token}`, ...headers };
    return handler(new Request(`http://localhost${path}`, { method: "POST", headers: all, body }));
  };
  const begun = await send("mine", "/uploads", { "tus-resumable": "1.0.0", "upload-length": "9" });
  const upload = begun.headers.get("location")!.replace(/^.*\//, "");
  const statuses = ["other", "mine"].map(async (token) => {
    const body = JSON.stringify({ ...FILES, files: [{ path: "x", upload }] });
    const type = { "content-type": "application/json" };
    return (await send(token, `/artifacts/${token}/versions`, type, body)).status;
  });
  assertEquals(await Promise.all(statuses), [404, 409]);
});
