// The routes of OCI that read: what clients get by tag and by digest.
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { mirrorRegistry } from "../../../../apps/maintenance.ts";
import { localPath, publishRelease, realSystem } from "../../../../mod.ts";
import { tempRoot } from "../../../support/temp_root.ts";
import { digestOf, openOci, tokens } from "./open_oci.ts";

const NONE = `sha256:${"0".repeat(64)}`;

Deno.test("a version is a manifest with a layer for each file", async () => {
  await using oci = await openOci();
  const texts = { "config.json": "{}", "in/model.bin": "weights", "in/ü b.md": "text" };
  await oci.save("my:model", texts, { alias: "production" });
  const manifest = await oci.manifest("my/model", "production");
  assertEquals(manifest.mediaType, "application/vnd.oci.image.manifest.v1+json");
  assertEquals(manifest.artifactType, "application/vnd.cncf.model.manifest.v1+json");
  assertEquals(
    manifest.layers.map(({ mediaType, digest, size, annotations }) => [
      annotations["org.opencontainers.image.title"],
      annotations["org.cncf.model.filepath"],
      annotations["org.cnai.model.filepath"],
      mediaType.replace("application/vnd.cncf.model.", ""),
      digest,
      size,
    ]),
    Object.entries(texts).map(([path, text], at) => {
      const kind = ["weight.config", "weight", "doc"][at];
      const size = new TextEncoder().encode(text).length;
      return [path, path, path, `${kind}.v1.raw`, digestOf(text), size];
    }),
  );
  for (const { digest, size } of [manifest.config, ...manifest.layers]) {
    const answer = await oci.send(`my/model/blobs/${digest}`);
    const bytes = new Uint8Array(await answer.arrayBuffer());
    assertEquals([digestOf(bytes), bytes.length], [digest, size]);
    assertEquals(answer.headers.get("docker-content-digest"), digest);
    const head = await oci.send(`my/model/blobs/${digest}`, { method: "HEAD" });
    assertEquals([head.status, head.headers.get("content-length")], [200, String(size)]);
    assertEquals(head.headers.get("docker-content-digest"), digest);
  }
  const config = await (await oci.send(`my/model/blobs/${manifest.config.digest}`)).json();
  assertEquals(config.modelfs, {
    type: "layers",
    diffIds: manifest.layers.map(({ digest }) => digest),
  });
  for (const reference of ["1.0.0", "1", "latest", manifest.digest]) {
    assertEquals((await oci.manifest("my/model", reference)).text, manifest.text);
    const path = `my/model/manifests/${reference}`;
    const head = await oci.send(path, { method: "HEAD" });
    assertEquals(
      ["content-type", "content-length", "docker-content-digest"]
        .map((name) => head.headers.get(name)),
      [manifest.mediaType, String(new TextEncoder().encode(manifest.text).length), manifest.digest],
    );
    assertEquals(await head.text(), "");
  }
});

Deno.test("the digest of a manifest stays the same in later releases: clients pin it", async () => {
  const system = { ...realSystem, now: () => Date.UTC(2026, 10, 5) };
  await using oci = await openOci({}, { system });
  const paths = ["README.md", "config.json", "data.csv", "main.py", "model.safetensors"];
  await oci.save("team/bert:base", Object.fromEntries(paths.map((path) => [path, `in ${path}`])));
  const { digest } = await oci.manifest("team__bert/base", "1.0.0");
  assertEquals(
    digest,
    "sha256:7530b84a2d36f6a484ca975a93f27d3d7f7289abe5425820fe8fdc27b110a2b8",
  );
});

Deno.test("a mirror of a version has the same manifest", async () => {
  await using from = await openOci();
  await using to = await openOci();
  await from.save("my:model", { a: "text" });
  await mirrorRegistry(from.registry, to.registry);
  const [one, other] = await Promise.all([from, to].map((oci) => oci.manifest("my/model", "1")));
  assertEquals(one!.text, other!.text);
});

Deno.test("a range of a layer is sent", async () => {
  await using oci = await openOci();
  await oci.save("m", { a: "0123456789" });
  const path = `m/blobs/${digestOf("0123456789")}`;
  const range = async (range: string) => {
    const answer = await oci.send(path, { headers: { range } });
    return [answer.status, await answer.text(), answer.headers.get("content-range")];
  };
  assertEquals(await range("bytes=2-4"), [206, "234", "bytes 2-4/10"]);
  assertEquals(await range("bytes=7-"), [206, "789", "bytes 7-9/10"]);
  assertEquals(await oci.fails(path, { headers: { range: "bytes=10-" } }), [416, "RANGE_INVALID"]);
});

