import { createHash, createHmac } from "node:crypto";
import { assert, assertEquals } from "@std/assert";
import type { Backend } from "../../core/backend.ts";
import { realSystem } from "../../core/system.ts";
import { prune } from "../../extensions/maintenance/pruning/mod.ts";
import { collectGarbage } from "../../extensions/maintenance/mod.ts";
import { copyVersion, verifyRegistry } from "../../apps/maintenance.ts";
import { openRegistry } from "../../mod.ts";
import { keysOf, noise } from "../registry/registries.ts";
import { rejected } from "../registry/rejected.ts";
import type { RunningServer } from "../support/servers/mod.ts";
import { type ServerWorld, testOnServers } from "./server_world.ts";

type Role = "reader" | "writer" | "maintainer";

interface Statement {
  Effect: string;
  Action: string[];
  Resource: string[];
  Condition?: Record<string, Record<string, string[]>>;
}

const DIRECT = 6 * 2 ** 20;
const IN_PARTS = 20 * 2 ** 20;

testOnServers("the rights of a reader allow only reads", "minio", async (world) => {
  const { owner, as } = await rightsWorld(world);
  await owner.save("a", noise(DIRECT), { metadata: { n: 1 } });
  await owner.setAlias("a", "live", "1.0.0");
  const store = await as("reader");
  const reader = await openRegistry(store, { readOnly: true, cache: false });
  assertEquals(await reader.load("a@live"), noise(DIRECT));
  assertEquals(await Array.fromAsync(reader.names()), ["a"]);
  assertEquals((await Array.fromAsync(reader.versions("a"))).length, 1);
  assertEquals(await reader.has("b"), false);
  assertEquals((await verifyRegistry(reader, { deep: true })).ok, true);
  const eager = await openRegistry(store, { cache: false });
  await rejected("Denied", eager.save("b", 1));
  await rejected("Denied", eager.save("b", noise(IN_PARTS)));
  await rejected("Denied", eager.setAlias("a", "other", "1.0.0"));
  await rejected("Denied", eager.delete("a", { allVersions: true, force: true }));
  await destroysNothing(world, store);
  await rejected("Denied", (await as("reader", "elsewhere")).get("settings"));
});

testOnServers("the rights of a writer allow no deletes", "minio", async (world) => {
  const { as } = await rightsWorld(world);
  const store = await as("writer");
  const writer = await openRegistry(store, { cache: false });
  await writer.save("a", noise(DIRECT));
  await writer.save("a", noise(IN_PARTS));
  await writer.save("small", "x");
  await writer.setAlias("a", "live", "1.0.0");
  await writer.setAlias("a", "live", "2.0.0");
  await writer.copy("a", "b");
  await writer.delete("a@1");
  await rejected("AlreadyExists", writer.save("a", noise(DIRECT), { version: "2.0.0" }));
  await writer.deleteAlias("a", "live");
  assertEquals(await writer.load("b"), noise(IN_PARTS));
  await destroysNothing(world, store);
  assertEquals(await writer.load("a"), noise(IN_PARTS));
});

testOnServers("the rights of a maintainer allow gc, prune and create", "minio", async (world) => {
  const { owner, as } = await rightsWorld(world);
  await owner.save("a", noise(DIRECT));
  await owner.save("a", noise(DIRECT, 2));
  const store = await as("maintainer");
  const maintainer = await openRegistry(store, { cache: false });
  assertEquals((await prune(maintainer, { keepLast: 1 })).failures, []);
  const before = (await keysOf(store, "objects/")).length;
  const { failures, removed } = await collectGarbage(maintainer, { now: true });
  assertEquals(failures, []);
  assert(removed.payload.count > 0 && (await keysOf(store, "objects/")).length < before);
  assertEquals(await maintainer.load("a"), noise(DIRECT, 2));
  const created = await openRegistry(await as("maintainer", `${world.prefix}/new`), {
    cache: false,
    create: true,
  });
  await created.save("a", noise(IN_PARTS));
  assertEquals(await created.load("a"), noise(IN_PARTS));
});

testOnServers(
  "a store copies only what the target has the right to read",
  "minio",
  async (world) => {
    const { owner, as } = await rightsWorld(world);
    await owner.save("a", noise(DIRECT));
    const source = world.store();
    const [key] = await keysOf(source, "objects/");
    const other = { location: source.location, size: DIRECT };
    const own = `${world.prefix}/own`;
    const narrow = await as("maintainer", own, own), wide = await as("maintainer", own);
    const target = await openRegistry(narrow, { cache: false, create: true });
    await rejected("Denied", narrow.copy!(key, "copy", { other }));
    await copyVersion(owner, "a", { to: target }); // by way of this process
    assertEquals(await target.load("a"), noise(DIRECT));
    assertEquals((await wide.copy!(key, "copy", { other })).size, DIRECT);
  },
);

