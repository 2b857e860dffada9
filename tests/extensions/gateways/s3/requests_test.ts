// Requests of S3 beside reads and listings: versions, checksums, tags, settings, errors, hosts, origins.
import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { annotate } from "../../../../registry/mod.ts";
import { createMemoryBackend, openRegistry, type RegistryError } from "../../../../mod.ts";
import { corrupt, unavailable } from "../../../../core/errors.ts";
import { wrapCalls } from "../../../../core/work/wrap_backend.ts";
import { withCounts } from "../../../bench/counted_backend.ts";
import { noise } from "../../../registry/registries.ts";
import { createScriptedSystem } from "../../../support/scripted_system.ts";
import { createHandler } from "../../../../apps/server.ts";
import { createS3Gateway } from "../../../../extensions/gateways/s3/s3_gateway.ts";
import { openS3, saveFiles, signer, tokens } from "./open_s3.ts";

const textsIn = (text: string, name: string) =>
  Array.from(text.matchAll(new RegExp(`<${name}>([^<]*)<`, "g")), ([, value]) => value);

Deno.test("a version id is the commit of a version, also after the alias has moved", async () => {
  await using s3 = await openS3();
  const { registry, read, fails } = s3;
  const saved = [];
  for (const text of ["one", "two", "three"]) {
    saved.push(await saveFiles(registry, "n", { a: text, b: "same" }, { alias: "live" }));
  }
  const [one, two] = saved.map(({ commit }) => commit);
  const head = await s3.ask("/holdfast/n/@latest/a", { method: "HEAD" });
  assertEquals(head.headers.get("x-amz-version-id"), saved[2]!.commit);
  assertEquals(head.headers.get("x-amz-meta-holdfast-version"), "3.0.0");
  await using other = await openS3(); // opened nothing yet
  assertEquals(await other.fails(`/holdfast/n/@live/a?versionId=${one}`), [404, "NoSuchVersion"]);
  assertEquals(await read(`/holdfast/n/@live/a?versionId=${one}`), [200, "one"]);
  assertEquals(await read(`/holdfast/n/@2.0.0/a?versionId=${two}`), [200, "two"]);
  assertEquals(await fails(`/holdfast/n/@2.0.0/a?versionId=${one}`), [404, "NoSuchVersion"]);
  assertEquals(await fails("/holdfast/n/@live/a?versionId=null"), [404, "NoSuchVersion"]);
  assertEquals(await fails("/holdfast/n/@live/a?versionId=x"), [400, "InvalidArgument"]);
  assertEquals(await fails(`/holdfast/n/@live/c?versionId=${one}`), [404, "NoSuchVersion"]);
  const fixed = await s3.ask(`/holdfast/n/@live/a?versionId=${one}`);
  assertMatch(fixed.headers.get("cache-control")!, /immutable/);
  await fixed.body?.cancel();

  const versions = async (query: string) => (await read(`/holdfast?versions&${query}`))[1];
  const all = await versions("prefix=n/@latest/a");
  const commits = saved.map(({ commit }) => commit).toReversed();
  assertEquals(textsIn(all, "VersionId"), commits);
  assertEquals(textsIn(all, "IsLatest"), ["true", "false", "false"]);
  const first = await versions("prefix=n/@latest/a&max-keys=1");
  const [marker] = textsIn(first, "NextVersionIdMarker");
  const rest = `key-marker=n/@latest/a&version-id-marker=${marker}`;
  assertEquals(
    textsIn(await versions(`prefix=n/@latest/a&${rest}`), "VersionId"),
    commits.slice(1),
  );
  const folder = await versions("prefix=n/@live/");
  assertEquals(textsIn(folder, "Key"), ["n/@live/a", "n/@live/b"]);
  assertEquals(textsIn(folder, "VersionId"), [commits[0], commits[0]]);
  assertEquals(
    textsIn(await versions("prefix=n/&delimiter=/"), "Prefix").slice(1)[0],
    "n/@latest/",
  );
});

Deno.test("ranges of an alias that has moved fail, and never give a mixture", async () => {
  await using s3 = await openS3();
  const { registry, ask } = s3;
  const letters = (letter: string) => letter.repeat(30);
  await saveFiles(registry, "n", { a: letters("1") }, { alias: "live" });
  const range = async (from: number, headers: Record<string, string> = {}, at = "live") => {
    const range = `bytes=${from}-${from + 9}`;
    const answer = await ask(`/holdfast/n/@${at}/a`, { headers: { range, ...headers } });
    return [answer.status, await answer.text(), answer.headers.get("etag")] as const;
  };
  const [, , etag] = await range(0);
  await saveFiles(registry, "n", { a: letters("2") }, { alias: "live" });
  assertEquals((await range(10, { "if-match": etag! }))[0], 412);
  assertEquals((await range(10))[0], 412, "without a condition");
  assertEquals((await range(10, {}, "1.0.0")).slice(0, 2), [206, letters("1").slice(0, 10)]);
  assertEquals((await range(0))[0], 412, "it may be the next range of the file of before");
});

