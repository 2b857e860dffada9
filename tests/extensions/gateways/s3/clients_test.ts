// Real clients read the same version, and the programs of docs/s3.md run as they stand there.
import { assertEquals, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import { realSystem } from "../../../../core/system.ts";
import { judgeTest } from "../../../judges/judge_test_case.ts";
import { REPOSITORY } from "../../../support/run_deno.ts";
import { clients, KEYS, missing, python, pythonOf, served } from "./served_clients.ts";

const AT = "s3://holdfast/data:cells/@production/";

judgeTest("the AWS CLI, s5cmd and rclone list and copy a version", missing, async () => {
  await using s3 = await served();
  const { run, bySecret, sameFiles, url, calls } = s3;
  const aws = (...args: string[]) => run(join(clients, "aws/bin/aws"), ["s3", ...args]);
  const recursive = (await aws("ls", "--recursive", AT)).trim().split("\n");
  assertEquals(recursive.map((line) => line.split("@production/")[1]), KEYS);
  assertEquals((await aws("ls", "s3://holdfast/")).trim(), "PRE data:cells/");
  await aws("sync", AT, "by_aws");
  await sameFiles("by_aws");
  assertEquals(await aws("sync", AT, "by_aws"), "");
  const refused = await aws("cp", "token", `${AT}new`).catch((error) => error.message);
  assertStringIncludes(refused, "save a version with `holdfast save`");
  const flat = await aws("ls", "--recursive", "s3://holdfast/").catch((error) => error.message);
  assertStringIncludes(flat, "List with the delimiter /");

  await calls.check("AWS CLI 1.46");

  const s5cmd = (...args: string[]) => run(join(clients, "aws/bin/s5cmd"), args);
  assertEquals((await s5cmd("ls", `${AT}*`)).trim().split("\n").length, KEYS.length);
  await s5cmd("cp", `${AT}*`, "by_s5cmd/");
  await sameFiles("by_s5cmd");
  assertEquals(await s5cmd("cat", `${AT}in/ü + b.txt`), "text");

  await calls.check("s5cmd 0.3.3");

  const { AWS_ACCESS_KEY_ID: id, AWS_SECRET_ACCESS_KEY: secret } = bySecret;
  const options = [`--s3-access-key-id=${id}`, `--s3-secret-access-key=${secret}`, "--config="];
  const rclone = (...args: string[]) =>
    run("rclone", [...args, "--s3-provider=Other", `--s3-endpoint=${url}`, ...options], {});
  const at = ":s3:holdfast/data:cells/@production";
  const files = (text: string) => text.trim().split("\n").sort();
  assertEquals(files(await rclone("lsf", "-R", "--files-only", at)), KEYS);
  await rclone("copy", at, "by_rclone");
  await sameFiles("by_rclone");
  await rclone("check", at, "by_rclone");
  assertEquals(files(await rclone("lsf", "-R", "--files-only", "--s3-versions", at)), KEYS);
  await calls.check("rclone");
});

const S3FS = `
import os, s3fs
token, at = os.environ["HOLDFAST_TOKEN"], "holdfast/data:cells/@production"
given = dict(key="any", secret=token, token=token, endpoint_url=os.environ["URL"])
fs = s3fs.S3FileSystem(**given)
print(sorted(path.split("@production/")[1] for path in fs.find(at)))
print(fs.glob(at + "/*.bin") == [at + "/large.bin"], fs.exists(at + "/none"), fs.isdir(at), fs.ls("holdfast"))
large = open("cells/large.bin", "rb").read()
with fs.open(at + "/large.bin") as file:
    file.seek(7_000_000)
    print(file.read(10) == large[7_000_000:7_000_010])
fs.get(at, "by_s3fs", recursive=True)
with s3fs.S3FileSystem(version_aware=True, **given).open(at + "/large.bin") as file:
    print(file.read() == large, len(file.version_id))
`;

const ARROW = `
import os
from pyarrow import dataset, fs
token, at = os.environ["HOLDFAST_TOKEN"], "holdfast/data:cells/@production"
s3 = fs.S3FileSystem(access_key="any", secret_key=token, session_token=token, region="us-east-1",
    scheme="http", endpoint_override=os.environ["HOST"])
print(sorted(each.path.split("@production/")[1] for each in s3.get_file_info(fs.FileSelector(at))))
print([s3.get_file_info(path).type.name for path in [at, at + "/none", "holdfast/data:cells"]])
print(s3.open_input_file(at + "/large.bin").read() == open("cells/large.bin", "rb").read())
files = [at + "/part=%d/data.parquet" % part for part in (0, 1)]
print(dataset.dataset(files, filesystem=s3).to_table().num_rows)
`;

const POLARS = `
import os, polars
token, at = os.environ["HOLDFAST_TOKEN"], "holdfast/data:cells/@production"
options = dict(aws_endpoint_url=os.environ["URL"], aws_access_key_id="any", aws_secret_access_key=token,
    aws_session_token=token, aws_region="us-east-1", aws_allow_http="true")
print(polars.scan_parquet("s3://" + at + "/**/*.parquet", storage_options=options).collect().height)
`;

const MINIO = `
import os
from minio import Minio
token, at = os.environ["HOLDFAST_TOKEN"], "data:cells/@production/"
client = Minio(os.environ["HOST"], "any", token, session_token=token, secure=False)
print(sorted(each.object_name[len(at):] for each in client.list_objects("holdfast", at, recursive=True)))
print(client.stat_object("holdfast", at + "large.bin").size, client.bucket_exists("holdfast"), client.bucket_exists("other"))
client.fget_object("holdfast", at + "large.bin", "by_minio")
print(open("by_minio", "rb").read() == open("cells/large.bin", "rb").read())
`;

judgeTest("s3fs, pyarrow, polars and minio-py list and read a version", missing, async () => {
  await using s3 = await served();
  const { run, sameFiles, calls } = s3;
  const keys = `['${KEYS.join("', '")}']`;
  const lines = async (venv: string, program: string) =>
    (await run(venv, ["-c", program])).trim().split("\n");
  assertEquals(await lines(pythonOf("s3fs"), S3FS), [
    keys,
    "True False True ['holdfast/data:cells']",
    "True",
    "True 36",
  ]);
  await sameFiles("by_s3fs");
  await calls.check("s3fs 2026.9");
  assertEquals(await lines(python!, ARROW), [
    "['empty', 'in', 'large.bin', 'part=0', 'part=1']",
    "['Directory', 'NotFound', 'Directory']",
    ...["True", "2000"],
  ]);
  await calls.check("pyarrow 26, pandas 3");
  assertEquals(await lines(python!, POLARS), ["2000"]);
  await calls.check("polars 2");
  assertEquals(await lines(pythonOf("aws"), MINIO), [keys, "20000000 True False", "True"]);
  await calls.check("minio-py 7");
});

/** Returns the program below a heading of docs/s3.md, for a service at another place. */
async function programOf(
  heading: string,
  { url, host }: { url: string; host: string },
): Promise<string> {
  const text = await Deno.readTextFile(join(REPOSITORY, "docs/s3.md"));
  const [, program] = text.split(`### ${heading}\n`)[1]!.split(/```(?:python|bash)\n/, 2);
  return program!.split("```")[0]!.replaceAll("https://registry.example.com", url)
    .replaceAll("registry.example.com", host);
}

judgeTest("a profile of the AWS CLI asks for the token", missing, async () => {
  await using s3 = await served();
  const text = await Deno.readTextFile(join(REPOSITORY, "docs/s3.md"));
  const [profile = ""] = text.split("```ini\n")[1]!.split("```");
  const holdfast = `= ${Deno.execPath()} run -A --no-check ${join(REPOSITORY, "apps/cli.ts")} `;
  await Deno.mkdir(s3.root.join(".aws"));
  await Deno.writeTextFile(
    s3.root.join(".aws/config"),
    profile.replaceAll("https://registry.example.com", s3.url).replace("= holdfast ", holdfast),
  );
  const DENO_DIR = realSystem.env("DENO_DIR") ?? join(realSystem.env("HOME") ?? "", ".cache/deno");
  const list = (env: Record<string, string> = {}) =>
    s3.run(join(clients, "aws/bin/aws"), ["--profile", "models", "s3", "ls", "s3://holdfast/"], {
      ...env,
      DENO_DIR,
      AWS_ENDPOINT_URL: "",
    });
  assertEquals((await list()).trim(), "PRE data:cells/");
  const failed = await list({ HOLDFAST_TOKEN: "" }).catch((error) => error.message);
  assertStringIncludes(failed, "Sign in with holdfast login, or set HOLDFAST_TOKEN");
});

judgeTest("the programs of docs/s3.md run", missing, async () => {
  await using s3 = await served();
  const { run, bySecret, sameFiles } = s3;
  const arrow = (await programOf("pandas and pyarrow", s3)).replace(
    'scheme="https"',
    'scheme="http"',
  )
    .replace("@1.0.0", "@1.0.0/part=1"); // beside files of other kinds
  assertEquals(await run(python!, ["-c", arrow]), "1000 499500\n");
  await run("bash", ["-euc", await programOf("rclone: copy a version", s3)]);
  await sameFiles("cells");
  const link =
    (await run(pythonOf("aws"), ["-c", await programOf("A link to a file", s3)], bySecret)).trim();
  const answer = await fetch(link);
  assertEquals(await answer.bytes(), await Deno.readFile(`${s3.folder}/part=0/data.parquet`));
  s3.calls.clear();
  // DuckDB installs its extension from its own site; here it comes from PyPI, unsigned.
  const install = `import duckdb_extension_httpfs as at, glob
path = glob.glob(at.__path__[0] + "/extensions/*/httpfs.duckdb_extension")[0]
connect = duckdb.connect
duckdb.connect = lambda: connect(config={"allow_unsigned_extensions": "true"})
`;
  const duckdb = (await programOf("DuckDB: query a version", s3))
    .replace("import duckdb, os\n", `import duckdb, os\n${install}`)
    .replace('db.execute("INSTALL httpfs")\n', "")
    .replace('"LOAD httpfs"', `f"LOAD '{path}'"`)
    .replace("URL_STYLE", "USE_SSL false, URL_STYLE");
  assertEquals(await run(pythonOf("duckdb"), ["-c", duckdb]), "[(2000, 999000)]\n");
  await s3.calls.check("DuckDB 1.5 (httpfs)");
});
