// "Registration Mechanisms Guide": S3 configurations and operators of general_pipeline.
import { assert, assertEquals, assertNotStrictEquals, assertStrictEquals } from "@std/assert";
import { assertThrows } from "@std/assert";
import { mkdir, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createS3Configs } from "@holdfast/holdfast/backends";
import { createOperators, EXIT_CODES, Operator, runOperator } from "@holdfast/holdfast/operators";
import type { OperatorContext } from "@holdfast/holdfast/operators";
import { openRegistry, RegistryError } from "@holdfast/holdfast";
import { parsePipeline } from "@holdfast/holdfast/operators/config";
import { runPipeline } from "@holdfast/holdfast/operators/runner";
import { realSystem, silentLogger } from "../../core/system.ts";
import { createScriptedSystem } from "../support/scripted_system.ts";
import { serverTest } from "../support/servers/mod.ts";
import { tempRoot } from "../support/temp_root.ts";

const CONFIG = {
  endpoint: "https://tos-cn-beijing.volces.com",
  access_key: "your_access_key",
  secret_key: "your_secret_key",
  region: "cn-beijing",
};

Deno.test("S3, method 1: a decorator registers the configuration of a bucket", async () => {
  const configs = createS3Configs();
  class Settings {
    @configs.register("tos", "my-bucket")
    static configureTosBucket() {
      return CONFIG;
    }
  }
  void Settings;
  assertEquals((await configs.get("tos", "my-bucket")).secretAccessKey, "your_secret_key");
});

Deno.test("S3, method 2: variables, also in s3_aksk.env; what is registered comes first", async () => {
  await using root = await tempRoot();
  const envFile = root.join("s3_aksk.env");
  await writeFile(
    envFile,
    `# In s3_aksk.env
TOS_MY_BUCKET_ENDPOINT=https://tos-cn-beijing.volces.com
TOS_MY_BUCKET_ACCESS_KEY=your_access_key
TOS_MY_BUCKET_SECRET_KEY=your_secret_key
TOS_MY_BUCKET_REGION=cn-beijing
`,
  );
  const configs = createS3Configs({ envFile, system: createScriptedSystem({ environment: {} }) });
  const { endpoint, accessKeyId, region } = await configs.get("tos", "my-bucket");
  assertEquals([endpoint, accessKeyId, region], [
    "https://tos-cn-beijing.volces.com",
    "your_access_key",
    "cn-beijing",
  ]);
  configs.register("tos", "my-bucket", { ...CONFIG, region: "registered" });
  assertEquals((await configs.get("tos", "my-bucket")).region, "registered");
  assertEquals(await configs.find("s3", "none"), undefined);
});

Deno.test("S3, programmatic and dynamic registration", async () => {
  const configs = createS3Configs();
  const endpoint = "https://s3.amazonaws.com";
  const keys = (name: string) => ({ access_key: `${name}_key`, secret_key: `${name}_secret` });
  configs.register("s3", "prod-bucket", () => ({ endpoint, ...keys("prod"), region: "us-east-1" }));
  configs.register("s3", "dev-bucket", () => ({ endpoint, ...keys("dev"), region: "us-west-2" }));
  assertEquals((await configs.get("s3", "prod-bucket")).accessKeyId, "prod_key");
  const environment: Record<string, string> = { DYNAMIC_KEY: "key", DYNAMIC_SECRET: "secret" };
  configs.register("tos", "dynamic-bucket", () => ({
    endpoint: CONFIG.endpoint,
    access_key: environment.DYNAMIC_KEY!,
    secret_key: environment.DYNAMIC_SECRET!,
    region: environment.DYNAMIC_REGION ?? "cn-beijing",
  }));
  assertEquals((await configs.get("tos", "dynamic-bucket")).region, "cn-beijing");
  assertEquals((await configs.names()).map(({ bucket }) => bucket), [
    "prod-bucket",
    "dev-bucket",
    "dynamic-bucket",
  ]);
});

serverTest("S3, the complete example: a file goes up and down", "minio", async (server) => {
  const { bucket, endpoint, region, accessKey: access_key, secretKey: secret_key } = server;
  const configs = createS3Configs();
  configs.register("minio", bucket, () => ({ endpoint, access_key, secret_key, region }));
  const url = `minio://${bucket}/${realSystem.id()}/result.csv`;
  await configs.upload("a,b\n1,2\n", url);
  assertEquals(new TextDecoder().decode(await configs.download(url)), "a,b\n1,2\n");
});

const operators = createOperators();

@operators.register("data_cleaner_v1")
class DataCleanerOperator extends Operator {
  override run({ inputRoot, logger }: OperatorContext): number {
    logger.info(`Cleaning data in ${inputRoot}`);
    return 0;
  }
  override command({ inputRoot, outputRoot }: OperatorContext): string[] {
    return ["python", "clean.py", "--input", inputRoot, "--output", outputRoot];
  }
}

Deno.test("operators: registration, and discovery by id", async () => {
  await using root = await tempRoot();
  assertStrictEquals(operators.get("data_cleaner_v1"), DataCleanerOperator);
  const { exitCode } = await runOperator(new DataCleanerOperator(), {
    pipelineId: "my_pipeline",
    nodeId: "node_1",
    operatorId: "data_cleaner_v1",
    inputRoot: root.path,
  });
  assertEquals(exitCode, 0);
  assert(operators.names().includes("data_cleaner_v1"));
});