Deno.test("ranges of an exact version ask the store only for their bytes", async () => {
  const { backend, calls } = withCounts(createMemoryBackend());
  const system = createScriptedSystem();
  await using s3 = await openS3({ backend, system });
  await s3.registry.save("n", noise(300_000));
  const range = async (ref: string) => {
    calls.take();
    const headers = { range: "bytes=1000-1999" };
    const { status } = await s3.ask(`/holdfast/n/@${ref}/data.bin`, { headers });
    return [status, calls.take()];
  };
  await range("1.0.0");
  assertEquals(await range("1.0.0"), [206, "get 1"]);
  assertEquals(await range("latest"), [206, "list 1, get 2"]);
  await s3.registry.delete("n@1.0.0");
  system.advance(60_001);
  assertEquals((await range("1.0.0"))[0], 404);
});

Deno.test("a walk of all files of a version opens it once", async () => {
  const { backend, calls } = withCounts(createMemoryBackend());
  await using s3 = await openS3({ backend });
  const paths = Array.from({ length: 5_000 }, (_, i) => `${i % 10}/${i}`);
  await saveFiles(s3.registry, "set", paths);
  calls.take();
  const keys = new Set<string>();
  let pages = 0;
  for (let token: string | undefined, isLast = false; !isLast; isLast = token === undefined) {
    const from = token === undefined ? "" : `&continuation-token=${token}`;
    const [, text] = await s3.read(`/holdfast?list-type=2&prefix=set/@1.0.0/${from}`);
    for (const key of textsIn(text, "Key")) keys.add(key!);
    [token] = textsIn(text, "NextContinuationToken");
    pages++;
  }
  assertEquals([keys.size, pages], [5_000, 5]);
  assertEquals(calls.take(), "list 1, get 2"); // the record, and the list of its files
});

const signed = (path: string, init?: RequestInit) => signer().sign(`http://localhost${path}`, init);

Deno.test("a file has its SHA-256 as ETag and checksum, and the headers that a request chooses", async () => {
  await using s3 = await openS3();
  const { registry, ask } = s3;
  await saveFiles(registry, "n", { "a.json": "{}" });
  await annotate(registry, "n@1.0.0", { labels: { stage: "<prod>", count: 3 } });
  const path = "/holdfast/n/@1.0.0/a.json";
  const hex = "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a";
  const base64 = "RBNvo1WzZ4oRRq0W9+hknpT7T8If536DEMBg9hyq/4o=";
  const headers = { "x-amz-checksum-mode": "ENABLED" };
  const whole = await ask(`${path}?partNumber=1`, { headers });
  assertEquals([whole.headers.get("etag"), await whole.text()], [`"${hex}"`, "{}"]);
  assertEquals(whole.headers.get("x-amz-checksum-sha256"), base64);
  const part = await ask(path, { headers: { ...headers, range: "bytes=0-0" } });
  assertEquals([part.headers.get("x-amz-checksum-sha256"), await part.text()], [null, "{"]);
  const ranged = await ask(path, { method: "HEAD", headers: { ...headers, range: "bytes=1-9" } });
  const ofRange = ["content-range", "content-length", "x-amz-checksum-sha256", "etag"];
  assertEquals([ranged.status, ...ofRange.map((name) => ranged.headers.get(name))], [
    ...[206, "bytes 1-1/2", "1", null, `"${hex}"`],
  ]);
  const beyond = { method: "HEAD", headers: { range: "bytes=2-" } };
  assertEquals(await s3.fails(path, beyond), [416, "InvalidRange"]);
  assertEquals(await s3.fails(`${path}?partNumber=2`), [416, "InvalidPartNumber"]);
  assertEquals(await s3.fails(`${path}?partNumber=0`), [400, "InvalidArgument"]);
  const query = "response-content-type=text%2Fhtml&response-content-disposition=attachment";
  const chosen = await s3.handler(await signed(`${path}?${query}`, { method: "HEAD" }));
  assertEquals(chosen.headers.get("content-type"), "text/html");
  assertEquals(chosen.headers.get("content-disposition"), "attachment");
  assertMatch(chosen.headers.get("content-security-policy")!, /sandbox/);
  const attributes = "ETag, Checksum,ObjectSize";
  const [, about] = await s3.read(`${path}?attributes`, {
    headers: { "x-amz-object-attributes": attributes },
  });
  assertStringIncludes(about, `<ETag>${hex}</ETag><Checksum><ChecksumSHA256>${base64}</`);
  assertEquals([textsIn(about, "ObjectSize"), textsIn(about, "StorageClass")], [["2"], []]);
  const [, tags] = await s3.read(`${path}?tagging`);
  assertEquals(textsIn(tags, "Value"), ["&lt;prod&gt;", "3"]);
  for (
    const [path, code] of [
      ["/holdfast?policy", "NotImplemented"],
      ["/holdfast?inventory&id=1", "NotImplemented"],
      ["/holdfast/n/@1.0.0/a.json?uploadId=1", "NotImplemented"],
      ["/holdfast?uploads", "NotImplemented"],
      ["/holdfast/n/@1.0.0/a.json?torrent", "NotImplemented"],
      ["/holdfast?max-keys=many", "InvalidArgument"],
    ]
  ) assertEquals((await s3.fails(path!))[1], code);
  for (const setting of ["location", "versioning", "acl"]) {
    assertEquals((await s3.fails(`/holdfast?${setting}`))[0], 200, setting);
  }
});

