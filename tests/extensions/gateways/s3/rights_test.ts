// Rights by keys, and keys that try to reach another name.
import { assert, assertEquals } from "@std/assert";
import { hashToken } from "../../../../apps/server/access/token_file.ts";
import { createApp } from "../../../../apps/server/app.ts";
import { openRegistry } from "../../../../mod.ts";
import type { AuditEntry } from "../../../../apps/server/observe/audit_entry.ts";
import { secretOf } from "../../../../extensions/gateways/s3/derived_secret.ts";
import { createS3Gateway } from "../../../../extensions/gateways/s3/s3_gateway.ts";
import { openS3, saveFiles, signer, tokens } from "./open_s3.ts";

const HOST = "http://localhost/holdfast";

/** Requests about `secret`, which has a file `a` in version 1.0.0. */
const ABOUT_SECRET = [
  "/secret/@1.0.0/a",
  "/secret@latest/a",
  "/secret/@1.0.0/a?versionId=COMMIT",
  "/secret/@1.0.0/a?attributes",
  "/secret/@1.0.0/a?tagging",
  "/secret/@1.0.0/a?acl",
  "?list-type=2&prefix=secret/@1.0.0/",
  "?list-type=2&prefix=secret/@&delimiter=/",
  "?prefix=secret@1.0.0/",
  "?versions&prefix=secret/@latest/a",
];

Deno.test("every request about a name asks for the right to read that name", async () => {
  await using s3 = await openS3({ tokens });
  const { commit } = await saveFiles(s3.registry, "secret", ["a"]);
  await saveFiles(s3.registry, "secret2", ["a"]);
  for (const path of ABOUT_SECRET) {
    const url = HOST + path.replace("COMMIT", commit);
    const by = async (token: string) => (await s3.fails(await signer({ token }).sign(url)))[0];
    for (
      const token of ["read:secret", "read:sec*", "read:*", "admin", "save:secret,read:secret"]
    ) {
      assertEquals(await by(token), 200, `${path} by ${token}`);
    }
    for (
      const token of ["read:secret2", "read:secre", "read:secret/*", "write:secret", "delete:*"]
    ) {
      assertEquals(await by(token), 403, `${path} by ${token}`);
    }
    assertEquals((await s3.fails(url.slice(16)))[0], 403, `${path} without a token`);
    const method = "HEAD";
    const head = await signer({ token: "read:other" }).sign(url, { method });
    if (!path.startsWith("?")) assertEquals(await s3.fails(head), [403, "AccessDenied"]);
  }
});

Deno.test("names that may not be read are in no listing", async () => {
  await using s3 = await openS3({ tokens });
  for (const name of ["team/open", "team/secret", "team"]) {
    await saveFiles(s3.registry, name, ["a"]);
  }
  const list = async (prefix: string) => {
    const url = `${HOST}?list-type=2&delimiter=/&prefix=${prefix}`;
    const answer = await s3.handler(await signer({ token: "read:team/open" }).sign(url));
    return [...(await answer.text()).matchAll(/<Prefix>([^<]+)<\/Prefix><\/C/g)].map(([, key]) =>
      key
    );
  };
  assertEquals(await list(""), ["team/"]);
  assertEquals(await list("team/"), ["team/open/"]);
});

Deno.test("all routes of the gateway need the right to read", async () => {
  await using registry = await openRegistry("memory:");
  const { routes } = createApp(registry, { gateways: [createS3Gateway()] });
  const own = routes.filter(({ tag }) => tag === "s3");
  assertEquals(own.map(({ method, path, scope }) => `${method} ${path} ${scope}`), [
    "GET / read",
    "GET /holdfast read",
    "GET /holdfast/:path{[^]*} read",
  ]);
});

