import { assertEquals, assertRejects } from "@std/assert";
import { inspect } from "node:util";
import { openBackend } from "../../../backends/mod.ts";
import { createS3Configs, type S3Configs } from "../../../backends/s3_configs.ts";
import { isRegistryError } from "../../../core/errors.ts";
import { serverTest } from "../../support/servers/mod.ts";
import { createScriptedSystem } from "../../support/scripted_system.ts";

const SECRETS = ["AK7first", "SK7second", "TOK7third"];
const [accessKey, secretKey, sessionToken] = SECRETS;
const CONFIG = { endpoint: "http://127.0.0.1:1", region: "r", accessKey, secretKey, sessionToken };

/** All usual ways to print a value. */
function printed(value: unknown): string {
  const views = [value, { value }, [value], new Map([["value", value]])].flatMap((view) => [
    Deno.inspect(view, { showHidden: true, depth: 10, getters: true }),
    Deno.inspect(view),
    inspect(view, { showHidden: true, depth: 10, getters: true }),
    JSON.stringify(view),
    String(view),
  ]);
  const copies = typeof value === "object"
    ? [inspect({ ...value }), JSON.stringify({ ...value })]
    : [];
  return [...views, ...copies].join("\n");
}

function assertHidden(text: string): void {
  assertEquals(SECRETS.filter((secret) => text.includes(secret)), []);
}

/** The text of a failure, with its stack, fields and causes. */
async function shownByFailure(action: () => Promise<unknown>): Promise<string> {
  const error = await assertRejects(action, Error);
  let shown = "";
  for (let at: unknown = error; at instanceof Error; at = at.cause) {
    shown += `${at.stack} ${printed(at)} ${isRegistryError(at) ? at.hint : ""}`;
  }
  return shown;
}

function configured(): S3Configs[] {
  const variables = {
    ACCESS_KEY: accessKey,
    SECRET_KEY: secretKey,
    SESSION_TOKEN: sessionToken,
    ENDPOINT: CONFIG.endpoint,
  };
  const environment = Object.fromEntries(
    Object.entries(variables).map(([name, value]) => [`MINIO_BUCKET_${name}`, value]),
  );
  const registered = createS3Configs();
  registered.register("minio", "bucket", CONFIG);
  return [registered, createS3Configs({ system: createScriptedSystem({ environment }) })];
}

Deno.test("a configuration is never printed with its secrets", async () => {
  for (const configs of configured()) {
    const config = await configs.get("minio", "bucket");
    assertEquals([config.accessKeyId, config.secretAccessKey, config.sessionToken], SECRETS);
    assertHidden(printed(config));
    assertHidden(printed(configs));
    assertHidden(printed(await configs.names()));
    assertEquals(JSON.parse(JSON.stringify(config)).endpoint, CONFIG.endpoint);
  }
});

Deno.test("failures of a configuration show no secret", async () => {
  const configs = createS3Configs({
    system: createScriptedSystem({ environment: { S3_B_SECRET_KEY: secretKey } }),
  });
  assertHidden(await shownByFailure(() => configs.get("s3", "b")));
  // deno-lint-ignore no-explicit-any -- programs without types do this
  configs.register("s3", "c", { accessKey: [accessKey], secretKey } as any);
  assertHidden(await shownByFailure(() => configs.get("s3", "c")));
});

Deno.test("a backend and its errors show no secret", async () => {
  for (const s3Configs of configured()) {
    const backend = await openBackend("minio://bucket/p", { s3Configs });
    assertHidden(printed(backend));
    assertHidden(backend.location + JSON.stringify(backend.reopen));
    await backend[Symbol.asyncDispose]();
    assertHidden(await shownByFailure(() => openBackend("minio://bucket?region=", { s3Configs })));
  }
});

serverTest("a refusal of the store shows no secret", "minio", async ({ bucket, endpoint }) => {
  const configs = createS3Configs();
  configs.register("minio", bucket, { ...CONFIG, endpoint });
  assertHidden(await shownByFailure(() => configs.upload("x", `minio://${bucket}/key`)));
  const backend = await openBackend(`minio://${bucket}/p`, { s3Configs: configs });
  assertHidden(await shownByFailure(() => backend.put("key", new Uint8Array(1))));
  await backend[Symbol.asyncDispose]();
});

Deno.test("a URL with credentials is refused, and is not shown", async () => {
  const urls = [
    `s3://${accessKey}:${secretKey}@bucket/prefix`,
    `s3://${accessKey}:${secretKey}@`,
    `ftp://${accessKey}:${secretKey}@host/x`,
    `s3://bucket?secretKey=${secretKey}`,
    `s3://bucket?endpoint=https://${accessKey}:${secretKey}@host`,
    `gs://bucket?endpoint=https://${accessKey}:${secretKey}@host`,
    `s3://bucket?endpoint=${secretKey}`,
    `s3:${accessKey}:${secretKey}@bucket`,
    `s3://${accessKey}:${secretKey}/bucket`,
  ];
  for (const url of urls) {
    const error = await assertRejects(() => openBackend(url), Error);
    assertEquals(isRegistryError(error, "Invalid"), true, url);
    assertHidden(await shownByFailure(() => openBackend(url)));
  }
  const configs = createS3Configs();
  assertHidden(
    await shownByFailure(() => configs.upload("x", `tos://${accessKey}:${secretKey}@bucket/key`)),
  );
  assertHidden(
    await shownByFailure(() => configs.download(`tos://${accessKey}:${secretKey}@bucket/key`)),
  );
});
