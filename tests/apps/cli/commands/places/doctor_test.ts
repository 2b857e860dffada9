import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { X509Certificate } from "node:crypto";
import { execFileSync } from "node:child_process";
import { copyFile, readFile, statfs } from "node:fs/promises";
import tls from "node:tls";
import { createHandler } from "../../../../../apps/server.ts";
import { createAccess, parseScope } from "../../../../../apps/server/access/access.ts";
import { openRegistry } from "../../../../../mod.ts";
import { realSystem } from "../../../../../core/system.ts";
import { fsError, withPatchedFs } from "../../../../backends/patched_fs.ts";
import { startCuttingServer } from "../../../../backends/bucket/cutting_server.ts";
import { canMount, smallDisk } from "../../../../support/small_disk.ts";
import { type CapturedIoOptions, type CliTest, cliTest } from "../../../captured_io.ts";

type Check = Record<"what" | "verdict" | "found", string> & { advice?: string };

/** Returns the exit code of doctor, and its checks by name. */
async function examine(it: CliTest, line = "", options: Partial<CapturedIoOptions> = {}) {
  const { code, out } = await it.holdfast(`doctor --json ${line}`, options);
  const all = out.trim().split("\n").map((text): Check => JSON.parse(text));
  return { code, checks: new Map(all.map((check) => [check.what, check])) };
}

cliTest("doctor checks a healthy registry", async (it) => {
  const at = { env: { HOLDFAST_CACHE: it.root.join("cache") } };
  await it.succeeds("init", at);
  const { code, checks } = await examine(it, "", at);
  assertEquals(code, 0);
  const names =
    "programs names registry settings probe clock permissions disk cache certificates proxy";
  assertEquals([...checks.keys()].join(" "), names);
  for (const { verdict, advice } of checks.values()) {
    assertEquals([verdict, advice], ["ok", undefined]);
  }
  const { out, err } = await it.holdfast("doctor --no-probe", at);
  const folder = it.root.join(".holdfast");
  assertStringIncludes(out, `ok    permissions   may read and write ${folder}\n`);
  assertEquals([/probe|clock/.test(out), err], [false, "No problems.\n"]);
  assertMatch(out, /^ok {4}programs {6}holdfast \d+\.\d+\.\d+, deno \d/);
  assertStringIncludes(out, `${folder}: the location is the nearest .holdfast`);
  assertMatch(
    out,
    /settings {6}names have versions, immutable, grace period 24 h, id [0-9a-f-]{36}/,
  );
  await it.prints("doctor --no-probe --quiet", "", at);
});

cliTest("doctor reports a missing registry, and checks the machine", async (it) => {
  const { code, checks } = await examine(it);
  assertEquals([code, checks.get("registry")?.verdict, checks.has("proxy")], [1, "fail", true]);
  assertStringIncludes(checks.get("registry")!.advice!, "holdfast init");
  const named = (await examine(it, "", { env: { HOLDFAST_REGISTRY: "there" } })).checks;
  assertStringIncludes(JSON.stringify(named.get("registry")), "named by HOLDFAST_REGISTRY");
  assertEquals(named.get("disk")?.verdict, "ok", "that of the folder above");
  const at = { env: { HOLDFAST_CACHE: it.root.join("cache") } };
  const { err } = await it.holdfast("doctor -r minio://models/team", at);
  assertStringIncludes(err, "1 failed, 1 warning.\n");
});

cliTest("doctor does not warn of a missing token: an open service needs none", async (it) => {
  const { checks } = await examine(it, "-r http://127.0.0.1:9 --wait 1s");
  assertEquals(checks.get("credentials")?.verdict, "ok");
  assertEquals(checks.get("registry")?.verdict, "fail");
});

