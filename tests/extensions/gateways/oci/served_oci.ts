// A service of one version for real clients, and how they are run.
import { assertEquals } from "@std/assert";
import { execFile, spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "@std/path";
import { createHandler, createToken, listen, openTokenFile } from "../../../../apps/server.ts";
import type { HandlerOptions } from "../../../../apps/server.ts";
import { realSystem } from "../../../../core/system.ts";
import { createMemoryBackend, localPath, openRegistry } from "../../../../mod.ts";
import type { Backend } from "../../../../backends/mod.ts";
import { noise } from "../../../registry/registries.ts";
import { serversFolder } from "../../../support/servers/find_server.ts";
import { tempRoot } from "../../../support/temp_root.ts";
import { oci } from "../../../../extensions/gateways/oci/oci.ts";
import type { Manifest } from "./open_oci.ts";

export const programOf = (name: string) => join(serversFolder(), name);
/** Returns why a test of these programs cannot run. */
export function missing(...names: string[]): string | undefined {
  const name = names.find((name) => !existsSync(programOf(name)));
  return name && `${name} is not built; deno task servers --install builds it`;
}

/** Returns why a test of a program of the system cannot run. */
export function missingOfSystem(name: string, from = name): string | undefined {
  if (spawnSync(name, ["--version"]).error === undefined) return undefined;
  return `${name} is not installed; apt-get install ${from} installs it`;
}

/** Opens a service of a folder as `data:cells`, to clients with a token that may read it. */
export async function served(
  { backend = createMemoryBackend(), redirect, gateways = [oci] }: {
    backend?: Backend;
    redirect?: boolean;
    gateways?: HandlerOptions["gateways"];
  } = {},
) {
  const root = await tempRoot();
  const folder = root.join("cells");
  await Deno.mkdir(`${folder}/in/ü b`, { recursive: true });
  const large = noise(20_000_000);
  const files: Record<string, Uint8Array> = {
    "config.json": new TextEncoder().encode("{}\n"),
    "empty.bin": new Uint8Array(),
    "in/same.txt": new TextEncoder().encode("{}\n"),
    "in/ü b/a.txt": new TextEncoder().encode("text"),
    "weights.safetensors": large,
  };
  for (const [path, bytes] of Object.entries(files)) {
    await Deno.writeFile(`${folder}/${path}`, bytes);
  }
  const registry = await openRegistry(backend, { cache: false });
  await registry.save("data:cells", localPath(folder), { alias: "production" });
  await registry.save("other", "hidden");
  const { token } = await createToken(root.join("t.json"), { scopes: ["read:data:*"] });
  const tokens = await openTokenFile(root.join("t.json"));
  const handler = createHandler(registry, { tokens, redirect, gateways });
  const server = await listen(handler, { port: 0, hasTokens: true });
  const host = server.url.replace("http://", "");
  const home = { HOME: root.path, DOCKER_CONFIG: root.join(".docker"), TMPDIR: root.path };
  const env = { PATH: realSystem.env("PATH") ?? "", ...home };
  const fetched = await fetch(`${server.url}/v2/data/cells/manifests/production`, {
    headers: { authorization: `Bearer ${token}` },
  });
  const manifest = await fetched.text();
  return {
    root,
    registry,
    url: server.url,
    host,
    token,
    digest: fetched.headers.get("docker-content-digest")!,
    run: (command: string, args: string[], more: Record<string, string> = {}) =>
      execute(command, args, { cwd: root.path, env: { ...env, ...more } }),
    /** Fails unless a folder has the files of the version. */
    sameFiles: (copy: string) => execute("diff", ["-r", root.join(copy), folder]),
    /** Fails unless a folder has the manifest and all that it names, in files named by digests. */
    async sameBlobs(copy: string, manifestFile: string) {
      assertEquals(await Deno.readTextFile(root.join(copy, manifestFile)), manifest);
      const { layers } = JSON.parse(manifest) as Manifest;
      assertEquals(layers.length, Object.keys(files).length);
      for (const { digest, annotations } of layers) {
        const path = annotations["org.opencontainers.image.title"]!;
        const blob = root.join(copy, digest.replace("sha256:", ""));
        await execute("cmp", [blob, `${folder}/${path}`]);
      }
    },
    [Symbol.asyncDispose]: async () => {
      await server.stop({ withinMs: 0 });
      await handler.close();
      await registry.close();
      await root.remove();
    },
  };
}

export function execute(
  command: string,
  args: string[],
  options: { cwd?: string; env?: Record<string, string> } = {},
): Promise<string> {
  return new Promise((resolve, reject) =>
    execFile(command, args, { ...options, maxBuffer: 2 ** 26 }, (error, stdout, stderr) => {
      if (error === null) resolve(stdout);
      else reject(new Error(`${command} ${args.join(" ")}: ${stdout}${stderr}`));
    })
  );
}
