import {
  assert,
  assertEquals,
  assertRejects,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import { writeFile } from "node:fs/promises";
import { createS3Configs } from "../../../backends/s3_configs.ts";
import { RegistryError } from "../../../core/errors.ts";
import { createScriptedSystem } from "../../support/scripted_system.ts";
import { type TempRoot, tempRoot, testInRoot } from "../../support/temp_root.ts";

const KEYS = { accessKeyId: "ak", secretAccessKey: "sk" };

/** Configurations that see only this environment and a file in this folder. */
function configsIn(root: TempRoot, environment: Record<string, string> = {}) {
  return createS3Configs({
    envFile: root.join("keys.env"),
    system: createScriptedSystem({ environment }),
  });
}

testInRoot("sources are program, environment, env file", async (root) => {
  await writeFile(
    root.join("keys.env"),
    "TOS_MY_B_ACCESS_KEY=f\nTOS_MY_B_SECRET_KEY='$f'\nTOS_MY_B_REGION=file\n",
  );
  const environment = {
    TOS_MY_B_ACCESS_KEY: "e",
    TOS_MY_B_SECRET_KEY: "$e",
    TOS_MY_B_REGION: "environment",
  };
  const fromFile = await configsIn(root).get("tos", "my-b");
  assertEquals([fromFile.accessKeyId, fromFile.secretAccessKey, fromFile.region], [
    "f",
    "$f",
    "file",
  ]);
  assertEquals((await configsIn(root, environment).get("tos", "my-b")).region, "environment");
  const configs = configsIn(root, environment);
  configs.register("tos", "my-b", { ...KEYS, region: "program" });
  assertEquals((await configs.get("tos", "my-b")).region, "program");
});

testInRoot("a secret in the env file is read as it is written", async (root) => {
  for (const secret of ["ab$cd", "$S3_B_SECRET_KEY", "ab#cd", "a=b$", "ab${cd"]) {
    await writeFile(root.join("keys.env"), `S3_B_ACCESS_KEY=ak\nS3_B_SECRET_KEY=${secret}\n`);
    assertEquals((await configsIn(root).get("s3", "b")).secretAccessKey, secret);
  }
});

testInRoot("no variable of the environment gets into a value of the env file", async (root) => {
  const endpoint = "S3_B_ENDPOINT=https://a.example/${TOKEN}";
  await writeFile(root.join("keys.env"), `S3_B_ACCESS_KEY=a\nS3_B_SECRET_KEY=b\n${endpoint}\n`);
  const { message } = await assertRejects(
    () => configsIn(root, { TOKEN: "secret" }).get("s3", "b"),
    RegistryError,
  );
  assertStringIncludes(message, "no line above it sets TOKEN");
});

testInRoot("a registered function is called at each use", async (root) => {
  const configs = configsIn(root);
  let use = 0;
  const source = async () => ({ ...KEYS, sessionToken: `token ${await Promise.resolve(++use)}` });
  assertEquals(configs.register("s3", "b", source), source);
  assertEquals(use, 0);
  assertEquals((await configs.get("s3", "b")).sessionToken, "token 1");
  assertEquals((await configs.get("s3", "b")).sessionToken, "token 2");
});

testInRoot("the env file is read at each use", async (root) => {
  const configs = configsIn(root);
  assertEquals(await configs.find("oss", "b"), undefined);
  await writeFile(root.join("keys.env"), "OSS_B_ACCESS_KEY=1\nOSS_B_SECRET_KEY=2\n");
  assertEquals((await configs.find("oss", "b"))?.secretAccessKey, "2");
  await writeFile(root.join("keys.env"), "\ufeffOSS_B_ACCESS_KEY=3\r\nOSS_B_SECRET_KEY=4\r\n");
  const { accessKeyId, secretAccessKey } = await configs.get("oss", "b");
  assertEquals([accessKeyId, secretAccessKey], ["3", "4"]);
});

testInRoot("register without a configuration is a decorator", async (root) => {
  const configs = configsIn(root);
  const source = () => KEYS;
  assertEquals(configs.register("cos", "b")(source), source);
  assertEquals((await configs.get("cos", "b")).accessKeyId, "ak");
});

Deno.test("a bucket has one registered configuration", () => {
  const configs = createS3Configs();
  configs.register("s3", "b", KEYS);
  assertEquals(
    assertThrows(() => configs.register("s3", "b", KEYS), RegistryError).code,
    "AlreadyExists",
  );
  configs.register("minio", "b", KEYS);
});

Deno.test("an unknown bucket is NotFound with variables and file", async () => {
  const root = await tempRoot();
  try {
    const error = await assertRejects(() => configsIn(root).get("tos", "my.b"), RegistryError);
    assertEquals(error.code, "NotFound");
    for (const name of ["ENDPOINT", "ACCESS_KEY", "SECRET_KEY", "REGION"]) {
      assertStringIncludes(error.message, `TOS_MY_B_${name}`);
    }
    assertStringIncludes(error.message, `${root.join("keys.env")} (no such file)`);
    assert(error.hint !== undefined);
  } finally {
    await root.remove();
  }
});

testInRoot("an incomplete configuration is Invalid", async (root) => {
  await writeFile(root.join("keys.env"), "S3_B_SECRET_KEY=sk\nS3_B_ACCESS_KEY=ak\n");
  const environment = {
    S3_B_ENDPOINT: "https://s3.test",
    S3_B_ACCESS_KEY: "ak",
    S3_B_SECRET_KEY: "",
  };
  const error = await assertRejects(
    () => configsIn(root, environment).get("s3", "b"),
    RegistryError,
  );
  assertEquals(error.code, "Invalid");
  assertStringIncludes(error.message, "S3_B_SECRET_KEY is not set");
  assertStringIncludes(error.message, "the environment");
  const configs = configsIn(root);
  // deno-lint-ignore no-explicit-any -- programs without types do this
  configs.register("s3", "c", (() => ({ endpoint: "https://s3.test" })) as any);
  const half = await assertRejects(
    () => configs.get("s3", "c"),
    RegistryError,
    "accessKeyId and secretAccessKey are not set",
  );
  assertEquals(half.code, "Invalid");
  // deno-lint-ignore no-explicit-any
  configs.register("s3", "d", (() => undefined) as any);
  assertEquals(
    (await assertRejects(() => configs.get("s3", "d"), RegistryError)).code,
    "Invalid",
  );
});

testInRoot("ambiguous variables are Invalid until both are registered", async (root) => {
  const environment = { TOS_MY_B_ACCESS_KEY: "ak", TOS_MY_B_SECRET_KEY: "sk" };
  const asked = configsIn(root, environment);
  await asked.get("tos", "my-b");
  const error = await assertRejects(() => asked.get("tos", "my.b"), RegistryError);
  assertEquals(error.code, "Invalid");
  for (const said of ["tos://my-b", "tos://my.b", "TOS_MY_B"]) {
    assertStringIncludes(error.message, said);
  }
  await asked.get("tos", "my-b");

  const registered = configsIn(root, environment);
  registered.register("tos", "my.b", KEYS);
  await registered.get("tos", "my.b");
  await assertRejects(() => registered.get("tos", "my-b"), RegistryError, "tos://my.b");
  registered.register("tos", "my-b", KEYS);
  await registered.get("tos", "my-b");
  await configsIn(root).find("tos", "my-b"); // where nothing is set nothing is ambiguous
});

testInRoot("names() lists known buckets without their keys", async (root) => {
  await writeFile(
    root.join("keys.env"),
    "TOS_MY_DATA_ACCESS_KEY=secret-1\nTOS_MY_DATA_SECRET_KEY=secret-2\n" +
      "OTHER_SECRET_KEY=x\nS3_A_B_SECRET_KEY=secret-3\n",
  );
  const environment = { OSS_LOGS_ACCESS_KEY: "secret-4", OSS_LOGS_SECRET_KEY: "secret-5" };
  const configs = configsIn(root, environment);
  configs.register("minio", "m", { accessKey: "secret-6", secretKey: "secret-7" });
  await configs.get("oss", "logs");
  await assertRejects(() => configs.get("s3", "a.b"), RegistryError, "S3_A_B_ACCESS_KEY");
  const list = await configs.names();
  assertEquals(list, [
    { provider: "minio", bucket: "m", source: "registered" },
    { provider: "oss", bucket: "logs", source: "environment" },
    { provider: "s3", bucket: "a.b", source: "file" },
    { provider: "tos", bucket: "my-data", source: "file" },
  ]);
});

testInRoot("names() searches the environment", async (root) => {
  const environment: Record<string, string> = {
    KS3_A_B_ACCESS_KEY: "1",
    KS3_A_B_SECRET_KEY: "2",
    KS3_SECRET_KEY: "",
  };
  const system = {
    ...createScriptedSystem({ environment }),
    envNames: () => Object.keys(environment),
  };
  const configs = createS3Configs({ envFile: root.join("keys.env"), system });
  assertEquals(await configs.names(), [{
    provider: "ks3",
    bucket: "a-b",
    source: "environment",
  }]);
});

Deno.test("invalid providers and buckets are Invalid", async () => {
  const configs = createS3Configs();
  for (
    const [provider, bucket] of [["", "b"], ["TOS", "b"], ["tos", ""], ["tos", "a/b"], [
      "tos",
      "k:s@b",
    ]]
  ) {
    assertEquals(
      assertThrows(() => configs.register(provider, bucket, KEYS), RegistryError).code,
      "Invalid",
    );
    assertEquals(
      (await assertRejects(() => configs.get(provider, bucket), RegistryError)).code,
      "Invalid",
    );
  }
});

Deno.test("a failing function is TaskFailed", async () => {
  const configs = createS3Configs();
  const cause = new Error("the vault is closed");
  configs.register("s3", "a", () => Promise.reject(cause));
  const error = await assertRejects(() => configs.get("s3", "a"), RegistryError);
  assertEquals([error.code, error.cause], ["TaskFailed", cause]);
  const own = new RegistryError({ code: "Denied", message: "Cannot open the vault: it is closed" });
  configs.register("s3", "b", () => Promise.reject(own));
  assertEquals(await assertRejects(() => configs.get("s3", "b")), own);
});

Deno.test("a spread configuration has all settings", async () => {
  const configs = createS3Configs({ system: createScriptedSystem() });
  configs.register("minio", "my-b", { ...KEYS, endpoint: "http://127.0.0.1:9000" });
  configs.register("minio", "other", { ...await configs.get("minio", "my-b"), region: "eu" });
  const { accessKeyId, secretAccessKey, endpoint, region, ...rest } = await configs.get(
    "minio",
    "other",
  );
  assertEquals({ accessKeyId, secretAccessKey, endpoint, region }, {
    ...KEYS,
    endpoint: "http://127.0.0.1:9000",
    region: "eu",
  });
  assertEquals(Object.keys(rest), ["toJSON"]);
});

Deno.test("aliases of keys are accepted, but not twice", async () => {
  const configs = createS3Configs({ system: createScriptedSystem() });
  configs.register("s3", "camel", { accessKey: "ak", secretKey: "sk" });
  configs.register("s3", "snake", { access_key: "ak", secret_key: "sk" });
  for (const bucket of ["camel", "snake"]) {
    const { accessKeyId, secretAccessKey } = await configs.get("s3", bucket);
    assertEquals({ accessKeyId, secretAccessKey }, KEYS);
  }
  configs.register("s3", "both", { ...KEYS, accessKey: "other" });
  await assertRejects(
    () => configs.get("s3", "both"),
    RegistryError,
    "accessKeyId is given twice, also as accessKey",
  );
});

Deno.test("an unknown provider has a suggestion", async () => {
  const configs = createS3Configs({ system: createScriptedSystem() });
  const error = await assertRejects(() => configs.get("minoi", "my-b"), RegistryError);
  assertEquals(error.code, "Invalid");
  assertEquals(
    error.message,
    'Cannot find the configuration of minoi://my-b: unknown provider "minoi"',
  );
  assertStringIncludes(error.hint!, "Did you mean minio?");
});