cliTest("doctor checks that names with a slash pass the proxies of a service", async (it) => {
  await using registry = await openRegistry("memory:");
  const access = createAccess("me", [parseScope("read:mine")]);
  await using handler = createHandler(registry, {
    tokens: { find: () => Promise.resolve(access) },
  });
  const changes: [verdict: string, change: (request: Request) => Request | Response][] = [
    ["ok", (request) => request],
    ["fail", () => new Response("blocked", { status: 403 })],
    ["fail", () => new Response("<h1>Not Found</h1>", { status: 404 })],
    ["fail", (request) => new Request(request.url.replace(/@@/g, "/"), request)],
  ];
  for (const [verdict, change] of changes) {
    await using server = Deno.serve(
      { port: 0, hostname: "127.0.0.1", onListen() {} },
      (request) => {
        const changed = request.url.includes("/artifacts/") ? change(request) : request;
        return changed instanceof Response ? changed : handler(changed);
      },
    );
    const { checks } = await examine(it, `-r http://127.0.0.1:${server.addr.port}`, {
      env: { HOLDFAST_TOKEN: "token" },
    });
    const found = checks.get("slashes");
    assertEquals([found?.verdict, found?.advice === undefined], [verdict, verdict === "ok"]);
  }
});

cliTest("doctor never shows the secret of a location", async (it) => {
  const env = { HOLDFAST_REGISTRY: "s3://k:verysecret@b" };
  const { code, out, err } = await it.holdfast("doctor --json", { env });
  assertEquals([code, /verysecret/.test(out + err)], [1, false]);
});

cliTest("doctor compares clocks", async (it) => {
  await it.succeeds("init");
  const cases: [offMs: number, verdict: string, part: string][] = [
    [-300_000, "warn", "behind"],
    [-7 * 3_600_000, "fail", "behind"],
    [7 * 3_600_000, "fail", "ahead of"],
  ];
  for (const [offMs, expected, part] of cases) {
    const system = { ...realSystem, env: () => undefined, now: () => realSystem.now() + offMs };
    const { verdict, found, advice } = (await examine(it, "", { system })).checks.get("clock")!;
    assertEquals(verdict, expected, found);
    assertStringIncludes(found, part);
    assertStringIncludes(advice!, "NTP");
  }
});

cliTest("doctor finds bad certificates, proxies and permissions", async (it) => {
  await Deno.mkdir(it.root.join("holdfast"));
  await Deno.writeTextFile(it.root.join("holdfast/config.json"), "{}", { mode: 0o600 });
  await Deno.chmod(it.root.join("holdfast/config.json"), 0o666);
  await Deno.writeTextFile(it.root.join("ca.pem"), "no certificate");
  const env = {
    XDG_CONFIG_HOME: it.root.path,
    NODE_EXTRA_CA_CERTS: it.root.join("ca.pem"),
    HTTPS_PROXY: "http://user:verysecret@proxy:3128",
    all_proxy: "socks5://user:verysecret@proxy:1080",
    NO_PROXY: "localhost,.corp",
  };
  const { code, out } = await it.holdfast("doctor", { env });
  assertEquals(code, 1);
  assertStringIncludes(out, "chmod go-w");
  assertStringIncludes(out, "contains no certificate");
  assertStringIncludes(out, "HTTPS_PROXY is http://proxy:3128, not for localhost,.corp");
  assertStringIncludes(out, "all_proxy is not the URL of an HTTP proxy");
  assert(!out.includes("verysecret"));
  const wrong = (await examine(it, "", { env: { HTTPS_PROXY: "verysecret" } })).checks.get(
    "proxy",
  )!;
  assertEquals([wrong.verdict, wrong.found.includes("verysecret")], ["fail", false]);
  const { checks } = await examine(it, "", { env: { DENO_CERT: it.root.join("gone.pem") } });
  assertEquals(checks.get("certificates")?.verdict, "fail");
});

