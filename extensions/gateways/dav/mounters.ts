// The programs that mount WebDAV on this machine.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { stat } from "node:fs/promises";
import process from "node:process";
import type { System } from "../../../mod.ts";
import { messageOf, notFound, taskFailed } from "../../../core/kernel.ts";

interface MountOptions {
  url: string;
  /** The token of the service, for programs that can send one. */
  token: string;
  /** Absolute, and empty; on Windows a drive such as `Z:`. */
  folder: string;
  /** The hint of an error. */
  hint: string;
  system: System;
}

interface Mounter {
  mount: string[];
  unmount: string[];
  env?: Record<string, string>;
  /** Its standard input. */
  input?: string;
}

/** True if the programs of this machine can send a token. */
export const SEND_TOKENS = !["darwin", "win32"].includes(process.platform);

function mountersFor({ url, token, folder }: MountOptions): Mounter[] {
  if (process.platform === "darwin") {
    const mount = ["mount_webdav", "-S", "-o", "rdonly", url, folder];
    return [{ mount, unmount: ["umount", "-f", folder] }];
  }
  if (process.platform === "win32") {
    const drive = ["net", "use", folder];
    return [{ mount: [...drive, url], unmount: [...drive, "/delete", "/y"] }];
  }
  const options = ["--config=", "--read-only", "--dir-cache-time=24h", `--webdav-url=${url}`];
  const rclone = {
    mount: ["rclone", "mount", ":webdav:", folder, ...options],
    unmount: ["fusermount3", "-uz", folder],
    env: { RCLONE_WEBDAV_BEARER_TOKEN: token }, // other users see arguments
  };
  const input = `holdfast\n${token}\n`;
  // davfs2 takes the URL as plain text, and encodes it: `%3A` would become `%253A`.
  const mount = ["mount.davfs", decodeURIComponent(url), folder, "-o", "ro"];
  return [rclone, { mount, unmount: ["umount", folder], input }];
}

/** Mounts with the first program that this machine has. Returns a function that unmounts. */
export async function mountUrl(options: MountOptions): Promise<() => Promise<void>> {
  const { folder, hint, system } = options;
  const deviceOf = async () => (await stat(folder).catch(() => undefined))?.dev;
  const before = await deviceOf();
  for (const mounter of mountersFor(options)) {
    let hasEnded = false;
    // Some programs end when they have mounted, others when they have unmounted.
    const ended = run(mounter.mount, system, mounter).finally(() => hasEnded = true);
    ended.catch(() => {}); // after the mount
    try {
      while (!hasEnded && await deviceOf() === before) await system.sleep(50);
      if (hasEnded) await ended;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") continue;
      throw taskFailed("mount at", folder, `${mounter.mount[0]}: ${messageOf(error)}`, { hint });
    }
    return async () => {
      const failed = await run(mounter.unmount, system).catch((error) => error);
      if (await deviceOf() !== before) throw taskFailed("unmount", folder, messageOf(failed));
      await ended.catch(() => {});
    };
  }
  throw notFound("mount at", folder, "no program that mounts WebDAV was found", { hint });
}

/** Runs a program to its end. Rejects with the last line of its errors if it fails. */
async function run(
  [program, ...args]: string[],
  { env, envNames = () => [] }: Pick<System, "env" | "envNames">,
  more: Pick<Mounter, "env" | "input"> = {},
): Promise<void> {
  // The service is on this machine: a proxy would get its token.
  const names = envNames().filter((name) => !/_proxy$/i.test(name));
  const variables = Object.fromEntries(names.map((name) => [name, env(name)]));
  const child = spawn(program!, args, {
    env: { ...variables, ...more.env },
    stdio: ["pipe", "ignore", "pipe"],
    detached: true, // Ctrl-C ends it by `unmount` only
  });
  let words = "";
  child.stderr.on("data", (data) => words = `${words}${data}`.slice(-2000));
  child.stdin.on("error", () => {}).end(more.input);
  const [code] = await once(child, "close");
  if (code !== 0) throw new Error(words.trim().split("\n").at(-1) || `exit code ${code}`);
}
