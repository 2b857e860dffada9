import { resolve } from "node:path";
import { invalid, loadPart } from "../../../core/kernel.ts";
import {
  defineServing,
  type Extension,
  type Gateway,
} from "../../../apps/cli/program/extension.ts";
import type { S3Options } from "./options.ts";

interface S3Part {
  createS3Gateway(options: S3Options): Gateway;
}

export const s3Extension: Extension = {
  name: "s3",
  words: [
    [/^(?:aws )?(?:s3 )?presign\b|^mc share\b/i, "serve --s3, and presign by a client of S3"],
    [/^(minio|garage) server\b/i, "serve --s3"],
  ],
  commands: [{
    group: "services",
    load: {
      "s3-credentials": async () => (await import("./commands.ts")).s3Credentials,
      "token s3": async () => (await import("./commands.ts")).tokenS3,
    },
  }],
  serving: defineServing({
    options: [
      { flags: "--s3", text: "also serve programs that read S3, as a bucket" },
      { flags: "--s3-bucket <name>", text: "the name of that bucket (default: holdfast)" },
      { flags: "--s3-domain <host>", text: "serve the bucket at the host BUCKET.HOST, too" },
      {
        flags: "--s3-key <file>",
        text: "accept the S3 secrets of holdfast token s3, made with this key",
        completes: "file",
      },
    ],
    async *open({ s3, s3Bucket: bucket, s3Domain: domain, s3Key }, { io }) {
      if (!s3) {
        if ((bucket ?? domain ?? s3Key) === undefined) return;
        throw invalid("start the service", undefined, "it has options of S3, but not --s3", {
          hint: "Add --s3, or remove --s3-bucket, --s3-domain and --s3-key.",
        });
      }
      const { readKey } = await import("./derived_secret.ts");
      const key = s3Key && await readKey(resolve(io.cwd, s3Key));
      const { createS3Gateway } = await loadPart<S3Part>("./s3_gateway.ts", import.meta.url);
      yield { gateways: [createS3Gateway({ bucket, domain, key })] };
    },
  }),
};