Deno.test("hostile keys reach no other name, and are errors of S3", async () => {
  await using s3 = await openS3({ tokens });
  await saveFiles(s3.registry, "secret", ["a", "b/a"]);
  await saveFiles(s3.registry, "open", ["a"]);
  const long = "x".repeat(1025);
  const keys = [
    ...["open/@1.0.0/../../secret/@1.0.0/a", "open/../secret/@1.0.0/a", "./secret/@1.0.0/a"],
    ...["open//@1.0.0/a", "/open/@1.0.0/a", "//secret/@1.0.0/a", "secret//@1.0.0/a"],
    ...["open/@1.0.0/%2e%2e/%2e%2e/secret/@1.0.0/a", "open/@1.0.0/..%2f..%2fsecret/@1.0.0/a"],
    ...["%2e%2e/secret/@1.0.0/a", "open%2f..%2fsecret/@1.0.0/a", "open/@1.0.0\\..\\..\\secret\\a"],
    ...["secret%00/@1.0.0/a", "open/@1.0.0/a%00", "open%00secret/@1.0.0/a", "open/@1.0.0%00/a"],
    ...["secret@@1.0.0/a", "secret/@@1.0.0/a", "open@secret/@1.0.0/a", "open@/secret/@1.0.0/a"],
    ...["open:secret/@1.0.0/a", "open/@1.0.0:a/a", "secret:/@1.0.0/a", "open/@secret@1.0.0/a"],
    ...[`${long}/@1.0.0/a`, `open/@${long}/a`, `open/@1.0.0/${long}`, long, "@1.0.0/a", "@", "@/"],
    ...["open/@1.0.0/", "open/@1.0.0", "open/", "open", "open/@/a", "open/@ /a", "open/@1.0.0/%ff"],
    ...[
      "SECRET/@1.0.0/a",
      "secret /@1.0.0/a",
      "s%65cret/@1.0.0/a",
      "secret/@1.0.0/a/",
      "%c0%ae/@1/a",
    ],
  ];
  for (const key of keys) {
    const url = `${HOST}/${key}`;
    const sent = [
      await signer({ token: "read:open" }).sign(url),
      new Request(url, { method: "HEAD" }),
      await signer({ token: "read:open" }).sign(`${HOST}?list-type=2&prefix=${key}`),
      await signer({ token: "read:open" }).sign(`${HOST}?list-type=2&delimiter=/&prefix=${key}`),
    ];
    for (const request of sent) {
      const answer = await s3.handler(request);
      const text = await answer.text();
      const what = `${request.method} ${request.url}: ${answer.status} ${text}`;
      assert([200, 400, 403, 404].includes(answer.status), what);
      assert(!text.includes("in a") && !/<Key>secret|<Prefix>secret\/@.*<CommonP/.test(text), what);
      // deno-lint-ignore no-control-regex
      assert(!/[\u0000-\u0008]/.test(text), what);
    }
  }
});

Deno.test("a refused request is in the trail with its token, whatever signed it", async () => {
  const trail: AuditEntry[] = [];
  const key = "k".repeat(43);
  const audit = (entry: AuditEntry) => void trail.push(entry);
  await using s3 = await openS3({ tokens, audit, s3: { key } });
  await saveFiles(s3.registry, "secret", ["a"]);
  const id = "read:open", sha256 = hashToken(id);
  const secret = { accessKeyId: id, secretAccessKey: secretOf(key, { id, sha256 }) };
  const derived = signer({ ...secret, sessionToken: undefined });
  const url = `${HOST}/secret/@1.0.0/a`;
  const link = await derived.sign(`${url}?X-Amz-Expires=9`, { aws: { signQuery: true } });
  for (const request of [await signer({ token: id }).sign(url), await derived.sign(url), link]) {
    assertEquals(await s3.fails(request), [403, "AccessDenied"]);
    const { by, name, outcome } = trail.pop()!;
    assertEquals([by?.token, name, outcome], [id, "secret", "refused"]);
    assertEquals(JSON.stringify(trail).includes(secret.secretAccessKey), false);
  }
});
