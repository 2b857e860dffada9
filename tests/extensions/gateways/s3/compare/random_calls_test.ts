// Random reads of `serve --s3` and of MinIO with the same objects: same answers, same errors. Each day
// has a seed of its own.
import { assert, assertEquals } from "@std/assert";
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { text } from "node:stream/consumers";
import { readTokens } from "../../../../../apps/server/access/token_file.ts";
import { secretOf } from "../../../../../extensions/gateways/s3/derived_secret.ts";
import { isLong, judgeSeed, judgeTest } from "../../../../judges/judge_test_case.ts";
import { IS_QUICK } from "../../../../support/seeds.ts";
import { findServer, startServer } from "../../../../support/servers/mod.ts";
import { saveFiles } from "../open_s3.ts";
import { S3_KEY, serveS3 } from "../serve_s3.ts";
import { pythonOf } from "../served_clients.ts";

/** Calls of a run: each takes some 10 ms. */
const CALLS = isLong ? 6000 : 500;

const ROOT = "team/keys/@1.0.0/";

/** Files by path. No two have one text: their ETags are their labels. */
const FILES = {
  ...Object.fromEntries(
    [
      ...[
        "a.txt",
        "in/c.txt",
        "in/deep/d.bin",
        "in/deep/e.bin",
        "in-x.txt",
        "in0.txt",
        "UPPER.txt",
      ],
      ...["ü + b.txt", "sp ace/x y.txt", "plus+plus.txt", "100%.txt", "a%2Fb.txt", "q?uest.txt"],
      ...[
        "ha#sh.txt",
        "a&b=c.txt",
        "quote'.txt",
        'dq".txt',
        "p(aren)!.txt",
        "star*.txt",
        "日本/語.txt",
      ],
      ...[
        "emoji😀.txt",
        "\uffee.txt",
        "tilde~.txt",
        "semi;colon,.txt",
        "lt<gt>.txt",
        "at@sign.txt",
      ],
      ...["nbsp\u00a0.txt", "[br]{ace}|^`.txt", "e\u0301.txt", "dollar$.txt", "part=0/x.parquet"],
    ].map((path) => [path, `in ${path}, a text of some length`]),
  ),
  "empty.bin": "",
  "one.bin": "1",
  "page.html": "<p>text</p>",
  "long.bin": "0123456789".repeat(30_000),
};

const python = pythonOf("aws");
const missing = IS_QUICK
  ? "a quick run starts no clients"
  : !existsSync(python)
  ? "the clients of S3 are not installed; .ci/run installs them"
  : findServer("minio") === undefined
  ? "minio is not built; deno task servers --install builds it"
  : undefined;

judgeTest("random reads over S3 are answered as by MinIO", missing, async () => {
  await using theirs = await startServer("minio");
  await using ours = await serveS3();
  await saveFiles(ours.registry, "team/keys", FILES, { version: "1.0.0" });
  const [token] = (await readTokens(ours.tokenFile))!;
  const [expected, actual] = await Promise.all([
    answersOf({
      S3_URL: theirs.endpoint,
      S3_ID: theirs.accessKey,
      S3_SECRET: theirs.secretKey,
      S3_PUT: "1",
    }),
    answersOf({ S3_URL: ours.url, S3_ID: token!.id, S3_SECRET: secretOf(S3_KEY, token!) }),
  ]);
  assert(expected.length === CALLS, `${expected.length} calls`);
  const different = expected.flatMap(([call, answer], at) => {
    const [there, here] = [JSON.stringify(answer), JSON.stringify(actual[at]?.[1])];
    return there === here ? [] : [`${at} ${call}\n  MinIO ${there}\n  here  ${here}`];
  });
  assertEquals(different, []);
});

async function answersOf(env: Record<string, string>) {
  const program = new URL("random_calls.py", import.meta.url).pathname;
  const child = spawn(python, [program], {
    env: { CALLS_SEED: `${judgeSeed}`, CALLS_COUNT: `${CALLS}`, PYTHONUTF8: "1", ...env },
  });
  child.stdin.end(JSON.stringify({ root: ROOT, files: FILES }));
  const [output, errors] = await Promise.all([text(child.stdout), text(child.stderr)]);
  assertEquals(errors, "");
  return output.trimEnd().split("\n").map((line) =>
    JSON.parse(line) as [call: string, answer: unknown]
  );
}