Deno.test("only a signed request chooses headers, and none a script", async () => {
  await using s3 = await openS3();
  await saveFiles(s3.registry, "n", { "a.json": "{}" });
  const ask = async (query: Record<string, string>, sign: typeof signed | undefined) => {
    const path = `/holdfast/n/@1.0.0/a.json?${new URLSearchParams(query)}`;
    const answer = sign === undefined ? await s3.ask(path) : await s3.handler(await sign(path));
    await answer.body?.cancel();
    return answer;
  };
  const names = "cache-control content-encoding content-language content-type expires".split(" ");
  for (const name of names) {
    const query = { [`response-${name}`]: "text/x" };
    const code = (await ask(query, undefined)).headers.get("x-amz-error-code");
    assertEquals(code, "InvalidRequest", name);
    assertEquals((await ask(query, signed)).headers.get(name), "text/x");
    const split = await ask({ [`response-${name}`]: "a\r\nset-cookie: b" }, signed);
    assertEquals(split.headers.get("x-amz-error-code"), "InvalidArgument");
  }
  for (const bare of ["text/javascript", "application/x-JavaScript", "text/ecmascript"]) {
    for (const type of [bare, `${bare};charset=x`, `text/plain, ${bare}`, ` ${bare}`]) {
      const { headers } = await ask({ "response-content-type": type }, signed);
      assertEquals(headers.get("content-type"), "text/plain; charset=utf-8", type);
    }
  }
});

Deno.test("a chosen file name may have any characters", async () => {
  await using s3 = await openS3();
  await saveFiles(s3.registry, "n", { a: "a" });
  const full = "filename*=UTF-8''";
  for (
    const [wanted, sent] of [
      ['attachment; filename="a;b.txt"', 'attachment; filename="a;b.txt"'],
      [
        'attachment; filename="Résumé.pdf"',
        `attachment; filename="R_sum_.pdf"; ${full}R%C3%A9sum%C3%A9.pdf`,
      ],
      ["inline;filename=漢.txt; x=1", `inline;filename=_.txt; x=1; ${full}%E6%BC%A2.txt`],
      ['inline; filename="\\"😀"', `inline; filename="\\"_"; ${full}%22%F0%9F%98%80`],
      ["inline; filename=é; filename*=UTF-8''e", "inline; filename=_; filename*=UTF-8''e"],
      ["é", "_"],
    ] as const
  ) {
    const query = new URLSearchParams({ "response-content-disposition": wanted });
    for (const method of ["GET", "HEAD"]) {
      const answer = await s3.ask(`/holdfast/n/@1.0.0/a?${query}`, { method });
      assertEquals([answer.status, answer.headers.get("content-disposition")], [200, sent]);
      await answer.body?.cancel();
    }
  }
});

Deno.test("a client of S3 that signs nothing is answered as one, and a browser as before", async () => {
  await using registry = await openRegistry("memory:");
  // `GET /` of the document is the page, so these handlers are not checked against it.
  await using open = createHandler(registry, { gateways: [createS3Gateway()] });
  await using guarded = createHandler(registry, { gateways: [createS3Gateway()], tokens });
  const ask = async (handler: typeof open, path: string, headers: Record<string, string>) => {
    const answer = await handler(new Request(`http://localhost${path}`, { headers }));
    const text = await answer.text();
    return [answer.status, textsIn(text, "Code")[0] ?? textsIn(text, "Name")[0]] as [
      number,
      string?,
    ];
  };
  const clients: Record<string, string>[] = [
    { "user-agent": "Boto3/1.40.1 md/Botocore#1.40.1 ua/2.1" },
    { "user-agent": "aws-cli/1.42 md/Botocore#1.40" },
    { "user-agent": "aws-sdk-go/1.44.256 (go1.22; linux; amd64)" },
    { "user-agent": "MinIO (Linux; x86_64) minio-py/7.2" },
    { "amz-sdk-request": "attempt=1" },
  ];
  const rclone = { "user-agent": "rclone/v1.60.1-DEV" };
  for (const headers of [...clients, rclone]) {
    assertEquals(await ask(open, "/", headers), [200, "holdfast"]);
    assertEquals(await ask(guarded, "/", headers), [403, "AccessDenied"]);
  }
  for (const headers of clients) {
    assertEquals(await ask(open, "/other?location", headers), [404, "NoSuchBucket"]);
  }
  // It is a client of other protocols, too.
  assertEquals(await ask(open, "/other", rclone), [404, undefined]);
  const browser = { "user-agent": "Mozilla/5.0 (X11; Linux x86_64)" };
  assertEquals(await ask(open, "/", browser), [200, undefined]);
});

