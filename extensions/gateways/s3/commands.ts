// Credentials for programs that read S3.
import { Buffer } from "node:buffer";
import { resolve } from "node:path";
// loads no package
import { shellWord } from "../../../core/kernel.ts";
import {
  type Command,
  defineCommand,
  findRegistry,
  invalid,
  notFound,
  readTokens,
  tokenOfRun,
} from "../../../apps/cli/extending.ts";
import { createKey, readKey, secretOf } from "./derived_secret.ts";

export const s3Credentials: Command = defineCommand({
  name: "s3-credentials",
  summary: "Print your token for a service as credentials of AWS, for credential_process.",
  details: "AWS SDKs run it when they need credentials: write credential_process = holdfast " +
    "s3-credentials -r URL into a profile of ~/.aws/config. The token is that of the sign-in, or " +
    "of HOLDFAST_TOKEN. The output contains the token.",
  args: [],
  options: [],
  examples: [
    ["holdfast s3-credentials -r https://registry.example", "in ~/.aws/config"],
    ["holdfast s3-credentials -r @team --token-file token.txt", "with a stored token"],
  ],
  whenUnread: "fail",
  async run(_args, _flags, context) {
    const place = findRegistry(context.shared.registry, context.io);
    if (place.kind !== "service") {
      const hint = "Pass the URL of a service that was started with --s3.";
      throw invalid(`print credentials for ${place.location}`, "it is not a service", hint);
    }
    const source = await tokenOfRun(place, context);
    const token = typeof source === "function" ? await source() : source;
    if (token === undefined) {
      const hint = "Sign in with holdfast login, or set HOLDFAST_TOKEN.";
      throw notFound(`find a token for ${place.location}`, "none is set", hint);
    }
    const credentials = {
      Version: 1,
      AccessKeyId: "holdfast",
      SecretAccessKey: token,
      SessionToken: token,
      Expiration: endOf(token),
    };
    await context.result(credentials, JSON.stringify(credentials));
  },
});

/** Returns when a token of an identity provider ends: SDKs then ask again. */
function endOf(token: string): string | undefined {
  try {
    const { exp } = JSON.parse(Buffer.from(token.split(".")[1] ?? "", "base64url").toString());
    return new Date(exp * 1000).toISOString();
  } catch {
    return undefined; // a stored token
  }
}

export const tokenS3: Command = defineCommand({
  name: "token s3",
  summary: "Print the S3 access key and secret of a token.",
  details:
    "For clients without session tokens, and for presigned URLs. The secret follows from the token " +
    "and the key of the service, which is created if it is missing. It has the rights of the token, " +
    "and ends with it. Start the service with the same --s3-key.",
  args: [{ usage: "<id>", text: "its id, from token ls" }],
  options: [
    { flags: "--tokens <file>", text: "the file of tokens", completes: "file" },
    { flags: "--s3-key <file>", text: "the key of the service", completes: "file" },
  ],
  examples: [
    ["holdfast token s3 3f9c2a71b0de --tokens t.json --s3-key s3.key", "for a presigned URL"],
    ["holdfast serve --s3 --tokens t.json --s3-key s3.key", "a service that accepts it"],
  ],
  whenUnread: "fail",
  async run([id], { tokens, s3Key }, context) {
    const { cwd } = context.io;
    const file = resolve(cwd, tokens ?? missing("--tokens"));
    const keyFile = resolve(cwd, s3Key ?? missing("--s3-key"));
    const token = (await readTokens(file) ?? []).find((each) => each.id === id);
    if (token === undefined) {
      const hint = `See what exists: holdfast token ls --tokens ${shellWord(file)}`;
      throw notFound(`print the S3 secret of token ${id.slice(0, 12)}`, "no such id", hint);
    }
    if (await createKey(keyFile)) await context.note(`Created ${keyFile}`);
    const secretAccessKey = secretOf(await readKey(keyFile), token);
    const text = `AWS_ACCESS_KEY_ID=${id}\nAWS_SECRET_ACCESS_KEY=${secretAccessKey}`;
    await context.result({ accessKeyId: id, secretAccessKey }, text);
  },
});

function missing(option: string): never {
  throw invalid("print an S3 secret", `${option} is missing`, `Add ${option} FILE.`);
}
