// The SDK for JavaScript against `/holdfast`, over a socket.
import { assertEquals } from "@std/assert";
import * as sdk from "npm:@aws-sdk/client-s3@^3";
import { noise } from "../../../registry/registries.ts";
import { serveS3 } from "./serve_s3.ts";

Deno.test("the SDK for JavaScript lists, reads and checks", async () => {
  await using service = await serveS3();
  const { url: endpoint, token } = service;
  const credentials = { accessKeyId: "any", secretAccessKey: token, sessionToken: token };
  const client = new sdk.S3Client({ endpoint, credentials, region: "eu", forcePathStyle: true });
  const Bucket = "holdfast";
  const buckets = await client.send(new sdk.ListBucketsCommand());
  assertEquals(buckets.Buckets?.map(({ Name }) => Name), [Bucket]);
  await client.send(new sdk.HeadBucketCommand({ Bucket }));
  const keys: string[] = [];
  const asked = { Bucket, Prefix: "team/digits/@latest/" };
  for await (const page of sdk.paginateListObjectsV2({ client, pageSize: 1 }, asked)) {
    keys.push(...(page.Contents ?? []).map(({ Key }) => Key!));
  }
  assertEquals(keys, ["a.txt", "in/c.txt", "ü + b.txt"].map((path) => asked.Prefix + path));
  for (const Key of keys) {
    const { Body, ContentLength } = await client.send(new sdk.GetObjectCommand({ Bucket, Key }));
    const text = await Body!.transformToString();
    assertEquals([text, new TextEncoder().encode(text).length], [
      `in ${Key.slice(20)}`,
      ContentLength,
    ]);
  }
  const Key = "team/digits@production/data.bin";
  const { ETag, ContentLength } = await client.send(new sdk.HeadObjectCommand({ Bucket, Key }));
  assertEquals(ContentLength, 300_000);
  const Range = "bytes=1000-1999";
  const part = await client.send(new sdk.GetObjectCommand({ Bucket, Key, Range, IfMatch: ETag }));
  assertEquals(await part.Body!.transformToByteArray(), noise(300_000).subarray(1000, 2000));
  const failed = async (command: ConstructorParameters<typeof sdk.GetObjectCommand>[0]) => {
    try {
      await client.send(new sdk.GetObjectCommand(command));
    } catch (error) {
      const { name, $metadata } = error as sdk.S3ServiceException;
      return [name, $metadata.httpStatusCode];
    }
  };
  assertEquals(await failed({ Bucket, Key: `${Key}x` }), ["NoSuchKey", 404]);
  assertEquals(await failed({ Bucket, Key, IfMatch: '"other"' }), ["PreconditionFailed", 412]);
  assertEquals(await failed({ Bucket: "other", Key }), ["NoSuchBucket", 404]);
  assertEquals(await failed({ Bucket, Key: "secret@latest/a" }), ["AccessDenied", 403]);
  await assertRejectsWrites(client, Bucket);
  await service.calls.check("`@aws-sdk/client-s3` 3");
});

async function assertRejectsWrites(client: sdk.S3Client, Bucket: string): Promise<void> {
  const Key = "team/digits/@latest/new";
  for (
    const command of [
      new sdk.PutObjectCommand({ Bucket, Key, Body: "x" }),
      new sdk.DeleteObjectCommand({ Bucket, Key }),
      new sdk.CreateMultipartUploadCommand({ Bucket, Key }),
    ]
  ) {
    const error = await client.send(command as sdk.PutObjectCommand).catch((error) => error);
    assertEquals([error.name, error.message.includes("holdfast save")], ["MethodNotAllowed", true]);
  }
}
