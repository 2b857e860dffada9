import { mkdir, readdir, rmdir } from "node:fs/promises";
import process from "node:process";
import { resolve } from "node:path";
import { isRegistryError, loadPart, nameSegment, shellWord } from "../../../core/kernel.ts";
import { openPages, type PagedArtifact } from "../../../registry/mod.ts";
// loads no package
import type { Gateway } from "../../../apps/cli/program/extension.ts";
import {
  aborted,
  createTokenCheck,
  defineCommand,
  invalid,
  lookUp,
  REF_ARGUMENT,
  refuseUrlTarget,
  withHints,
} from "../../../apps/cli/extending.ts";
import type { Command, ServerPart } from "../../../apps/cli/extending.ts";
import { mountUrl, SEND_TOKENS } from "./mounters.ts";

const STOP_MS = 2000;

export const mount: Command = defineCommand({
  name: "mount",
  summary: "Mount a version as a read-only folder until Ctrl-C.",
  details:
    "Serves WebDAV on this machine and mounts it with rclone (Linux, with fuse3), davfs2 (Linux, " +
    "as root), mount_webdav (macOS) or net use (Windows). A range or an alias is resolved once, " +
    "so the folder does not change. The registry is a folder, a bucket or a service.",
  args: [
    REF_ARGUMENT,
    {
      usage: "<folder>",
      text: "a new or empty folder; on Windows, a drive such as Z:",
      completes: "file",
    },
  ],
  options: [],
  examples: [
    ["holdfast mount data:raw ./raw", "the latest version; then ls, grep and cat in ./raw"],
    ["holdfast mount data:raw@1.4 ./raw -r s3://bucket/registry", "a registry in a bucket"],
    ["holdfast mount data:raw ./raw -r https://registry.example", "one behind a service"],
  ],
  async run([ref, given], _flags, context) {
    const { io: { cwd, system, signal }, logger } = context;
    const registry = await context.open();
    const mounted = await withHints(openPages(registry, ref), lookUp(ref));
    const { name, version } = mounted.info;
    const { createHandler, listen } = await loadPart<ServerPart>(
      "../../../apps/server.ts",
      import.meta.url,
    );
    const part = await loadPart<{ dav: Gateway }>("./dav.ts", import.meta.url);
    const tokens = SEND_TOKENS ? createTokenCheck(["read:*"]) : undefined;
    const reported = new Set<unknown>(); // programs repeat reads, and show only EIO
    const warn = (reason: unknown) => {
      if (!reported.has(reason)) logger.warn(reason);
      reported.add(reason);
    };
    const handler = createHandler(registry, {
      gateways: [withPinned(part.dav, mounted)],
      tokens,
      readOnly: true,
      system,
      logger: { ...logger, warn },
    });
    const isDrive = process.platform === "win32";
    refuseUrlTarget(given, `mount "${ref}"`);
    const folder = isDrive ? given : resolve(cwd, given);
    const isNew = !isDrive && await mkdir(folder, { recursive: true }) !== undefined;
    if (!isDrive && (await readdir(folder)).length > 0) {
      throw invalid(`mount at ${folder}`, "the folder is not empty", "Choose a new folder.");
    }
    const server = await listen(handler, { port: 0, hasTokens: SEND_TOKENS, system });
    const pinned = `${name}@${version}`;
    try {
      const unmount = await mountUrl({
        folder,
        system,
        token: tokens?.token ?? "",
        url: `${server.url}/dav/${nameSegment(name)}@${encodeURIComponent(version)}`,
        hint: "Install rclone and FUSE: sudo apt install rclone fuse3. Or download the version: " +
          `holdfast download ${shellWord(pinned)} --to ${shellWord(given)}`,
      });
      await context.result({ ref: pinned, folder }, folder);
      await context.note(`Mounted ${pinned}; Ctrl-C unmounts it`);
      if (!SEND_TOKENS) {
        await context.note("Every user of this machine can read the registry until then");
      }
      await aborted(signal);
      await unmount();
    } finally {
      await server.stop({ withinMs: STOP_MS });
      if (isNew) await rmdir(folder).catch(() => {}); // still mounted, after a failure
    }
    await context.note("Unmounted");
  },
});

/** How often a version is looked for that was replaced or deleted. */
const AGAIN_MS = 60_000;

/**
 * Returns a gateway in which a version stays what it is, also if another one overwrites it. If it was
 * deleted and restored, its files can be at another place once the grace period has passed.
 */
export function withPinned(dav: Gateway, { info, ...pages }: PagedArtifact): Gateway {
  const { name, version } = info;
  return {
    ...dav,
    addRoutes(routes, context) {
      const { registry, system } = context;
      let { commit } = info;
      let lookAt = system.monotonic() + registry.settings.leastGraceMs;
      dav.addRoutes?.(routes, {
        ...context,
        async openPages(asked, access) {
          const isPinned = asked.name === name && asked.version === version;
          if (!isPinned) return await context.openPages(asked, access);
          access.check("read", name);
          if (system.monotonic() < lookAt) return { info, ...pages };
          try {
            const present = await context.openPages({ ...asked, commit }, access);
            commit = present.info.commit; // another one if it was restored
            return present;
          } catch (error) {
            if (!isRegistryError(error, "NotFound", "Conflict")) throw error;
            lookAt = system.monotonic() + AGAIN_MS; // it may be restored
            return { info, ...pages };
          }
        },
      });
    },
  };
}