Deno.test("after a restart, manifests and layers of older versions are found by digest", async () => {
  await using oci = await openOci();
  const digests: string[] = [];
  for (const text of ["one", "two", "three"]) {
    await oci.save("m", { a: text });
    digests.push((await oci.manifest("m", "latest")).digest);
  }
  for (const [at, text] of ["one", "two", "three"].entries()) {
    await oci.restart();
    assertEquals(await oci.fails(`m/blobs/${digestOf(text)}`), [200, undefined]);
    await oci.restart();
    assertEquals((await oci.manifest("m", digests[at]!)).layers[0]!.digest, digestOf(text));
  }
  await oci.registry.delete("m", { version: "1.0.0" });
  for (let run = 0; run < 2; run++) {
    await oci.restart(); // a search for another version may have read this one, too
    assertEquals(await oci.fails(`m/manifests/${digests[0]}`), [404, "MANIFEST_UNKNOWN"]);
    assertEquals(await oci.fails(`m/blobs/${digestOf("one")}`), [404, "BLOB_UNKNOWN"]);
  }
});

Deno.test("a layer that a deleted version shares with another is found", async () => {
  await using oci = await openOci();
  await oci.save("m", { a: "same", b: "one" });
  await oci.save("m", { b: "two", c: "same" });
  for (const version of ["2.0.0", "1.0.0"]) await oci.manifest("m", version);
  await oci.registry.delete("m", { version: "1.0.0" });
  assertEquals(await oci.fails(`m/blobs/${digestOf("same")}`), [200, undefined]);
});

Deno.test("missing and invalid references have errors of OCI", async () => {
  await using oci = await openOci();
  await oci.save("m", { a: "text" });
  await oci.save("other", { a: "its own" });
  const cases: [string, number, string, RequestInit?][] = [
    ["m/manifests/none", 404, "MANIFEST_UNKNOWN"],
    ["m/manifests/9.0.0", 404, "MANIFEST_UNKNOWN"],
    ["m/manifests/2026-11-25", 404, "MANIFEST_UNKNOWN"],
    [`m/manifests/${NONE}`, 404, "MANIFEST_UNKNOWN"],
    ["m/manifests/sha256:abc", 404, "MANIFEST_UNKNOWN"],
    [`m/manifests/${digestOf("text")}`, 404, "MANIFEST_UNKNOWN"],
    ["none/manifests/latest", 404, "MANIFEST_UNKNOWN"],
    [`m/blobs/${NONE}`, 404, "BLOB_UNKNOWN"],
    [`m/blobs/${digestOf("its own")}`, 404, "BLOB_UNKNOWN"],
    [`none/blobs/${digestOf("text")}`, 404, "BLOB_UNKNOWN"],
    [`m/blobs/sha512:${"0".repeat(128)}`, 400, "DIGEST_INVALID"],
    ["m/blobs/..", 404, "NAME_UNKNOWN"],
    ["m/referrers/sha256:1", 400, "DIGEST_INVALID"],
    ["none/tags/list", 404, "NAME_UNKNOWN"],
    ["M/tags/list", 404, "NAME_UNKNOWN"],
    ["m/tags/list?n=x", 400, "UNSUPPORTED"],
    ["m/none", 404, "NAME_UNKNOWN"],
    ["m/blobs/uploads/", 405, "UNSUPPORTED", { method: "POST" }],
    ["m/manifests/new", 405, "UNSUPPORTED", { method: "PUT", body: "{}" }],
    ["m/manifests/1.0.0", 405, "UNSUPPORTED", { method: "DELETE" }],
  ];
  for (const [path, status, code, init] of cases) {
    assertEquals(await oci.fails(path, init), [status, code], path);
  }
  const pushed = await (await oci.send("m/manifests/new", { method: "PUT", body: "{}" })).text();
  assertStringIncludes(pushed, "read-only over OCI");
  const referrers = await (await oci.send(`m/referrers/${NONE}`)).json();
  assertEquals([referrers.schemaVersion, referrers.manifests], [2, []]);
});

Deno.test("an alias or a name like a part of a path is found", async () => {
  await using oci = await openOci();
  const parts = ["tags", "blobs", "referrers", "list"];
  for (const [at, alias] of parts.entries()) await oci.save("m", { a: `${at}` }, { alias });
  for (const [at, alias] of parts.entries()) {
    const { layers: [layer] } = await oci.manifest("m", alias);
    assertEquals(layer!.digest, digestOf(`${at}`), alias);
    await oci.save(`m:${alias}`, { a: alias }, { alias });
    const { layers } = await oci.manifest(`m/${alias}`, alias);
    assertEquals(layers[0]!.digest, digestOf(alias), alias);
    assertEquals(await oci.fails(`m/${alias}/blobs/${digestOf(alias)}`), [200, undefined], alias);
    const { tags } = await (await oci.send(`m/${alias}/tags/list`)).json();
    assertEquals(tags, ["1.0.0", "latest", alias].sort(), alias);
  }
});

