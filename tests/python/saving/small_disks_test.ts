// A registry on a disk that is full or read-only: each way to save from Python says so, stores nothing, and works again.
import { assertEquals } from "@std/assert";
import { join } from "node:path";
import { realSystem } from "../../../core/system.ts";
import { findPython } from "../../support/numpy.ts";
import { LOADS_LATE, REPOSITORY } from "../../support/run_deno.ts";
import { canMount, smallDisk } from "../../support/small_disk.ts";
import { tempRoot } from "../../support/temp_root.ts";
import { runProgram } from "../reader.ts";

const PACKAGES = "torch, fsspec";
const python = await findPython(PACKAGES, 0, "HOLDFAST_TORCH_PYTHON");
const why = python === undefined ? ` (ignored: no Python with ${PACKAGES})` : "";

const PROGRAM = `
import os, subprocess, sys, warnings
warnings.filterwarnings("ignore")
import torch
import torch.distributed.checkpoint as dcp
import holdfast
from holdfast.checkpoint import CheckpointWriter

disk = sys.argv[1]
count = 0

def value():
    global count
    count += 1
    return os.urandom(3_000_000)

def checkpoint(registry):
    state = {"a": torch.frombuffer(bytearray(value()), dtype=torch.uint8)}
    writer = CheckpointWriter("checkpoint", registry, id=f"{count}")
    try:
        dcp.save(state, storage_writer=writer, no_dist=True)
    except BaseException as error:  # of PyTorch, with those of the ranks
        [(failure, _)] = error.failures.values()
        raise failure

def version(registry):
    with holdfast.version("version", registry) as new:
        new.pipe("a.bin", value())

def run(registry):
    with registry.run("run") as new:
        new.log(loss=1.0)
        new.finish({"a": value()})

def shown(title, call, registry):
    try:
        call(registry)
        print(title, "saved")
    except holdfast.HoldfastError as error:
        print(title, error.code, error.hint)

def fill():
    left = os.statvfs(disk)
    with open(disk + "/filling", "wb") as file:
        file.write(bytes(left.f_bavail * left.f_frsize))

def mount(how):
    subprocess.run(["mount", "-o", f"remount,{how}", disk], check=True)

ways = {"save": lambda registry: registry.save("save", value()), "version": version, "run": run, "checkpoint": checkpoint}
with holdfast.service(disk + "/registry") as registry:
    for title, call in ways.items():
        fill()
        shown(f"full: {title}", call, registry)
        os.remove(disk + "/filling")
        mount("ro")
        shown(f"read-only: {title}", call, registry)
        mount("rw")
        print(list(registry.versions(title)) if title in registry.names() else [])
        shown(title, call, registry)
        print(list(registry.versions(title)))
`;

Deno.test({
  name: `a registry on a disk that is full or read-only is as before, and works again${why}`,
  ignore: python === undefined || !canMount,
  async fn() {
    await using root = await tempRoot();
    await using disk = await smallDisk(64 << 20);
    const command = `${Deno.execPath()} run -A ${LOADS_LATE} ${join(REPOSITORY, "apps/cli.ts")}`;
    const env = { HOLDFAST_COMMAND: command, PATH: realSystem.env("PATH") ?? "" };
    const options = { env, cwd: root.path, args: [disk.path], command: python };
    const lines = await runProgram(PROGRAM, options);
    const expected = ["save", "version", "run", "checkpoint"].flatMap((title) => [
      `full: ${title} Unavailable Free space, then try again.`,
      `read-only: ${title} Denied Mount it for writing, or use another folder.`,
      "[]",
      `${title} saved`,
      "['1.0.0']",
    ]);
    assertEquals(lines, expected);
  },
});
