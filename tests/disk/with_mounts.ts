// Mounts of a test, which end with it.
import { execFile } from "node:child_process";
import { closeSync, existsSync, openSync } from "node:fs";
import { promisify } from "node:util";
import { canMount } from "../support/small_disk.ts";

/** True if this process may mount a dead one; otherwise tests of it are visibly ignored. */
export const canMountDead: boolean = canMount && existsSync("/dev/fuse") &&
  Deno.dlopen !== undefined;

export interface Mounts {
  /** Mounts a memory file system. */
  memory(at: string, options?: string): Promise<void>;
  /** Mounts a file or folder at a second place. */
  bind(from: string, at: string): Promise<void>;
  /** Mounts one whose server is gone: every call fails with ENOTCONN. */
  dead(at: string): void;
}

const run = promisify(execFile);

/** Runs a test with mounts on existing folders. */
export async function withMounts(test: (mounts: Mounts) => Promise<void>): Promise<void> {
  const mounted: string[] = [];
  const mount = async (at: string, args: string[]) => {
    await run("mount", [...args, at]);
    mounted.push(at);
  };
  try {
    await test({
      memory: (at, options = "size=16m") => mount(at, ["-t", "tmpfs", "-o", options, "tmpfs"]),
      bind: (from, at) => mount(at, ["--bind", from]),
      dead(at) {
        mountDead(at);
        mounted.push(at);
      },
    });
  } finally {
    for (const at of mounted.reverse()) await run("umount", ["--lazy", at]);
  }
}

function mountDead(folder: string): void {
  const { symbols: { mount } } = Deno.dlopen("libc.so.6", {
    mount: { parameters: ["buffer", "buffer", "buffer", "usize", "buffer"], result: "i32" },
  });
  const text = (value: string) => new TextEncoder().encode(`${value}\0`);
  const device = openSync("/dev/fuse", "r+");
  const options = `fd=${device},rootmode=40000,user_id=0,group_id=0`;
  const result = mount(text("dead"), text(folder), text("fuse"), 0n, text(options));
  closeSync(device);
  if (result !== 0) throw new Error(`cannot mount ${folder}`);
}
