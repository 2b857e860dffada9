import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { Buffer } from "node:buffer";
import { createHandler } from "../../../../apps/server.ts";
import { createMemoryBackend, localPath, openRegistry, publishRelease } from "../../../../mod.ts";
import { createScriptedBackend } from "../../../registry/scripted_backend.ts";
import { createScriptedSystem } from "../../../support/scripted_system.ts";
import { tempRoot } from "../../../support/temp_root.ts";
import { serve } from "../../../apps/server/listen/served.ts";
import { hrefs, openDav, saveFiles, tokens } from "./open_dav.ts";
import { slowTest } from "../../../support/seeds.ts";
import { dav } from "../../../../extensions/gateways/dav/dav.ts";

const ODD_NAMES = [
  "with space.txt",
  "100%.txt",
  "%2e%2e",
  "a#b?c.txt",
  "文件.txt",
  'it\'s <b>&amp;"quoted".txt',
  "c\u0001\n.txt",
  "a+b;c=d",
  "deep/er/file",
  "~..",
];

Deno.test("names, versions and files are folders and files", async () => {
  await using dav = await openDav();
  await dav.save("team/data", ["a.txt", "in/b.txt", "in/c/d.txt"]);
  await dav.save("team/data", ["e.txt"]);
  await dav.registry.setAlias("team/data", "production", "1.0.0");
  assertEquals(await dav.list(""), ["", "team@@data/"]);
  const versions = ["", "latest/", "production/", "2.0.0/", "1.0.0/"];
  assertEquals(await dav.list("team@@data"), versions.map((each) => `team@@data/${each}`));
  const files = ["", "a.txt", "in/"];
  for (const version of ["/1.0.0", "@1.0.0", "/production", "@production", "@%5E1", "/1"]) {
    for (const name of ["team@@data", "team%2Fdata", "team%40%40data"]) {
      const path = `${name}${version}`;
      const base = decodeURIComponent(path);
      assertEquals(await dav.list(path), files.map((each) => `${base}/${each}`));
      assertEquals(await dav.list(`${path}/in/`), [
        `${base}/in/`,
        `${base}/in/b.txt`,
        `${base}/in/c/`,
      ]);
      assertEquals(
        await (await dav.send("GET", `/dav/${path}/in/c/d.txt`)).text(),
        "in in/c/d.txt",
      );
    }
  }
  assertEquals(await dav.list("team@@data@1.0.0", { depth: "0" }), ["team@@data@1.0.0/"]);
  assertEquals(await dav.list("team@@data@1.0.0/a.txt"), ["team@@data@1.0.0/a.txt"]);
  assertEquals(
    await dav.list("team@@data/latest/"),
    ["", "e.txt"].map((each) => `team@@data/latest/${each}`),
  );
});

Deno.test("behind a proxy that serves the registry below a path, listings have its paths", async () => {
  await using dav = await openDav();
  await dav.save("team/data", ["a&b.txt"]);
  const path = "/dav/team@@data@1.0.0/";
  for (
    const [prefix, at] of [["/ml/models", "/ml/models"], ["/ml/", "/ml"], ["/a&b", "/a&#38;b"]]
  ) {
    const headers = { depth: "1", "x-forwarded-prefix": prefix! };
    const text = await (await dav.send("PROPFIND", path, headers)).text();
    const found = text.matchAll(/<D:href>(.*?)<\/D:href>/g);
    const expected = [`${at}${path}`, `${at}${path}a%26b.txt`];
    assertEquals(Array.from(found, ([, href]) => href), expected);
  }
});

