// Real clients pull and mount the image of a version.
import { assert, assertEquals } from "@std/assert";
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import process from "node:process";
import { realSystem } from "../../../../core/system.ts";
import { judgeTest } from "../../../judges/judge_test_case.ts";
import { startProxy } from "../../../support/proxy.ts";
import { execute, missing, missingOfSystem, programOf, served } from "./served_oci.ts";

judgeTest("crane exports an image as one archive", missing("crane"), async () => {
  await using oci = await served();
  const { root, host, token, run, sameFiles } = oci;
  const crane = (...args: string[]) => run(programOf("crane"), [...args, "--insecure"]);
  await crane("auth", "login", host, "--username=any", `--password=${token}`);
  await crane("export", `${host}/data/cells:production__image`, root.join("all.tar"));
  await execute("tar", ["-xf", root.join("all.tar"), "-C", root.path]);
  await sameFiles("models");
});

const noUmoci = missingOfSystem("skopeo") ?? missingOfSystem("umoci");

judgeTest("umoci unpacks the layout that skopeo copies", noUmoci, async () => {
  await using oci = await served();
  const { host, token, run, sameFiles } = oci;
  const from = `docker://${host}/data/cells`;
  for (const [end, folder] of [["image", "rootfs/models"], ["root", "rootfs"]]) {
    const login = ["--src-tls-verify=false", `--src-creds=any:${token}`];
    await run("skopeo", ["copy", ...login, `${from}:1.0.0__${end}`, `oci:${end}:latest`]);
    await run("umoci", ["unpack", "--rootless", `--image=${end}`, `bundle-${end}`]);
    await sameFiles(`bundle-${end}/${folder}`);
  }
});

/** Starts containerd, and returns how its client is run. */
async function startContainerd(path: string) {
  const config = `version = 2
root = "${path}/root"
state = "${path}/state"
disabled_plugins = ["io.containerd.grpc.v1.cri"]
[grpc]
  address = "${path}/socket"
`;
  await Deno.mkdir(path);
  await Deno.writeTextFile(`${path}/config.toml`, config);
  const daemon = spawn("containerd", ["--config", `${path}/config.toml`], { stdio: "ignore" });
  const ended = new Promise((resolve) => daemon.once("exit", resolve));
  const ctr = (...args: string[]) => execute("ctr", ["--address", `${path}/socket`, ...args]);
  while (daemon.exitCode === null && !existsSync(`${path}/socket`)) {
    await realSystem.sleep(50);
  }
  return {
    ctr,
    [Symbol.asyncDispose]: async () => {
      daemon.kill();
      await ended;
    },
  };
}

const noContainerd = process.getuid?.() === 0
  ? missingOfSystem("containerd")
  : "only root mounts images";

judgeTest("containerd goes on with pulls that are cut off, and mounts", noContainerd, async () => {
  await using oci = await served();
  const { root, url, token, sameFiles } = oci;
  await using proxy = await startProxy(url);
  await using daemon = await startContainerd(root.join("containerd"));
  const { ctr } = daemon;
  const ref = `${proxy.endpoint.replace("http://", "")}/data/cells:production__image`;
  const cuts = [0, 1, 511, 600_000, 9_000_001, 1_000_000];
  proxy.plan(({ url }) =>
    url.includes("/blobs/") && cuts.length > 0
      ? { fault: "cut", afterBytes: cuts.shift()! }
      : undefined
  );
  const login = ["--plain-http", `--user=any:${token}`];
  for (;;) {
    const pulled = await ctr("images", "pull", ...login, ref).then(() => true, () => false);
    if (pulled) break;
    assert(proxy.requests.length < 100);
  }
  const ranges = proxy.requests.map(({ headers }) => headers.range).filter(Boolean);
  assert(ranges.some((range) => /^bytes=\d{6,}-/.test(range!)), String(ranges));
  assertEquals(cuts, []);
  await Deno.mkdir(root.join("mounted"));
  await ctr("images", "mount", ref, root.join("mounted"));
  try {
    await sameFiles("mounted/models");
  } finally {
    await ctr("images", "unmount", root.join("mounted"));
  }
});