Deno.test("errors have words for clients of S3", async () => {
  await using s3 = await openS3();
  await saveFiles(s3.registry, "digits", ["a"]);
  const told = async (method: string, path: string, headers: Record<string, string> = {}) => {
    const request = await signer().sign(`http://localhost${path}`, { method, headers });
    const answer = await s3.handler(request);
    const text = await answer.text();
    return [answer.status, textsIn(text, "Code")[0], textsIn(text, "Message")[0]];
  };
  const readOnly = "This service is read-only over S3: save a version with `holdfast save`.";
  const bucket = "Cannot find this bucket: the only one is holdfast";
  const meant = "Did you mean &quot;digits&quot;? List the keys with the delimiter /.";
  assertEquals(await told("PUT", "/new"), [
    ...[405, "MethodNotAllowed", `Cannot write here. ${readOnly}`],
  ]);
  assertEquals(await told("GET", "/new/a"), [404, "NoSuchBucket", bucket]);
  assertEquals(await told("GET", "/holdfast/digitz/@1/a"), [
    ...[404, "NoSuchKey", `Cannot find &quot;digitz@1.0.0&quot;: no such version. ${meant}`],
  ]);
  const [status, code, moved] = await told("GET", "/holdfast/digits/@1/a", { "if-match": '"x"' });
  assertEquals([status, code], [412, "PreconditionFailed"]);
  assertStringIncludes(moved as string, "read an exact version");
});

Deno.test("clients try again after SlowDown: of the service, and of its store", async () => {
  let fault: RegistryError | undefined;
  const backend = wrapCalls(createMemoryBackend(), async ({ signal }, act) => {
    if (fault !== undefined) throw fault;
    return await act(signal);
  });
  const system = createScriptedSystem();
  await using s3 = await openS3({ backend, system, limits: { requestsPerSecond: 2 } });
  await s3.registry.save("n", noise(300_000));
  const path = "/holdfast/n/@latest/data.bin";
  for (
    const [failed, code] of [
      [unavailable("read", "n", "the store does not answer"), [503, "SlowDown"]],
      [corrupt("read", "n", "its bytes differ"), [500, "InternalError"]],
    ] as const
  ) {
    fault = failed;
    assertEquals(await s3.fails(path), code);
  }
  fault = undefined;
  for (let i = 0; i < 2; i++) assertEquals((await s3.fails(path))[0], 200);
  const answer = await s3.ask(path);
  assertEquals([answer.status, answer.headers.get("retry-after")], [503, "1"]);
  assertEquals(answer.headers.get("x-amz-error-code"), "SlowDown");
  system.advance(1000);
  assertEquals((await s3.fails(path))[0], 200);
});

Deno.test("the bucket is also a host, and pages of allowed origins may read it", async () => {
  await using s3 = await openS3({ cors: ["https://app.example"], s3: { bucket: "data" } });
  await saveFiles(s3.registry, "n", ["a"]);
  const ask = async (url: string, headers: Record<string, string> = {}) =>
    await s3.handler(new Request(url, { headers }));
  const at = "http://data.localhost:9";
  assertEquals(await (await ask(`${at}/n/@1.0.0/a`)).text(), "in a");
  // `GET /` of the document is the page, so this handler is not checked against it.
  await using plain = createHandler(s3.registry, {
    gateways: [createS3Gateway({ bucket: "data" })],
  });
  const listing = await plain(new Request(`${at}/?list-type=2&prefix=n/@1/`));
  assertStringIncludes(await listing.text(), "<Key>n/@1/a<");
  const path = "http://localhost/data/n/@1.0.0/a";
  const page = await ask(path, { origin: "https://app.example" });
  assertEquals(page.headers.get("access-control-allow-origin"), "https://app.example");
  assertEquals(page.headers.get("access-control-expose-headers"), "*");
  await page.body?.cancel();
  const foreign = await ask(path, { origin: "https://evil.example" });
  assertStringIncludes(await foreign.text(), "<Code>AccessDenied</Code>");
  assertEquals(
    (await ask("http://localhost/names")).headers.get("content-type"),
    "application/json",
  );
});