Deno.test("a colon in a name, and other characters of URLs, may be encoded or not", async () => {
  await using dav = await openDav();
  for (const name of ["data:raw", "a b", "100%", "été"]) {
    await dav.save(name, ["in/a:b.txt"]);
    const encoded = encodeURIComponent(name), plain = encodeURI(name);
    for (const path of [`${encoded}@1.0.0`, `${plain}@1.0.0`, `${plain}%401.0.0`, `${plain}/1`]) {
      assertEquals(
        await dav.list(`${path}/`),
        ["", "in/"].map((each) => {
          return `${decodeURIComponent(path)}/${each}`;
        }),
      );
      for (const file of ["a:b.txt", "a%3Ab.txt"]) {
        const answer = await dav.send("GET", `/dav/${path}/in/${file}`);
        assertEquals([answer.status, await answer.text()], [200, "in in/a:b.txt"]);
      }
    }
  }
});

Deno.test("files with odd names are read by the paths of their listing", async () => {
  await using dav = await openDav();
  await dav.save("odd", ODD_NAMES);
  const found: string[] = [];
  const walk = async (path: string): Promise<void> => {
    const answer = await dav.send("PROPFIND", path, { depth: "1" });
    const text = await answer.text();
    assertEquals(/[&<>](?!#\d+;|\/?D:|\?xml)/.test(text.replace(/"?\?>|>/g, "")), false, text);
    for (const href of hrefs(text).slice(1)) {
      if (href.endsWith("/")) await walk(href);
      else found.push(await (await dav.send("GET", href)).text());
    }
  };
  await walk("/dav/odd@1.0.0");
  assertEquals(found.sort(), ODD_NAMES.map((path) => `in ${path}`).sort());
});

Deno.test("media types cannot add elements to a listing", async () => {
  await using dav = await openDav();
  const content = new Uint8Array(1);
  const files = ["a/b<D:x>", "a/b&c"].map((mediaType, i) => ({ path: `${i}`, content, mediaType }));
  await dav.registry.save("a", 0, { as: { ...saveFiles, save: () => files } });
  const text = await (await dav.send("PROPFIND", "/dav/a@1.0.0", { depth: "1" })).text();
  const types = [...text.matchAll(/<D:getcontenttype>([^<]*)<\/D/g)].map(([, type]) => type);
  assertEquals(types, ["application/octet-stream", "a/b&#38;c"]);
});

Deno.test("files have strong ETags, and only those of versions are cached for long", async () => {
  await using dav = await openDav();
  await dav.save("data", ["a.txt"]);
  const [file] = (await dav.registry.info("data")).files;
  const etag = `"sha256:${file!.sha256}"`;
  const listing = await (await dav.send("PROPFIND", "/dav/data@1.0.0/a.txt", { depth: "0" }))
    .text();
  assertStringIncludes(listing, `<D:getetag>${etag}</D:getetag>`);
  assertStringIncludes(listing, "<D:getcontentlength>8</D:getcontentlength>");
  assertMatch(listing, /<D:getlastmodified>\w{3}, \d\d \w{3} \d{4} [\d:]{8} GMT</);
  const caching = { "data@1.0.0": "no-cache", "data/latest": "no-cache" };
  for (const [version, expected] of Object.entries(caching)) {
    const path = `/dav/${version}/a.txt`;
    const answer = await dav.send("GET", path);
    const headers = (name: string) => answer.headers.get(name);
    assertEquals([await answer.text(), headers("etag"), headers("cache-control")], [
      "in a.txt",
      etag,
      expected,
    ]);
    const part = await dav.send("GET", path, { range: "bytes=3-5" });
    assertEquals([part.status, await part.text()], [206, "a.t"]);
    const head = await dav.send("HEAD", path);
    assertEquals([head.status, head.headers.get("content-length")], [200, "8"]);
    assertEquals((await dav.send("GET", path, { "if-none-match": etag })).status, 304);
    assertEquals((await dav.send("GET", path, { range: "bytes=8-" })).status, 416);
  }
});

Deno.test("an alias leads to its new version within five seconds", async () => {
  const system = createScriptedSystem();
  await using dav = await openDav({ system });
  await dav.save("data", ["old"]);
  await dav.save("data", ["new"]);
  await dav.registry.setAlias("data", "best", "1.0.0");
  assertEquals(await dav.list("data/best"), ["data/best/", "data/best/old"]);
  await dav.registry.setAlias("data", "best", "2.0.0");
  system.advance(5000);
  assertEquals(await dav.list("data/best"), ["data/best/", "data/best/new"]);
});

slowTest("the record of a version is not read for each of its files", async () => {
  const backend = createScriptedBackend(createMemoryBackend());
  await using all = await openRegistry(backend);
  const content = new Uint8Array(1);
  const files = Array.from({ length: 50_001 }, (_, i) => ({ path: `${i}`, content }));
  await all.save("data", 0, { as: { ...saveFiles, save: () => files } });
  backend.forget();
  const opened = () => backend.asked({ verb: "get", key: /^names/ }).length;
  const system = createScriptedSystem();
  await using handler = createHandler(all, { gateways: [dav], system });
  const statusOf = async (path: string) => {
    const answer = await handler(new Request(`http://localhost/dav/data@1.0.0/${path}`));
    await answer.bytes();
    return answer.status;
  };
  for (const path of ["1", "50000", "1"]) {
    assertEquals([await statusOf(path), opened()], [200, 1]);
    system.advance(20_000);
  }
  assertEquals([await statusOf("1"), opened()], [200, 2]);
  await all.delete("data", { version: "1.0.0" });
  system.advance(60_000);
  assertEquals(await statusOf("1"), 404);
});

Deno.test("a whole tree at once is refused as the standard says", async () => {
  await using dav = await openDav();
  await dav.save("data", ["a"]);
  for (const depth of [undefined, "infinity", "Infinity"]) {
    const headers: Record<string, string> = depth === undefined ? {} : { depth };
    const answer = await dav.send("PROPFIND", "/dav/data@1.0.0", headers);
    assertEquals(answer.status, 403);
    assertStringIncludes(await answer.text(), "<D:propfind-finite-depth/>");
  }
  const wrong = await dav.send("PROPFIND", "/dav/data@1.0.0", { depth: "2" });
  assertEquals([wrong.status, (await wrong.json()).hint], [400, "Send Depth: 0 or Depth: 1."]);
});

Deno.test("a folder is not a file, and nothing can be written", async () => {
  await using dav = await openDav();
  await dav.save("data", ["in/a"]);
  const options = await dav.send("OPTIONS", "/dav/data@1.0.0/");
  assertEquals([options.status, options.headers.get("dav")], [200, "1"]);
  assertEquals(options.headers.get("allow"), "OPTIONS, GET, HEAD, PROPFIND");
  for (const path of ["", "data", "data/1.0.0", "data/1.0.0/in/"]) {
    const answer = await dav.send("GET", `/dav/${path}`);
    assertEquals([answer.status, (await answer.json()).state], [405, "the path is a folder"]);
  }
  const writes = ["PUT", "DELETE", "POST", "PATCH", "MKCOL", "MOVE", "COPY", "LOCK", "PROPPATCH"];
  for (const method of writes) {
    const answer = await dav.send(method, "/dav/data@1.0.0/in/a");
    const { hint } = await answer.json();
    assertEquals([answer.status, hint.includes("save a new one")], [405, true], method);
    assertEquals(answer.headers.get("allow"), "GET, HEAD, OPTIONS, PROPFIND");
  }
  for (const path of ["none", "none/1.0.0", "data/2.0.0", "data@1.0.0/none", "data@1.0.0/in/a/b"]) {
    for (const method of ["PROPFIND", "GET"]) {
      const { status } = await dav.send(method, `/dav/${path}`, { depth: "1" });
      assertEquals(status, 404, `${method} ${path}`);
    }
  }
});

Deno.test("there is no WebDAV without the option", async () => {
  await using dav = await openDav({ gateways: [] });
  await dav.save("data", ["a"]);
  assertEquals((await dav.send("PROPFIND", "/dav/", { depth: "1" })).status, 404);
  assertEquals((await dav.send("GET", "/dav/data@1.0.0/a")).status, 404);
});

Deno.test("links are left out, and empty folders are shown", async () => {
  await using root = await tempRoot();
  await Deno.mkdir(root.join("tree/empty"), { recursive: true });
  await Deno.writeTextFile(root.join("tree/a"), "a");
  await Deno.symlink("a", root.join("tree/link"));
  await using dav = await openDav();
  await dav.registry.save("tree", localPath(root.join("tree")));
  assertEquals(await dav.list("tree@1"), ["tree@1/", "tree@1/a", "tree@1/empty/"]);
  assertEquals(await dav.list("tree@1/empty"), ["tree@1/empty/"]);
  const link = await dav.send("GET", "/dav/tree@1/link");
  assertEquals([link.status, (await link.json()).state.includes("link")], [404, true]);
});

Deno.test("a token is sent as Bearer, or as the password of Basic", async () => {
  await using dav = await openDav({ tokens });
  await dav.save("data", ["a"]);
  const basic = (text: string) => `Basic ${Buffer.from(text).toString("base64")}`;
  const accepted = [
    "Bearer read:data",
    basic("me:read:data"),
    basic(":read:data"),
    basic("ä:read:*"),
  ];
  for (const authorization of accepted) {
    assertEquals(await dav.list("data@1.0.0", { authorization }), ["data@1.0.0/", "data@1.0.0/a"]);
    const answer = await dav.send("GET", "/dav/data@1.0.0/a", { authorization });
    assertEquals(await answer.text(), "in a");
  }
  for (
    const authorization of [
      undefined,
      "Bearer x",
      basic("read:data"),
      basic("read:data:"),
      "Basic ?",
    ]
  ) {
    for (const path of ["/dav/", "/dav/data@1.0.0/a"]) {
      const headers = { depth: "0", ...authorization && { authorization } };
      const { status, headers: sent } = await dav.send("PROPFIND", path, headers);
      assertEquals(status, 401, `${authorization} ${path}`);
      assertMatch(sent.get("www-authenticate")!, /^Bearer .*, Basic realm="holdfast"/);
    }
  }
  // Browsers send Basic by themselves: it opens only what reads.
  const elsewhere = await dav.send("GET", "/names", { authorization: basic("me:read:data") });
  assertEquals(elsewhere.status, 401);
  assertEquals(elsewhere.headers.get("www-authenticate")!.includes("Basic"), false);
});

Deno.test("a token sees neither names nor sizes of what it may not read", async () => {
  await using dav = await openDav({ tokens });
  for (const name of ["mine", "team/vault", "vault"]) await dav.save(name, ["secret.txt"]);
  await publishRelease(dav.registry, "serving", { secret: "vault" });
  await dav.registry.setAlias("serving", "production", "1.0.0");
  const authorization = "Bearer read:mine,read:serving";
  assertEquals(await dav.list("", { authorization }), ["", "mine/", "serving/"]);
  const names = [
    "vault",
    "team@@vault",
    "team%2Fvault",
    "team%40%40vault",
    "team@%40vault",
    "none",
  ];
  const versions = [
    "",
    "/",
    "/1.0.0",
    "@1.0.0",
    "/latest/",
    "/1.0.0/secret.txt",
    "@1/secret.txt",
    "@9",
  ];
  const files = ["serving@1.0.0", "serving/production", "serving/production/release.json"];
  const members = ["serving@production%2Fsecret", "serving/production@@secret/secret.txt"];
  const expected = new Map([
    ...names.flatMap((name) => versions.map((version) => [`${name}${version}`, 403] as const)),
    ...files.map((path) => [path, 403] as const),
    ...members.map((path) => [path, 400] as const),
  ]);
  for (const [path, status] of expected) {
    for (const method of ["PROPFIND", "GET", "HEAD"]) {
      const answer = await dav.send(method, `/dav/${path}`, { depth: "1", authorization });
      const text = await answer.text();
      assertEquals(answer.status, status, `${method} ${path}: ${text}`);
      assert(!text.includes("secret.txt") && !text.includes("getcontentlength"), text);
    }
  }
});

Deno.test("paths that climb lead nowhere", async () => {
  await using served = await serve({ handler: { gateways: [dav] } });
  const { registry, talk } = served;
  const files = [{ path: "in/a", content: new TextEncoder().encode("content") }];
  await registry.save("data", 0, { as: { ...saveFiles, save: () => files } });
  const ask = async (path: string) => {
    const head = ["Host: localhost", "Depth: 1", "Connection: close", "", ""].join("\r\n");
    const got = await talk(`GET ${path} HTTP/1.1\r\n${head}`);
    const listed = await talk(`PROPFIND ${path} HTTP/1.1\r\n${head}`);
    return [got, listed].map((text) => Number(text.split(" ")[1]));
  };
  assertEquals(await ask("/dav/data@1.0.0/in/a"), [200, 207]);
  for (
    const path of [
      ...["..%2fin%2fa", "in/..%2fin%2fa", "in%2f..%2f..%2fin%2fa", "in/%2e%2e%2fa", "%2e%2e%5ca"],
      ...["in//a", "/in/a", "in/a%00", "in/.%2fa", "in/a/..%2fa", "..;/in/a"],
    ]
  ) {
    assertEquals(await ask(`/dav/data@1.0.0/${path}`), [404, 404], path);
  }
  for (
    const path of [
      "/dav/..%2f..%2fetc/1.0.0/passwd",
      "/dav//in",
      "/dav/@1.0.0/in/a",
      "/dav/data@@/x",
    ]
  ) {
    const statuses = await ask(path);
    assert(statuses.every((status) => status === 400 || status === 404), `${path}: ${statuses}`);
  }
  assertEquals(await ask("/dav/data@1.0.0/%ff"), [400, 400]);
  assertEquals(await ask("/dav/data@1.0.0/in/../in/./a"), [200, 207]); // normalized first
  assertEquals((await ask("/dav/data@1.0.0/../../names"))[0], 200); // the route of names
});

Deno.test("the body of a request is read to its end and ignored, up to a limit", async () => {
  await using served = await serve({ handler: { gateways: [dav] } });
  await served.registry.save("data", 1);
  const ask = async (body: string) => {
    using connection = await served.connect();
    const head = ["Host: localhost", "Depth: 0", `Content-Length: ${body.length}`, "", ""];
    await connection.write(
      new TextEncoder().encode(`PROPFIND /dav/ HTTP/1.1\r\n${head.join("\r\n")}`),
    );
    await connection.write(new TextEncoder().encode(body)).catch(() => {});
    const bytes = new Uint8Array(2000);
    const count = await connection.read(bytes);
    return new TextDecoder().decode(bytes.subarray(0, count!));
  };
  for (const body of ["<propfind/>", "not XML & <<<", "<".repeat(500_000)]) {
    const answer = await ask(body);
    assertMatch(answer, /^HTTP\/1.1 207 /);
    assertMatch(answer, /connection: keep-alive/i);
  }
  assertMatch(await ask("x".repeat(2 * 1024 ** 2)), /^HTTP\/1.1 413 /);
});

slowTest("a large folder comes in small chunks, as they are read", async () => {
  await using dav = await openDav();
  const paths = Array.from({ length: 20_000 }, (_, i) => `file ${i}.txt`);
  await dav.save("large", paths);
  const answer = await dav.send("PROPFIND", "/dav/large@1.0.0/", { depth: "1" });
  let count = 0, largest = 0, text = "";
  for await (const chunk of answer.body!) {
    count++;
    largest = Math.max(largest, chunk.length);
    text += new TextDecoder().decode(chunk);
  }
  assert(largest < 20_000 && count > 100, `${count} chunks, up to ${largest} bytes`);
  assertEquals(hrefs(text).length, paths.length + 1);
});