@operators.register("feature_extractor_v1")
class FeatureExtractorOperator extends Operator {
  override async validateInput(context: OperatorContext): Promise<boolean> {
    if (!await super.validateInput(context)) return false;
    const { inputRoot, logger } = context;
    for (const name of ["data.csv", "schema.json"]) {
      const found = await stat(join(inputRoot, name)).catch(() => undefined);
      if (found !== undefined) continue;
      logger.error(`Required file not found: ${name}`);
      return false;
    }
    return true;
  }
  override async run(context: OperatorContext): Promise<number> {
    if (!await this.validateInput(context)) return EXIT_CODES.input;
    try {
      const data = await readFile(join(context.inputRoot, "data.csv"));
      await writeFile(join(context.outputRoot, "features.csv"), data);
      return EXIT_CODES.ok;
    } catch {
      return EXIT_CODES.logic;
    }
  }
  override command({ inputRoot, outputRoot, workspaceRoot, operatorId }: OperatorContext) {
    const roots = ["--input", inputRoot, "--output", outputRoot, "--workspace", workspaceRoot];
    return ["python", "extract_features.py", ...roots, "--operator-id", operatorId];
  }
}

Deno.test("operators: the complete example, with 2 for an input that is not valid", async () => {
  await using root = await tempRoot();
  const errors: string[] = [];
  const logger = { ...silentLogger, error: (line: string) => void errors.push(line) };
  const run = () =>
    runOperator(new FeatureExtractorOperator(), { inputRoot: root.join("in"), logger });
  assertEquals([(await run()).exitCode, errors], [2, []]);
  await mkdir(root.join("in"));
  assertEquals([(await run()).exitCode, errors], [2, ["Required file not found: data.csv"]]);
  for (const name of ["data.csv", "schema.json"]) await writeFile(root.join("in", name), "1");
  const { exitCode, outputRoot } = await run();
  assertEquals(exitCode, 0);
  assertEquals(await readFile(join(outputRoot, "features.csv"), "utf8"), "1");
});

Deno.test("operators: a pipeline refers to them by id", () => {
  const text = `
pipeline:
  operators:
    refs:
      - feature_extractor_v1:v1.0
      - data_cleaner_v1:v1.0
`;
  parsePipeline(text, { operators });
});

Deno.test("operators: a pipeline looks them up, creates them and calls run", async () => {
  await using root = await tempRoot();
  const ids: string[] = [];
  await using own = createOperators();
  @own.register("data_cleaner_v1")
  class DataCleaner extends DataCleanerOperator {
    override run(context: OperatorContext): number {
      ids.push(context.operatorId);
      return super.run(context);
    }
  }
  void DataCleaner;
  const text = "pipeline: { operators: { refs: [data_cleaner_v1:v1.0] } }";
  const pipeline = parsePipeline(text, { operators: own });
  await using registry = await openRegistry(root.join("registry"));
  const { end } = await runPipeline(pipeline, { registry, operators: own, root: root.path });
  assertEquals([end, ids], ["ok", ["data_cleaner_v1"]]);
});

Deno.test("singletons: the same id is the same instance, another id another", async () => {
  await using own = createOperators();
  @own.register("singleton_test", { singleton: true })
  class TestOperator extends Operator {
    constructor(_ids: { pipelineId?: string; nodeId?: string; operatorId: string }) {
      super();
    }
    override run(): number {
      return 0;
    }
    override command(): string[] {
      return ["python", "test.py"];
    }
  }
  const ids = { pipelineId: "pipeline1", nodeId: "node1" };
  assertStrictEquals(
    new TestOperator({ ...ids, operatorId: "singleton_test" }),
    new TestOperator({ ...ids, operatorId: "singleton_test" }),
  );
  const op1 = new TestOperator({ ...ids, operatorId: "operator_1" });
  const op2 = new TestOperator({ ...ids, operatorId: "operator_2" });
  const op3 = new TestOperator({ ...ids, operatorId: "operator_1" });
  assertNotStrictEquals(op1, op2);
  assertStrictEquals(op1, op3);
  @own.register("other_test", { singleton: true })
  class OtherOperator extends TestOperator {}
  assertNotStrictEquals<unknown>(new OtherOperator({ operatorId: "operator_1" }), op1);
});

Deno.test("migration: a class that is created by hand, then found by its id", async () => {
  await using root = await tempRoot();
  class DataCleaner extends Operator {
    override run(): number {
      return 0;
    }
    override command(): string[] {
      return ["python", "clean.py"];
    }
  }
  await using own = createOperators();
  own.register("data_cleaner_v1", DataCleaner);
  const OperatorClass = own.get("data_cleaner_v1");
  for (const cleaner of [new DataCleaner(), OperatorClass]) {
    const { exitCode } = await runOperator(cleaner, {
      pipelineId: "pipeline_id",
      nodeId: "node_id",
      operatorId: "operator_id",
      inputRoot: root.path,
    });
    assertEquals(exitCode, 0);
  }
});

Deno.test("troubleshooting: a missing configuration, and a class without its methods", async () => {
  const system = createScriptedSystem({ environment: {} });
  const missing = await createS3Configs({ system }).get("tos", "b").catch((error) => error);
  assertEquals([missing.code, missing.message.includes("TOS_B_ENDPOINT")], ["NotFound", true]);
  const own = createOperators();
  assertThrows(() => own.register("none", class {} as never), RegistryError, "no run()");
  class Half {
    run(): number {
      return 0;
    }
  }
  assertThrows(() => own.register("half", Half as never), RegistryError, "no command()");
});

Deno.test("one instance for each operator and id", async () => {
  const instance = (id: string) => operators.instance("data_cleaner_v1", id);
  assertStrictEquals(await instance("singleton_test"), await instance("singleton_test"));
  assertNotStrictEquals(await instance("operator_1"), await instance("operator_2"));
  await operators.clear();
});