cliTest("doctor names an untrusted certificate of a service or bucket", async (it) => {
  await using server = await startCuttingServer({ secure: true });
  const { host } = new URL(server.endpoint);
  const env = {
    MINIO_BUCKET_ENDPOINT: server.endpoint,
    MINIO_BUCKET_ACCESS_KEY: "a",
    MINIO_BUCKET_SECRET_KEY: "s",
    MINIO_BUCKET_REGION: "r",
  };
  for (const location of [server.endpoint, "minio://bucket"]) {
    const { code, checks } = await examine(it, `-r ${location}`, { env });
    const { verdict, found, advice } = checks.get("registry")!;
    assertEquals([code, verdict], [1, "fail"]);
    assertStringIncludes(found, 'is not trusted (issuer "holdfast-tests")');
    assertStringIncludes(found, host);
    assertStringIncludes(advice!, "NODE_EXTRA_CA_CERTS or DENO_CERT");
  }
});

cliTest("doctor and ls name an expired certificate of a service or bucket", async (it) => {
  await using server = await startCuttingServer({ secure: true, expired: true });
  const env = {
    MINIO_BUCKET_ENDPOINT: server.endpoint,
    MINIO_BUCKET_ACCESS_KEY: "a",
    MINIO_BUCKET_SECRET_KEY: "s",
    MINIO_BUCKET_REGION: "r",
  };
  for (const location of [server.endpoint, "minio://bucket"]) {
    const { checks } = await examine(it, `-r ${location}`, { env });
    const { found, advice } = checks.get("registry")!;
    assertStringIncludes(found, "has a certificate that expired on 2025-02-01");
    assertStringIncludes(advice!, "Renew the certificate");
    const { err, code } = await it.holdfast(`ls -r ${location}`, { env });
    assertStringIncludes(err, "expired on 2025-02-01");
    assertEquals(code, 7);
  }
});

cliTest("doctor accepts bundles with some expired certificates", async (it) => {
  const path = it.root.join("ca.pem");
  const read = (name: string) => readFile(new URL(`../../../../${name}`, import.meta.url), "utf8");
  const expired = await read("support/certificates/authority.pem");
  const now = () => Date.parse(new X509Certificate(expired).validTo) + 1;
  const env = (name: string) => /^(SSL_CERT_FILE|DENO_CERT)$/.test(name) ? path : undefined;
  const check = async (text: string) => {
    await Deno.writeTextFile(path, text);
    const { checks } = await examine(it, "--no-probe", { system: { ...realSystem, now, env } });
    return checks.get("certificates")!;
  };
  const alone = await check(expired);
  assertEquals(alone.verdict, "warn");
  assertStringIncludes(alone.found, "from DENO_CERT, SSL_CERT_FILE");
  const among = await check(expired + await read("fixtures/certificates/first.crt"));
  assertEquals([among.verdict, among.found.includes("; 1 expired")], ["ok", true]);
});

cliTest("doctor names certificates that this program does not read", async (it) => {
  const path = it.root.join("ca.pem");
  const certificates = async (env: Record<string, string>) =>
    (await examine(it, "--no-probe", { env })).checks.get("certificates")!;
  const source = new URL("../../../../support/certificates/authority.pem", import.meta.url);
  await copyFile(source, path);
  for (const name of ["AWS_CA_BUNDLE", "SSL_CERT_FILE"]) {
    const { verdict, found, advice } = await certificates({ [name]: path });
    assertEquals(verdict, "warn", found);
    assertStringIncludes(found, `1 in ${path} not trusted: this program does not read ${name}`);
    assertEquals(advice, "Name the file in NODE_EXTRA_CA_CERTS too.");
    const both = await certificates({ [name]: path, NODE_EXTRA_CA_CERTS: path });
    assertEquals([both.verdict, both.found.startsWith(`1 in ${path}, from `)], ["ok", true]);
  }
  const ofSystem = { SSL_CERT_FILE: path, DENO_TLS_CA_STORE: "mozilla,system" };
  assertEquals((await certificates(ofSystem)).verdict, "ok");
  await Deno.writeTextFile(path, tls.rootCertificates.slice(0, 3).join("\n"));
  assertEquals((await certificates({ SSL_CERT_FILE: path })).verdict, "ok");
});

