import { loadPart } from "../../core/kernel.ts";
import { defineServing, type Extension, type Gateway } from "../../apps/cli/program/extension.ts";
import type { S3Options } from "./options.ts";

interface S3Part {
  createS3Gateway(options: S3Options): Gateway;
}

export const s3Extension: Extension = {
  name: "s3",
  serving: defineServing({
    options: [
      { flags: "--s3", text: "also serve programs that read S3, as a bucket" },
      { flags: "--s3-bucket <name>", text: "the name of that bucket (default: holdfast)" },
      { flags: "--s3-domain <host>", text: "the host whose host BUCKET.HOST is the bucket, too" },
    ],
    async gateways({ s3, s3Bucket: bucket, s3Domain: domain }) {
      if (!s3) return [];
      const { createS3Gateway } = await loadPart<S3Part>("./s3.ts", import.meta.url);
      return [createS3Gateway({ bucket, domain })];
    },
  }),
};
