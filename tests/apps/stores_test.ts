import { assertEquals, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import { GetObjectCommand, S3Client } from "npm:@aws-sdk/client-s3@^3";
import { type RunningServer, serverTest } from "../support/servers/mod.ts";
import { locationOn } from "../servers/server_world.ts";
import { realSystem } from "../../core/system.ts";
import { createS3Backend } from "../../backends/s3.ts";
import { openRegistry } from "../../mod.ts";
import { REPOSITORY, runDeno } from "../support/run_deno.ts";
import { tempRoot } from "../support/temp_root.ts";
import { cliTest, holdfast, noise, succeeds } from "./captured_io.ts";

const placeOn = (server: RunningServer) => locationOn(server, realSystem.id());

serverTest(
  "every command works on a bucket",
  ["minio", "versitygw", "fake-gcs"],
  async (server) => {
    await using root = await tempRoot();
    const { url, env } = placeOn(server);
    const options = { cwd: root.path, env: { ...env, HOLDFAST_REGISTRY: url } };
    assertStringIncludes(await succeeds("init", { ...options, env: { ...env } }), ".holdfast");
    await Deno.remove(root.join(".holdfast"), { recursive: true });
    const none = await holdfast("ls", options);
    assertEquals(none.code, 3);
    assertStringIncludes(none.err, "holdfast init");
    assertStringIncludes(none.err, "--create-bucket");

    assertStringIncludes(await succeeds(["init", url], options), `in ${url}`);
    await Deno.mkdir(root.join("data"));
    await Deno.writeTextFile(root.join("data/a.csv"), "1,2\n");
    await succeeds("save data:raw data -a production", options);
    await succeeds("save config - --as json", { ...options, stdin: `{"lr":0.1}` });
    assertEquals(await succeeds("ls -q", options), "config\ndata:raw\n");
    assertEquals(await succeeds(["ls", "-q", url], { cwd: root.path, env }), "config\ndata:raw\n");
    assertStringIncludes(await succeeds("versions config", options), "1.0.0");
    assertStringIncludes(await succeeds("info data:raw@production", options), "a.csv");
    assertEquals(await succeeds("cat data:raw a.csv", options), "1,2\n");
    assertStringIncludes(await succeeds("load config", options), "0.1");
    await succeeds("copy config other", options);
    await succeeds("download data:raw out", options);
    assertEquals(await Deno.readTextFile(root.join("out/a.csv")), "1,2\n");
    await succeeds("rm other@1 --yes", options);
    await succeeds("verify", options);
    await succeeds("gc", options);
    await succeeds("prune --keep-last 1 --yes", options);
  },
);

serverTest(
  "openRegistry() opens the bucket in HOLDFAST_REGISTRY",
  ["minio", "fake-gcs"],
  async (server) => {
    const { url, env } = placeOn(server);
    const all: Record<string, string> = { ...env, HOLDFAST_REGISTRY: url };
    const system = { ...realSystem, env: (name: string) => all[name] };
    const none = await openRegistry(undefined, { system, cache: false }).catch((error) => error);
    assertEquals(none.code, "NotFound");
    assertStringIncludes(none.message, "HOLDFAST_REGISTRY in the environment");
    await using registry = await openRegistry(undefined, { system, cache: false, create: true });
    await registry.save("note", "remember");
    await using again = await openRegistry(url, { system, cache: false });
    assertEquals([again.id, await again.load("note")], [registry.id, "remember"]);
  },
);

serverTest(
  "keys of a bucket are read from s3_aksk.env",
  "minio",
  async (server) => {
    await using root = await tempRoot();
    const { url, env } = placeOn(server);
    const without = await holdfast(["ls", url], { cwd: root.path });
    assertEquals(without.code, 3);
    assertStringIncludes(without.err, "MINIO_HOLDFAST_SECRET_KEY");
    assertStringIncludes(without.err, root.join("s3_aksk.env"));
    assertEquals(without.err.includes("holdfast init"), false);
    const lines = Object.entries(env).map(([name, value]) => `${name}='${value}'\n`);
    await Deno.writeTextFile(root.join("s3_aksk.env"), lines.join(""));
    await succeeds(["init", url], { cwd: root.path });
    assertEquals(await succeeds(["ls", "-q", url], { cwd: root.path }), "");
  },
);

serverTest(
  "doctor shows the tests of a store and the price of a night as JSON",
  ["minio", "fake-gcs"],
  async (server) => {
    await using root = await tempRoot();
    const { url, env } = placeOn(server);
    await succeeds(["init", url], { cwd: root.path, env });
    const json = await succeeds(["doctor", "-r", url, "--json"], { cwd: root.path, env });
    const checks = json.trimEnd().split("\n").map((line) => JSON.parse(line));
    const { ok, kind, steps } = checks.find(({ what }) => what === "probe").certificate;
    assertEquals([ok, kind, steps.length > 5], [true, server.protocol, true]);
    const { verdict, found, night } = checks.find(({ what }) => what === "night");
    assertEquals([verdict, night.names, night.counted], ["ok", 0, "all"]);
    assertStringIncludes(
      found,
      "gc, prune, mirror and verify of 0 names with 0 records send about",
    );
  },
);

serverTest(
  "init refuses a store without conditional creates",
  "gofakes3",
  async (server) => {
    await using root = await tempRoot();
    // Takes away the condition of each create: the store then does what one does that knows no conditions.
    await using proxy = Deno.serve(
      { port: 0, hostname: "127.0.0.1", onListen() {} },
      async (request) => {
        const { pathname, search } = new URL(request.url);
        const headers = new Headers(request.headers);
        for (const name of ["if-none-match", "host"]) headers.delete(name);
        const body = request.body === null ? undefined : await request.bytes();
        return await fetch(server.endpoint + pathname + search, {
          method: request.method,
          headers,
          body,
        });
      },
    );
    const url = `minio://${server.bucket}/p?endpoint=http://127.0.0.1:${proxy.addr.port}`;
    const env = { MINIO_HOLDFAST_ACCESS_KEY: "a", MINIO_HOLDFAST_SECRET_KEY: "s" };
    const init = await holdfast(["init", url], { cwd: root.path, env });
    assertEquals(init.code, 1);
    assertStringIncludes(init.err, "a create never overwrites");
  },
);

/** Of a clone: the drivers are read when they are needed. */
const DRIVERS = `--allow-read=${join(REPOSITORY, "backends")}`;

serverTest(
  "a bucket needs the network, the environment and the drivers",
  ["minio", "fake-gcs"],
  async (server) => {
    await using root = await tempRoot();
    const { url, env } = placeOn(server);
    const host = `--allow-net=${new URL(server.endpoint).host}`;
    const permissions = [
      DRIVERS,
      host,
      "--allow-env",
      ...(server.protocol === "s3" ? ["--allow-sys=osRelease"] : []),
    ];
    const run = (args: string[], without?: string) =>
      runDeno("apps/cli.ts", args, {
        cwd: root.path,
        env,
        permissions: permissions.filter((flag) => flag !== without),
      });
    const save = ["save", "a", "-", "--allow-empty", "-r", url];
    for (const args of [["init", url], save, ["ls", url], ["gc", "-r", url]]) {
      const { code, stderr } = await run(args);
      assertEquals(code, 0, stderr);
    }
    const unread = await run(["ls", url], DRIVERS);
    assertEquals(unread.code, 6, unread.stderr);
    assertStringIncludes(unread.stderr, DRIVERS);
    const offline = await run(["ls", url], host);
    assertEquals(offline.code, 6, offline.stderr);
    assertStringIncludes(offline.stderr, "--allow-net");
    const unnamed = await run(["ls", url], "--allow-env");
    assertEquals(unnamed.code, server.protocol === "s3" ? 3 : 6, unnamed.stderr);
    assertStringIncludes(unnamed.stderr, "--allow-env");
    if (server.protocol === "s3") {
      assertStringIncludes(unnamed.stderr, "s3_aksk.env (no permission to read it)");
    }
  },
);

serverTest("cache says what is kept of buckets, and removes it", "minio", async (server) => {
  await using root = await tempRoot();
  const { url, env } = placeOn(server);
  const options = {
    cwd: root.path,
    env: { ...env, HOLDFAST_CACHE: root.join("cache"), HOLDFAST_REGISTRY: url },
  };
  await succeeds(["init", url], options);
  await succeeds("save a -", { ...options, stdin: noise(100_000) });
  await succeeds("load a -o out", options);
  const info = JSON.parse(await succeeds("cache info --json", options));
  assertEquals([info.path, info.bytes >= 100_000], [root.join("cache"), true]);
  assertStringIncludes(await succeeds("cache info", options), root.join("cache"));
  assertStringIncludes(await succeeds("cache clear", options), "Removed");
  for (const line of ["--no-cache load a -o again", "load a --no-cache -o once-more"]) {
    await succeeds(line, options);
  }
  assertEquals(JSON.parse(await succeeds("cache info --json", options)).files, 0);
});

cliTest("cache without a folder reports why; an unknown action is wrong usage", async (it) => {
  await it.tells("cache info", "HOLDFAST_CACHE");
  await it.fails("cache clear", 6);
  await it.fails("cache empty", 2);
});

cliTest("a URL that is wrong is wrong usage, and is not shown", async (it) => {
  const urls = ["s3://AKIA:s3cr3t@b", "s3://b?secretKey=s3cr3t", "ftp://AKIA:s3cr3t@h"];
  for (const url of urls) {
    const lines = [["ls", url], ["init", url], ["save", "x", "-", "-r", url]];
    for (const line of lines) {
      const { code, out, err } = await it.holdfast([...line, "-v"]);
      assertEquals(code, 2, err);
      assertEquals((out + err).includes("s3cr3t"), false, err);
    }
    const { code, err } = await it.holdfast("ls", { env: { HOLDFAST_REGISTRY: url } });
    assertEquals([code, err.includes("s3cr3t")], [2, false]);
  }
});

serverTest(
  "export site fills a bucket, and replaces its own site only",
  "minio",
  async (server) => {
    await using root = await tempRoot();
    const { url, env } = placeOn(server);
    const options = { cwd: root.path, env };
    const site = `${url}/site`;
    await succeeds("init", options);
    await Deno.writeTextFile(root.join("table.csv"), "a,b\n1,2\n");
    await succeeds("save config - --as json", { ...options, stdin: `{"lr":0.1}` });
    await succeeds("save old:table table.csv", options);
    const credentials = { accessKeyId: server.accessKey, secretAccessKey: server.secretKey };
    const { pathname } = new URL(`s3:${url.slice(url.indexOf("//"))}`);
    await using bucket = createS3Backend({
      provider: "minio",
      endpoint: server.endpoint,
      region: server.region,
      bucket: server.bucket,
      prefix: `${pathname.slice(1)}/site`,
      credentials,
    });
    const keysOf = async () =>
      (await Array.fromAsync(bucket.list(""))).flatMap((each) => "key" in each ? [each.key] : []);
    const { endpoint, region } = server;
    const client = new S3Client({ endpoint, region, credentials, forcePathStyle: true });
    const open = async (key: string) => {
      const Key = `${pathname.slice(1)}/site/${key}`;
      return await client.send(new GetObjectCommand({ Bucket: server.bucket, Key }));
    };

    const out = await succeeds(["export", "site", "config", "old:table", "--to", site], options);
    assertStringIncludes(out, `to ${site}`);
    for (
      const [key, type, text] of [
        ["index.html", "text/html; charset=utf-8", "explore/"],
        ["explore/index.html", "text/html; charset=utf-8", "Content-Security-Policy"],
        ["explore/main.js", "text/javascript; charset=utf-8", "import"],
        ["names/index.json", "application/json", `["config","old:table"]`],
        ["artifacts/config/versions/1.0.0/files/data.json", "application/json", `"lr"`],
        ["artifacts/old~3atable/versions/1.0.0/files/table.csv", "text/csv; charset=utf-8", "1,2"],
      ] as const
    ) {
      const { ContentType, Body } = await open(key);
      assertEquals(ContentType, type, key);
      assertStringIncludes(await Body!.transformToString(), text);
    }
    client.destroy();

    const first = await keysOf();
    await bucket.put("explore/main-OLDPART1.js", new Uint8Array(1));
    await bucket.put("notes.txt", new Uint8Array(1));
    await succeeds(["export", "site", "config", "--to", site], options);
    const left = first.filter((key) => !key.includes("old~3atable"));
    assertEquals(await keysOf(), [...left, "notes.txt"].sort());

    for (const taken of [url, `${url}/other`]) {
      if (taken !== url) await holdfast(["init", taken], options);
      const refused = await holdfast(["export", "site", "config", "--to", taken], options);
      assertEquals(refused.code, 2, refused.err);
      assertStringIncludes(refused.err, "other objects");
    }
  },
);