cliTest("doctor reports a broken file of names", async (it) => {
  const at = { env: { XDG_CONFIG_HOME: it.cwd } };
  await it.succeeds("init", at);
  await Deno.mkdir(it.root.join("holdfast"));
  const file = it.root.join("holdfast/config.json");
  const texts = ['{\n"registries": {,}}', '{"registries":[]}', '{"registries":{"a":{"z":1}}}'];
  for (const text of texts) {
    await Deno.writeTextFile(file, text, { mode: 0o600 });
    const { code, checks } = await examine(it, "--no-probe", at);
    const { verdict, found, advice } = checks.get("names")!;
    assertEquals([code, verdict, checks.get("registry")?.verdict], [1, "fail", "ok"]);
    assert(found.includes(file) && advice !== undefined, found);
  }
});

cliTest("doctor warns of the certificate of a service before it expires", async (it) => {
  await using server = await startCuttingServer({ secure: true });
  const pem = await readFile(
    new URL("../../../../support/certificates/server.pem", import.meta.url),
  );
  const end = Date.parse(new X509Certificate(pem).validTo);
  const until = new Date(end).toISOString().slice(0, 10);
  for (const [days, verdict] of [[15, "ok"], [13, "warn"], [-1, "fail"]] as const) {
    const system = { ...realSystem, env: () => undefined, now: () => end - days * 86_400_000 };
    const { checks } = await examine(it, `-r ${server.endpoint}`, { system });
    const check = checks.get("certificate");
    assertEquals([check?.verdict, check?.found.includes(until)], [verdict, true], String(days));
  }
});

cliTest("a registry in a read-only image is healthy, and nothing is saved there", async (it) => {
  const disk = await smallDisk(16 * 2 ** 20);
  try {
    const registry = disk.join("registry");
    await it.succeeds(`init ${registry}`);
    await Deno.writeTextFile(it.root.join("a.txt"), "1");
    await it.succeeds(`save a a.txt -r ${registry}`);
    const { bavail, bsize } = await statfs(disk.path);
    await Deno.writeFile(disk.join("rest"), new Uint8Array(bavail * bsize)); // as in an image
    execFileSync("mount", ["-o", "remount,ro", disk.path]);
    const { code, checks } = await examine(it, `-r ${registry}`);
    const found = [...checks.values()].filter(({ verdict }) => verdict !== "ok");
    assertEquals([code, found], [0, []]);
    assertStringIncludes(checks.get("disk")!.found, "read-only: nothing can be saved");
    assertStringIncludes(checks.get("probe")!.found, "not tried");
    await it.prints(`cat a -r ${registry}`, "1");
    await it.fails(`save a a.txt -r ${registry}`, 6, "the file system is read-only");
  } finally {
    await disk.remove();
  }
}, { ignore: !canMount });

cliTest("a full disk of the cache is a warning, with the command that clears it", async (it) => {
  await using disk = await smallDisk(16 * 2 ** 20);
  await it.succeeds("init");
  const { code, checks } = await examine(it, "", { env: { HOLDFAST_CACHE: disk.join("cache") } });
  const { verdict, advice } = checks.get("cache")!;
  assertEquals([code, verdict], [0, "warn"]);
  assertStringIncludes(advice!, "holdfast cache clear");
}, { ignore: !canMount });

cliTest("doctor warns of a disk that cannot sync folders", async (it) => {
  await it.succeeds("init");
  const { checks } = await withPatchedFs((real) => ({
    fsync: (file: number, done: (error: Error | null) => void) =>
      real.fstatSync(file).isDirectory() ? done(fsError("EINVAL")) : real.fsync(file, done),
  }), () => examine(it, "--no-probe"));
  assertEquals(checks.get("durability")?.verdict, "warn");
});
