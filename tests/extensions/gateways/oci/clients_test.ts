// Real clients pull the same version, and the conformance program of the specification asks for it.
import { assertEquals, assertStringIncludes } from "@std/assert";
import { existsSync } from "node:fs";
import { join } from "@std/path";
import { realSystem } from "../../../../core/system.ts";
import { judgeTest } from "../../../judges/judge_test_case.ts";
import { testOnServers } from "../../../servers/server_world.ts";
import { missing, missingOfSystem, programOf, served } from "./served_oci.ts";

const python = realSystem.env("HOLDFAST_OCI_PYTHON") ??
  join(realSystem.env("HOME") ?? "", ".cache/holdfast-ci/oci/bin/python");

for (const version of ["oras", "oras-1.2", "oras-1.1"]) {
  judgeTest(`${version} pulls and lists`, missing(version), async () => {
    await using oci = await served();
    const { host, token, digest, run, sameFiles } = oci;
    const oras = (...args: string[]) => run(programOf(version), [...args, "--plain-http"]);
    const refused = await oras("pull", `${host}/data/cells:1`).catch((error) => error.message);
    assertStringIncludes(refused, "token is required");
    await oras("login", host, "--username=any", `--password=${token}`);
    await oras("pull", `${host}/data/cells:production`, "--output=by_tag");
    await sameFiles("by_tag");
    await oras("pull", `${host}/data/cells@${digest}`, "--output=by_digest");
    await sameFiles("by_digest");
    const lines = async (...args: string[]) => (await oras(...args)).trim().split("\n");
    assertEquals(await lines("repo", "tags", `${host}/data/cells`), [
      "1.0.0",
      "latest",
      "production",
    ]);
    assertEquals(await lines("repo", "ls", host), ["data/cells"]);
    const other = await oras("pull", `${host}/other:latest`).catch((error) => error.message);
    assertStringIncludes(other, "denied");
    const none = await oras("pull", `${host}/data/cells:none`).catch((error) => error.message);
    assertStringIncludes(none, "not found");
  });
}

judgeTest("crane pulls, validates and lists", missing("crane"), async () => {
  await using oci = await served();
  const { host, token, digest, run, sameBlobs } = oci;
  const crane = (...args: string[]) => run(programOf("crane"), [...args, "--insecure"]);
  await crane("auth", "login", host, "--username=any", `--password=${token}`);
  assertEquals((await crane("digest", `${host}/data/cells:production`)).trim(), digest);
  assertEquals((await crane("ls", `${host}/data/cells`)).trim().split("\n").length, 3);
  assertEquals((await crane("catalog", host)).trim(), "data/cells");
  await crane("validate", `--remote=${host}/data/cells:1`);
  await crane("pull", `${host}/data/cells@${digest}`, "layout", "--format=oci");
  await sameBlobs("layout/blobs/sha256", digest.replace("sha256:", ""));
  const pushed = await crane("tag", `${host}/data/cells:1.0.0`, "new").catch(({ message }) =>
    message
  );
  assertStringIncludes(pushed, "read-only over OCI");
});

judgeTest("skopeo copies into a folder and an OCI layout", missingOfSystem("skopeo"), async () => {
  await using oci = await served();
  const { host, token, digest, run, sameBlobs } = oci;
  const skopeo = (...args: string[]) => run("skopeo", args);
  await skopeo("login", "--tls-verify=false", "--username=any", `--password=${token}`, host);
  const copy = (from: string, to: string) =>
    skopeo("copy", "--src-tls-verify=false", `docker://${host}/data/cells${from}`, to);
  await copy(":production", "dir:folder");
  await sameBlobs("folder", "manifest.json");
  await copy(`@${digest}`, "oci:layout:1.0.0");
  await sameBlobs("layout/blobs/sha256", digest.replace("sha256:", ""));
  const { Tags } = JSON.parse(
    await skopeo("list-tags", "--tls-verify=false", `docker://${host}/data/cells`),
  );
  assertEquals(Tags, ["1.0.0", "latest", "production"]);
});

const PULL = `
import oras.client, sys
host, token = sys.argv[1:]
client = oras.client.OrasClient(hostname=host, insecure=True)
client.login(hostname=host, username="any", password=token)
client.pull(target=host + "/data/cells:production", outdir="by_python")
print(sorted(client.get_tags(host + "/data/cells")))
`;

const modelpack = join(python, "../modelpack");
const noPython = existsSync(modelpack) ? undefined : "no Python with oras; .ci/run installs it";

judgeTest("the oras package of Python pulls and lists", noPython, async () => {
  await using oci = await served();
  const { host, token, run, sameFiles } = oci;
  const printed = await run(python, ["-c", PULL, host, token]);
  assertEquals(printed.trim().split("\n").at(-1), "['1.0.0', 'latest', 'production']");
  await sameFiles("by_python");
});

judgeTest("the client of ModelPack checks the configuration and pulls", noPython, async () => {
  await using oci = await served();
  const { root, host, token, run, sameFiles } = oci;
  const auths = { [host]: { auth: btoa(`any:${token}`) } };
  await Deno.mkdir(root.join(".docker"));
  await Deno.writeTextFile(root.join(".docker/config.json"), JSON.stringify({ auths }));
  await run(modelpack, ["--insecure", "pull", `${host}/data/cells:production`, "by_modelpack"]);
  await sameFiles("by_modelpack");
});

judgeTest("the conformance program finds no failure", missing("oci-conformance"), async () => {
  await using oci = await served();
  const { host, token, digest, run } = oci;
  const program = programOf("oci-conformance");
  // It ends with a fault after its report, if it may not push.
  const report = await run(program, [], {
    OCI_REGISTRY: host,
    OCI_TLS: "disabled",
    OCI_USERNAME: "any",
    OCI_PASSWORD: token,
    OCI_REPO1: "data/cells",
    OCI_API_PUSH: "false",
    OCI_DATA_SHA512: "false",
    OCI_RO_DATA_TAGS: "production",
    OCI_RO_DATA_MANIFESTS: digest,
    OCI_RO_DATA_BLOBS:
      `sha256:${"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"}`,
    OCI_RO_DATA_REFERRERS: digest,
  }).catch(({ message }) => message as string);
  const counted = (word: string) =>
    Number(new RegExp(`^ *${word}\\.+: +(\\d+)$`, "m").exec(report)?.[1]);
  assertEquals(
    [counted("FAIL"), counted("Error"), counted("Pass")],
    [0, 0, 14],
    report.slice(-3000),
  );
});

testOnServers("clients follow to the bucket, without their password", "minio", async (world) => {
  await using oci = await served({ backend: world.proxied(), redirect: true });
  const { root, host, token, run } = oci;
  const { requests } = world.proxy;
  const from = requests.length;
  await run(programOf("oras"), [
    ...["pull", `${host}/data/cells:1`, "--plain-http", "--output=by_oras"],
    ...["--username=any", `--password=${token}`],
  ]);
  await oci.sameFiles("by_oras");
  await run("skopeo", [
    ...["copy", "--src-tls-verify=false", `--src-creds=any:${token}`],
    ...[`docker://${host}/data/cells:1`, `dir:${root.join("by_skopeo")}`],
  ]);
  await oci.sameBlobs("by_skopeo", "manifest.json");
  const direct = requests.slice(from).filter(({ url }) => url.includes("X-Amz-Signature"));
  assertEquals(direct.length, 2);
  assertEquals(direct.filter(({ headers }) => headers.authorization !== undefined), []);
});