Deno.test("tags and repositories come in pages, by their bytes", async () => {
  await using oci = await openOci();
  for (let i = 0; i < 12; i++) await oci.save("my:model", { a: `${i}` }, { alias: `run-${i % 3}` });
  await oci.save("my:model", { a: "x" }, { version: "13.0.0-rc.1+b.2" });
  for (const name of ["team/b", "team:b", "UPPER", "z"]) await oci.save(name, { a: name });
  const all = async (path: string, member: string) => {
    const items: string[] = [];
    for (let next: string | undefined = `${path}?n=5`; next !== undefined;) {
      const answer = await oci.send(next);
      const page: string[] = (await answer.json())[member];
      assert(page.length <= 5);
      items.push(...page);
      next = /<\/v2\/([^>]+)>; rel="next"/.exec(answer.headers.get("link") ?? "")?.[1];
    }
    return items;
  };
  const versions = Array.from({ length: 12 }, (_, i) => `${i + 1}.0.0`);
  const expected = [...versions, "13.0.0-rc.1", "latest", "run-0", "run-1", "run-2"].sort();
  assertEquals(await all("my/model/tags/list", "tags"), expected);
  assertEquals((await (await oci.send("my/model/tags/list")).json()).tags, expected);
  assertEquals((await (await oci.send("my/model/tags/list?n=0")).json()).tags, []);
  assertEquals(await all("_catalog", "repositories"), ["my/model", "team/b", "team__b", "z"]);
  for (const tag of expected) await oci.manifest("my/model", tag);
});

Deno.test("clients log in with a token as the password, and read what it may read", async () => {
  await using oci = await openOci({ tokens });
  await oci.save("team:model", { a: "text" });
  await oci.save("other:model", { a: "hidden" });
  await publishRelease(oci.registry, "team:release", { a: "team:model", b: "other:model" });
  const { digest } = await oci.manifest("team/model", "latest", "read:*");
  const release = await oci.manifest("team/release", "latest", "read:*");
  const challengeOf = async (headers = {}) =>
    (await oci.send("", { headers })).headers.get("www-authenticate");
  const realm = 'Bearer realm="http://localhost/v2/token",service="holdfast"';
  assertEquals(await challengeOf(), realm);
  const proxied = { "x-forwarded-proto": "https", "x-forwarded-prefix": "/data" };
  assertStringIncludes(await challengeOf(proxied) ?? "", '"https://localhost/data/v2/token"');
  for (const token of [undefined, "wrong"]) {
    assertEquals(await oci.fails("token", { token }), [401, "UNAUTHORIZED"]);
  }
  const given = await (await oci.send("token?service=holdfast", { token: "read:x" })).json();
  assertEquals([given.token, given.access_token], ["read:x", "read:x"]);
  const bearer = { authorization: "Bearer read:team:*" };
  assertEquals(await oci.fails("team/model/tags/list", { headers: bearer }), [200, undefined]);
  const of = (token?: string) => async (path: string) => (await oci.fails(path, { token }))[0];
  const paths = [
    "team/model/manifests/latest",
    `team/model/manifests/${digest}`,
    `team/model/blobs/${digestOf("text")}`,
    `team/model/referrers/${digest}`,
    "team/model/tags/list",
  ];
  const asked = async (token?: string) => await Promise.all(["", ...paths].map(of(token)));
  assertEquals(await asked(), [401, 401, 401, 401, 401, 401]);
  assertEquals(await asked("wrong"), [401, 401, 401, 401, 401, 401]);
  assertEquals(await asked("read:team:*"), [200, 200, 200, 200, 200, 200]);
  assertEquals(await asked("read:other:*"), [200, 403, 403, 403, 403, 403]);
  const catalog = await (await oci.send("_catalog", { token: "read:team:*" })).json();
  assertEquals(catalog.repositories, ["team/model", "team/release"]);
  // A release with a hidden member has no manifest, and its files no layers.
  for (
    const path of [
      "manifests/latest",
      `manifests/${release.digest}`,
      ...release.layers.map(({ digest }) => `blobs/${digest}`),
    ]
  ) {
    const status = await of("read:team:*")(`team/release/${path}`);
    assert(status === 403 || status === 404, `${status} ${path}`);
  }
});

Deno.test("links are left out, and versions with too many files are refused", async () => {
  await using oci = await openOci();
  await using root = await tempRoot();
  await Deno.mkdir(root.join("many"));
  await Deno.writeTextFile(root.join("many/a"), "text");
  await Deno.symlink("a", root.join("many/link"));
  await oci.registry.save("links", localPath(root.join("many")));
  const { layers } = await oci.manifest("links", "latest");
  assertEquals(layers.map(({ annotations }) => annotations["org.cncf.model.filepath"]), ["a"]);
  const most = Object.fromEntries(Array.from({ length: 15_000 }, (_, i) => [`file-${i}.bin`, ""]));
  await oci.save("many", most);
  assertEquals(await oci.fails("many/manifests/latest"), [422, "UNSUPPORTED"]);
  const more = Object.fromEntries(Array.from({ length: 17_000 }, (_, i) => [`${i}`, ""]));
  await oci.save("more", more);
  assertEquals(await oci.fails("more/manifests/latest"), [422, "UNSUPPORTED"]);
  assertEquals(await oci.fails(`more/blobs/${digestOf("")}`), [404, "BLOB_UNKNOWN"]);
});