/** All of what would remove or replace something is refused, and everything is there afterwards. */
async function destroysNothing(world: ServerWorld, store: Backend): Promise<void> {
  const before = await keysOf(world.store(), "");
  const registry = await openRegistry(store, { cache: false });
  const outcome = await collectGarbage(registry, { now: true }).then(
    ({ failures }) => failures,
    (error) => [error],
  );
  assert(
    outcome.length > 0 && outcome.every(({ code }) => code === "Denied"),
    Deno.inspect(outcome),
  );
  for (const key of await keysOf(world.store(), "objects/")) {
    await rejected("Denied", store.delete(key));
  }
  const after = await keysOf(world.store(), "");
  assertEquals(before.filter((key) => !after.includes(key)), []);
}

/** A registry of the server's owner, and stores with the rights of each role in the guide. */
async function rightsWorld(world: ServerWorld) {
  const { server, prefix } = world;
  const owner = await openRegistry(world.store(), { cache: false });
  const as = async (role: Role, elsewhere = prefix, allowed = prefix) => {
    const policy = policyOf(
      await Deno.readTextFile(new URL("../../docs/stores.md", import.meta.url)),
      role,
    );
    const own = JSON.stringify(policy).replaceAll("models", server.bucket).replaceAll(
      "team/",
      `${allowed}/`,
    );
    const credentials = await assumeRole(server, own);
    return world.store({ prefix: elsewhere, s3: { credentials } });
  };
  return { owner, as };
}

/** The policy of a role in `docs/stores.md`: a reader's document and the rows of the table. */
function policyOf(guide: string, role: Role): { Version: string; Statement: Statement[] } {
  const policy = JSON.parse(guide.match(/```json\n([\s\S]*?)```/)![1]);
  const rightsOf = (who: string) =>
    guide.match(new RegExp(`^\\| ${who} +\\|([^|]*s3:.*)\\|(.*)\\|$`, "m"))!.slice(1).map((cell) =>
      cell.match(/s3:\w+/g) ?? []
    );
  const rows = role === "reader" ? [] : role === "writer" ? ["writer"] : ["writer", "maintainer"];
  for (const [inObjects, inBucket] of rows.map(rightsOf)) {
    for (
      const [actions, resource] of [[inObjects, "arn:aws:s3:::models/team/*"], [
        inBucket,
        "arn:aws:s3:::models",
      ]]
    ) {
      if (actions.length === 0) continue;
      policy.Statement.push({ Effect: "Allow", Action: actions, Resource: [resource] });
    }
  }
  return policy;
}

/**
 * Credentials limited to the policy, by `AssumeRole` of the server's STS. It signs the request with
 * AWS Signature Version 4.
 *
 * @see https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
 */
async function assumeRole(
  { endpoint, region, accessKey, secretKey }: RunningServer,
  policy: string,
) {
  const fields = {
    Action: "AssumeRole",
    Version: "2011-06-15",
    DurationSeconds: "900",
    Policy: policy,
  };
  const body = new URLSearchParams(fields).toString();
  const time = new Date(realSystem.now()).toISOString().replace(/[-:]|\.\d+/g, "");
  const scope = `${time.slice(0, 8)}/${region}/sts/aws4_request`;
  const sha256 = (text: string) => createHash("sha256").update(text).digest("hex");
  const hmac = (key: string | Uint8Array, text: string) =>
    createHmac("sha256", key).update(text).digest();
  const headers = { host: new URL(endpoint).host, "x-amz-date": time };
  const canonical = Object.entries(headers).map(([name, value]) => `${name}:${value}\n`).join("");
  const request = `POST\n/\n\n${canonical}\n${Object.keys(headers).join(";")}\n${sha256(body)}`;
  const key = scope.split("/").reduce<string | Uint8Array>(hmac, `AWS4${secretKey}`);
  const signature = createHmac("sha256", key).update(
    `AWS4-HMAC-SHA256\n${time}\n${scope}\n${sha256(request)}`,
  );
  const answer = await fetch(`${endpoint}/`, {
    method: "POST",
    body,
    headers: {
      "x-amz-date": time,
      "content-type": "application/x-www-form-urlencoded",
      authorization: `AWS4-HMAC-SHA256 Credential=${accessKey}/${scope}, ` +
        `SignedHeaders=${Object.keys(headers).join(";")}, Signature=${signature.digest("hex")}`,
    },
  });
  const said = await answer.text();
  assert(answer.ok, said);
  const part = (name: string) => said.match(new RegExp(`<${name}>(.*?)</${name}>`))![1];
  return {
    accessKeyId: part("AccessKeyId"),
    secretAccessKey: part("SecretAccessKey"),
    sessionToken: part("SessionToken"),
  };
}
