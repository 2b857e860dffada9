import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { X509Certificate } from "node:crypto";
import { readFile } from "node:fs/promises";
import { realSystem } from "../../../../../core/system.ts";
import { tempRoot } from "../../../../support/temp_root.ts";
import { type CapturedIoOptions, cliTest, holdfast } from "../../../captured_io.ts";

interface Said {
  what: string;
  verdict: string;
  found: string;
  advice?: string;
}

/** The exit code of a doctor, and what it said of each thing. */
async function examine(
  line: string,
  options: CapturedIoOptions,
): Promise<{ code: number; said: Map<string, Said> }> {
  const { code, out } = await holdfast(`doctor --json ${line}`, options);
  const all = out.trim().split("\n").map((text) => JSON.parse(text) as Said);
  return { code, said: new Map(all.map((check) => [check.what, check])) };
}

cliTest("doctor finds a registry in a folder well, thing by thing", async (it) => {
  const at = { cwd: it.root.path, env: { HOLDFAST_CACHE: it.root.join("cache") } };
  await it.succeeds("init", at);
  const { code, said } = await examine("", at);
  assertEquals(code, 0);
  const things = [
    "names",
    "registry",
    "probe",
    "clock",
    "permissions",
    "disk",
    "cache",
    "certificates",
    "proxy",
  ];
  assertEquals([...said.keys()], things);
  assert(
    [...said.values()].every(({ verdict, advice }) => verdict === "ok" && advice === undefined),
  );
  const { out, err } = await it.holdfast("doctor --no-probe", at);
  assertStringIncludes(
    out,
    `ok    permissions   may read and write ${it.root.join(".holdfast")}\n`,
  );
  assertEquals([/probe|clock/.test(out), err], [false, "No problems.\n"]);
  assertEquals((await it.holdfast("doctor --no-probe --quiet", at)).out, "");
});

Deno.test("doctor fails where the registry cannot be opened, and goes on with the machine", async () => {
  await using root = await tempRoot();
  const none = await examine("", { cwd: root.path });
  assertEquals([none.code, none.said.get("registry")?.verdict], [1, "fail"]);
  assertStringIncludes(none.said.get("registry")!.advice!, "holdfast init");
  assert(none.said.has("proxy"));
  const named = await examine("", { cwd: root.path, env: { HOLDFAST_REGISTRY: "there" } });
  assertStringIncludes(
    named.said.get("registry")!.advice!,
    "named by HOLDFAST_REGISTRY in the environment",
  );
  assertEquals(named.said.get("disk")?.verdict, "ok", "that of the folder above");
});

cliTest("doctor says how far a clock is off, and from when on that is a trouble", async (it) => {
  await it.succeeds("init");
  const cases: [offMs: number, verdict: string, part: string][] = [
    [-300_000, "warn", "behind"],
    [-7 * 3_600_000, "fail", "behind"],
    [7 * 3_600_000, "fail", "ahead of"],
  ];
  for (const [offMs, verdict, part] of cases) {
    const system = { ...realSystem, env: () => undefined, now: () => realSystem.now() + offMs };
    const { said } = await examine("", { cwd: it.root.path, system });
    assertEquals(said.get("clock")?.verdict, verdict, JSON.stringify(said.get("clock")));
    assertStringIncludes(said.get("clock")!.found, part);
    assertStringIncludes(said.get("clock")!.advice!, "NTP");
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
  };
  const { code, out } = await it.holdfast("doctor", { env });
  assertEquals(code, 1);
  assertStringIncludes(out, "chmod go-w");
  assertStringIncludes(out, "contains no certificate");
  assertStringIncludes(out, "HTTPS_PROXY is http://proxy:3128");
  assert(!out.includes("verysecret"));
  const wrong = await examine("", { cwd: it.root.path, env: { HTTPS_PROXY: "verysecret" } });
  assertEquals(wrong.said.get("proxy")?.verdict, "fail");
  assert(!wrong.said.get("proxy")!.found.includes("verysecret"));
  const gone = await examine("", {
    cwd: it.root.path,
    env: { DENO_CERT: it.root.join("gone.pem") },
  });
  assertEquals(gone.said.get("certificates")?.verdict, "fail");
});

Deno.test("doctor takes a bundle of which some certificates ended for good, and names a file once", async () => {
  await using root = await tempRoot();
  const path = root.join("ca.pem");
  const read = (name: string) => readFile(new URL(`../../../../${name}`, import.meta.url), "utf8");
  const ended = await read("support/certificates/authority.pem");
  const now = () => Date.parse(new X509Certificate(ended).validTo) + 1;
  const system = {
    ...realSystem,
    now,
    env: (name: string) => ["SSL_CERT_FILE", "DENO_CERT"].includes(name) ? path : undefined,
  };
  await Deno.writeTextFile(path, ended);
  const alone = (await examine("--no-probe", { cwd: root.path, system })).said.get("certificates")!;
  assertEquals(alone.verdict, "warn");
  assertStringIncludes(alone.found, "from DENO_CERT, SSL_CERT_FILE");
  await Deno.writeTextFile(path, ended + await read("fixtures/certificates/first.crt"));
  const among = (await examine("--no-probe", { cwd: root.path, system })).said.get("certificates")!;
  assertEquals([among.verdict, /; 1 expired/.test(among.found)], ["ok", true]);
});

cliTest("doctor says what is wrong with the file of names, and goes on", async (it) => {
  const at = { env: { XDG_CONFIG_HOME: it.cwd } };
  await it.succeeds("init", at);
  await Deno.mkdir(it.root.join("holdfast"));
  const file = it.root.join("holdfast/config.json");
  for (
    const text of ['{\n"registries": {,}}', '{"registries":[]}', '{"registries":{"a":{"z":1}}}']
  ) {
    await Deno.writeTextFile(file, text, { mode: 0o600 });
    const { code, said } = await examine("--no-probe", { cwd: it.cwd, ...at });
    const { verdict, found, advice } = said.get("names")!;
    assertEquals([code, verdict, said.get("registry")?.verdict], [1, "fail", "ok"]);
    assert(found.includes(file) && advice !== undefined, found);
  }
});
