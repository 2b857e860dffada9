// boto3 against `/holdfast`, in one program of Python.
import { assertEquals } from "@std/assert";
import { findPython, runPython } from "../../../support/numpy.ts";
import { serveS3 } from "./serve_s3.ts";

const python = await findPython("boto3");

const PROGRAM = `
import sys, tempfile, boto3
from botocore.config import Config
from botocore.exceptions import ClientError
url, token = sys.argv[1:]
def client(secret=token, session=token, **config):
    return boto3.client("s3", endpoint_url=url, aws_access_key_id="any", aws_secret_access_key=secret,
        aws_session_token=session, region_name="us-east-1",
        config=Config(retries={"total_max_attempts": 1}, **config))
def code(call, **args):
    try:
        call(**args)
        return "done"
    except ClientError as error:
        return f"{error.response['ResponseMetadata']['HTTPStatusCode']} {error.response['Error']['Code']}"
s3, at = client(), dict(Bucket="holdfast")
print([bucket["Name"] for bucket in s3.list_buckets()["Buckets"]])
print(s3.get_bucket_location(**at)["LocationConstraint"], s3.get_bucket_versioning(**at)["Status"])
for version in ["list_objects_v2", "list_objects"]:
    keys = []
    for page in s3.get_paginator(version).paginate(**at, Prefix="team/digits/@latest/", PaginationConfig={"PageSize": 2}):
        keys += [each["Key"].split("@latest/")[1] for each in page["Contents"]]
    print(keys)
    page = getattr(s3, version)(**at, Prefix="team/digits/", Delimiter="/")
    print([each["Prefix"].split("@")[1] for each in page["CommonPrefixes"]])
big = dict(at, Key="team/digits@production/data.bin")
whole = s3.get_object(**big)
body = whole["Body"].read()
print(len(body), whole["ContentLength"], len(whole["ETag"]))
print(s3.get_object(**big, Range="bytes=5-9", IfMatch=whole["ETag"])["Body"].read() == body[5:10])
s3.download_file("holdfast", big["Key"], path := tempfile.mktemp(),
    Config=boto3.s3.transfer.TransferConfig(multipart_threshold=100_000, multipart_chunksize=100_000))
print(open(path, "rb").read() == body)
for args in [dict(IfMatch='"x"'), dict(IfNoneMatch=whole["ETag"]), dict(Range="bytes=9999999-")]:
    print(code(s3.get_object, **big, **args))
print(code(s3.get_object, **at, Key="team/digits/@latest/none"), code(s3.head_object, **at, Key="x"))
print(code(s3.put_object, **at, Key="team/digits/@latest/new", Body=b""), code(s3.delete_object, **big))
print(code(client(secret=token + "x").get_object, **big), code(client(token + "x", token + "x").get_object, **big))
print(code(client(session=None).get_object, **big), code(s3.get_object, **at, Key="other/@latest/a"))
import socket
resolve = socket.getaddrinfo # not each machine resolves hosts below localhost
socket.getaddrinfo = lambda host, *args, **named: resolve("127.0.0.1" if host == "holdfast.localhost" else host, *args, **named)
url = url.replace("127.0.0.1", "localhost")
by_host = client(s3={"addressing_style": "virtual"})
by_host.meta.events.register("before-send.s3", lambda request, **_: print(request.url.split(":")[1]))
print(by_host.get_object(**at, Key="team/digits@2/ü + b.txt")["Body"].read().decode())
print(len(by_host.list_objects_v2(**at, Prefix="team/digits/", Delimiter="/")["CommonPrefixes"]))
from urllib.request import urlopen
from urllib.error import HTTPError
for version in ["s3", "s3v4"]:
    try:
        urlopen(client(signature_version=version).generate_presigned_url("get_object", big))
    except HTTPError as error:
        print(error.code, error.read().decode().split("<Code>")[1].split("<")[0])
`;

Deno.test({
  name: `boto3 lists, reads and is refused${python ? "" : " (left out: no Python with boto3)"}`,
  ignore: python === undefined,
  async fn() {
    await using service = await serveS3();
    const lines = (await runPython(python!, PROGRAM, [service.url, service.token])).split("\n");
    const level = "['latest/', 'production/', '2.0.0/', '1.0.0/']";
    const keys = "['a.txt', 'in/c.txt', 'ü + b.txt']";
    assertEquals(lines, [
      "['holdfast']",
      "None Enabled",
      ...[keys, level, keys, level],
      "300000 300000 66",
      ...["True", "True"],
      ...["412 PreconditionFailed", "304 304", "416 InvalidRange"],
      "404 NoSuchKey 404 404",
      "405 MethodNotAllowed 405 MethodNotAllowed",
      "403 SignatureDoesNotMatch 403 InvalidAccessKeyId",
      "403 InvalidAccessKeyId 403 AccessDenied",
      ...["//holdfast.localhost", "in ü + b.txt", "//holdfast.localhost", "4"],
      ...["400 InvalidRequest", "400 InvalidToken"],
      "",
    ]);
    await service.calls.check("boto3 1.44");
  },
});
