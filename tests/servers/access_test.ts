import { S3Client } from "npm:@aws-sdk/client-s3@^3";
import { assert, assertEquals, assertMatch } from "@std/assert";
import { createGcsBackend } from "../../backends/gcs.ts";
import type { Backend } from "../../core/backend.ts";
import type { ErrorCode, RegistryError } from "../../core/errors.ts";
import { realSystem } from "../../core/system.ts";
import { collectGarbage } from "../../extensions/maintenance/mod.ts";
import { openRegistry } from "../../mod.ts";
import { rejected } from "../registry/rejected.ts";
import type { Fault } from "../support/proxy.ts";
import { REAL_SERVERS, S3_SERVERS } from "../support/servers/mod.ts";
import { type ServerWorld, testOnServers } from "./server_world.ts";

const PATIENCE = { retryForMs: 300 };

testOnServers("expired credentials are requested again", REAL_SERVERS, async (world) => {
  const { server, proxy } = world;
  let asked = 0, expired = 0;
  const give = () => {
    asked++;
    return {
      accessKeyId: server.accessKey,
      secretAccessKey: server.secretKey,
      sessionToken: undefined,
    };
  };
  const store = server.protocol === "s3"
    ? world.proxied({ s3: { credentials: give } })
    : createGcsBackend({
      bucket: server.bucket,
      prefix: world.prefix,
      endpoint: proxy.endpoint,
      projectId: "test",
      credentials: () => `token ${++asked}`,
    });
  const registry = await openRegistry(store, { cache: false });
  const expire = () => {
    const before = asked;
    proxy.plan(() => asked === before ? (expired++, EXPIRED[server.protocol]) : undefined);
  };
  for (
    const act of [
      () => registry.save("a", "automatic"),
      () => registry.save("a", "explicit", { version: "7" }),
      () => registry.load("a"),
      () => registry.setAlias("a", "live", "7"),
      () => registry.delete("a@1"),
    ]
  ) {
    expire();
    await act();
  }
  assertEquals(expired, 5);
  assertEquals(asked, 6);
  assertEquals(await registry.load("a@live"), "explicit");
});
testOnServers("wrong keys are Denied and never shown", S3_SERVERS, async (world) => {
  const { accessKey } = world.server;
  const wrong = { accessKeyId: accessKey, secretAccessKey: "wrong-secret-7391" };
  const error = await refused(
    world.store({ s3: { credentials: wrong } }),
    "Denied",
    /signature/,
    /secretAccessKey/,
  );
  assert(!Deno.inspect(error, { depth: 20 }).includes(wrong.secretAccessKey));
  const stranger = { accessKeyId: "STRANGER", secretAccessKey: "wrong-secret-7391" };
  await refused(
    world.store({ s3: { credentials: stranger } }),
    "Denied",
    /access key/,
    /accessKeyId/,
  );
});

testOnServers("a wrong region has the right one in its hint", S3_SERVERS, async (world) => {
  await refused(
    world.store({ s3: { region: "eu-west-7" } }),
    "Invalid",
    /another region/,
    /us-east-1/,
  );
});

testOnServers("a wrong clock is not reported as wrong keys", S3_SERVERS, async (world) => {
  const { endpoint, region, accessKey, secretKey } = world.server;
  const client = new S3Client({
    endpoint,
    region,
    forcePathStyle: true,
    credentials: { accessKeyId: accessKey, secretAccessKey: secretKey },
    maxAttempts: 1,
    systemClockOffset: 5 * 3_600_000,
  });
  await refused(world.store({ s3: { client } }), "Denied", /clock/, /clock/);
  client.destroy();
});

testOnServers("gc does not run with a wrong clock", REAL_SERVERS, async (world) => {
  const skewed = { ...realSystem, now: () => realSystem.now() + 7 * 3_600_000 };
  await (await openRegistry(world.store(), { cache: false })).save("a", "x");
  const registry = await openRegistry(world.store(), { cache: false, system: skewed });
  const error = await rejected("Unavailable", collectGarbage(registry));
  assertMatch(error.message, /clock/);
});

testOnServers("a denial is reported at once with a hint", REAL_SERVERS, async (world) => {
  world.proxy.plan(() => DENIED[world.server.protocol]);
  await refused(world.proxied(), "Denied", /den/, /Grant/);
  assertEquals(world.proxy.requests.length, 1, "it was asked again");
});

/** Opening fails with this code, with a reason and a hint. */
async function refused(
  store: Backend,
  code: ErrorCode,
  message: RegExp,
  hint: RegExp,
): Promise<RegistryError> {
  const error = await rejected(code, openRegistry(store, { cache: false, ...PATIENCE }));
  assertMatch(error.message, message);
  assertMatch(error.hint!, hint);
  return error;
}

const EXPIRED: Record<ServerWorld["server"]["protocol"], Fault> = {
  s3: xmlAnswer(400, "ExpiredToken", "The provided token has expired."),
  gcs: jsonAnswer(401, "authError", "Invalid Credentials"),
};

const DENIED: Record<ServerWorld["server"]["protocol"], Fault> = {
  s3: xmlAnswer(403, "AccessDenied", "Access Denied"),
  gcs: jsonAnswer(403, "forbidden", "somebody does not have storage.objects.list access"),
};

function xmlAnswer(status: number, code: string, message: string): Fault {
  const body =
    `<?xml version="1.0"?><Error><Code>${code}</Code><Message>${message}</Message></Error>`;
  return { fault: "answer", status, headers: { "content-type": "application/xml" }, body };
}

function jsonAnswer(code: number, reason: string, message: string): Fault {
  const body = JSON.stringify({
    error: { code, message, errors: [{ reason, message, domain: "global" }] },
  });
  return { fault: "answer", status: code, headers: { "content-type": "application/json" }, body };
}
