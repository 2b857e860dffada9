// nginx before a service, with the block of docs/run_service.md.
import { assert } from "@std/assert";
import { fromFileUrl } from "@std/path";
import { realSystem } from "../../../core/system.ts";
import type { TempRoot } from "../temp_root.ts";
import { claimPort } from "./ports.ts";

const CERTIFICATES = new URL("../certificates/", import.meta.url);

/**
 * Starts nginx with the block of docs/run_service.md and TLS. Undefined where it is not installed:
 * then the service is asked directly.
 */
export async function startNginx(
  root: TempRoot,
  servicePort: string,
): Promise<AsyncDisposable & { url: string } | undefined> {
  const program = await findNginx();
  if (program === undefined) return undefined;
  const docs = await Deno.readTextFile(new URL("../../../docs/run_service.md", import.meta.url));
  const [, block = ""] = /```nginx\n(.*?)```/s.exec(docs) ?? [];
  const claim = await claimPort();
  const { port } = claim;
  const certificate = fromFileUrl(new URL("server.pem", CERTIFICATES));
  const key = fromFileUrl(new URL("server_key.pem", CERTIFICATES));
  const paths = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
    .map((kind) => `${kind}_temp_path ${root.join(kind)};`).join("\n");
  const user = Deno.uid() === 0 ? "user root;" : "";
  const served = block.replaceAll("127.0.0.1:8600", `127.0.0.1:${servicePort}`)
    .replace("listen 443", `listen 127.0.0.1:${port}`)
    .replace(/ssl_certificate .*;/, `ssl_certificate ${certificate};`)
    .replace(/ssl_certificate_key .*;/, `ssl_certificate_key ${key};`);
  const text = `${user}\ndaemon off;\nworker_processes 1;\npid ${root.join("nginx.pid")};\n` +
    `error_log stderr;\nevents {}\nhttp {\naccess_log off;\n${paths}\n${served}\n}\n`;
  await Deno.writeTextFile(root.join("nginx.conf"), text);
  const child = new Deno.Command(program, {
    args: ["-p", root.path, "-e", "stderr", "-c", root.join("nginx.conf")],
    stdout: "null",
    stderr: "inherit",
  }).spawn();
  let hasEnded = false;
  void child.status.then(() => hasEnded = true);
  while (!await isListening(port)) {
    assert(!hasEnded, "nginx did not start");
    await realSystem.sleep(20);
  }
  return {
    url: `https://127.0.0.1:${port}/models`,
    async [Symbol.asyncDispose]() {
      child.kill("SIGTERM");
      await child.status;
      claim.release();
    },
  };
}

export async function findNginx(): Promise<string | undefined> {
  for (const path of ["/usr/sbin/nginx", "/usr/bin/nginx", "/usr/local/sbin/nginx"]) {
    if (await Deno.stat(path).then(() => true, () => false)) return path;
  }
}

async function isListening(port: number): Promise<boolean> {
  return await Deno.connect({ hostname: "127.0.0.1", port }).then((connection) => {
    connection.close();
    return true;
  }, () => false);
}
