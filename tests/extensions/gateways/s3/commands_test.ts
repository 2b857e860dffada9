// `holdfast s3-credentials` and `holdfast token s3`, and the service that accepts what they print.
import { assertEquals, assertStringIncludes } from "@std/assert";
import { cliTest, keepsRunning } from "../../../apps/captured_io.ts";
import { signer } from "./open_s3.ts";

cliTest("a token has an S3 secret, which a service with the same key accepts", async (it) => {
  const at = { cwd: it.root.path };
  const { id, token } = await it.json("token create --tokens t --scope read:* --json", at);
  const line = `token s3 ${id} --tokens t --s3-key s3.key`;
  const { accessKeyId, secretAccessKey } = await it.json(`${line} --json`, at);
  const again = await it.holdfast(line, at);
  assertEquals(again.out, `AWS_ACCESS_KEY_ID=${id}\nAWS_SECRET_ACCESS_KEY=${secretAccessKey}\n`);
  assertEquals([accessKeyId, (await Deno.stat(it.root.join("s3.key"))).mode! & 0o777], [id, 0o600]);
  await it.fails("token s3 0123 --tokens t --s3-key s3.key", 3, "token ls", at);
  await it.fails(`token s3 ${id} --tokens t`, 2, "Add --s3-key", at);
  await it.fails("serve --port 0 --s3 --tokens t --s3-key t", 5, "not an S3 key", at);
  await it.fails(`token s3 ${id} --tokens t --s3-key .`, 5, "not an S3 key", at);
  for (const option of ["key s3.key", "bucket b-1", "domain s3.example.com"]) {
    await it.fails(`serve --port 0 --tokens t --s3-${option}`, 2, "Add --s3, or remove", at);
  }

  await it.holdfast("init reg", at);
  await it.holdfast("save a t -r reg", at);
  const serve = "serve -r reg --port 0 --log --s3 --tokens t --s3-key s3.key --s3-bucket b-1";
  const running = await keepsRunning(serve.split(" "), at);
  const url = `${running.line}/b-1/a/@latest/t`;
  const status = async (request: Request) => {
    const answer = await fetch(request);
    await answer.body?.cancel();
    return answer.status;
  };
  try {
    const sender = { accessKeyId, secretAccessKey, sessionToken: undefined };
    assertEquals(await status(await signer(sender).sign(url)), 200);
    const aws = { signQuery: true };
    assertEquals(await status(await signer(sender).sign(`${url}?X-Amz-Expires=9`, { aws })), 200);
    assertEquals(await status(await signer({ token }).sign(url)), 200);
    const wrong = { ...sender, secretAccessKey: "wrong-secret" };
    assertEquals(await status(await signer(wrong).sign(`${url}?X-Amz-Expires=9`, { aws })), 403);
  } finally {
    running.stop();
    await running.ended;
  }
  for (const secret of [secretAccessKey, token, "X-Amz", "wrong-secret"]) {
    assertEquals(running.io.errors().includes(secret), false, "a secret in the log");
  }
  assertStringIncludes(running.io.errors(), "/b-1/a/@latest/t 200");
});

cliTest("s3-credentials prints the token of the run, with the end of a signed one", async (it) => {
  const at = { cwd: it.root.path, env: { HOLDFAST_TOKEN: "holdfast_x" } };
  const given = await it.json("s3-credentials -r https://registry.example", at);
  assertEquals(given, {
    Version: 1,
    AccessKeyId: "holdfast",
    SecretAccessKey: "holdfast_x",
    SessionToken: "holdfast_x",
  });
  const part = (value: unknown) => btoa(JSON.stringify(value)).replace(/=+$/, "");
  const env = { HOLDFAST_TOKEN: `${part({ alg: "RS256" })}.${part({ exp: 1_800_000_000 })}.x` };
  const signed = await it.json("s3-credentials -r https://registry.example", { ...at, env });
  assertEquals(signed.Expiration, "2027-01-15T08:00:00.000Z");
  await it.fails("s3-credentials -r https://registry.example", 3, "holdfast login", {
    cwd: it.root.path,
  });
  await it.fails("s3-credentials -r ./folder", 2, "not a service", at);
});
