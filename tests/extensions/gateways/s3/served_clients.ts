// A service of a folder, and the real clients that read it.
import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "@std/path";
import { readTokens } from "../../../../apps/server/access/token_file.ts";
import { realSystem } from "../../../../core/system.ts";
import { localPath } from "../../../../mod.ts";
import { secretOf } from "../../../../extensions/gateways/s3/derived_secret.ts";
import { noise } from "../../../registry/registries.ts";
import { findPython } from "../../../support/numpy.ts";
import { IS_QUICK } from "../../../support/seeds.ts";
import { tempRoot } from "../../../support/temp_root.ts";
import { S3_KEY, serveS3 } from "./serve_s3.ts";

/** The folder of the environments of clients. */
export const clients = realSystem.env("HOLDFAST_S3_CLIENTS") ??
  join(realSystem.env("HOME") ?? "", ".cache/holdfast-ci/s3");
export const python = await findPython("pyarrow, pandas, polars");
/** Why no client can be tried. */
export const missing = IS_QUICK
  ? "a quick run starts no clients"
  : python === undefined
  ? "no Python with pyarrow, pandas and polars"
  : existsSync(join(clients, "kserve"))
  ? undefined
  : "the clients of S3 are not installed; .ci/run installs them";

export const pythonOf = (venv: string) => join(clients, venv, "bin/python");

/** The folder that the clients read, and a service with it as `data:cells`. */
export async function served() {
  const root = await tempRoot();
  const folder = root.join("cells");
  await Deno.mkdir(`${folder}/in`, { recursive: true });
  for (const part of [0, 1]) {
    await Deno.mkdir(`${folder}/part=${part}`);
    const rows = `pa.table({"x": list(range(1000)), "y": [${part}] * 1000})`;
    const to = JSON.stringify(`${folder}/part=${part}/data.parquet`);
    await execute(python!, [
      "-c",
      `import pyarrow as pa, pyarrow.parquet as pq; pq.write_table(${rows}, ${to})`,
    ]);
  }
  await Deno.writeFile(`${folder}/large.bin`, noise(20_000_000));
  await Deno.writeTextFile(`${folder}/empty`, "");
  await Deno.writeTextFile(`${folder}/in/ü + b.txt`, "text");
  const service = await serveS3(["read:data:*"]);
  await service.registry.save("data:cells", localPath(folder), { alias: "production" });
  const host = service.url.replace("http://", "");
  const { token } = service;
  await Deno.writeTextFile(root.join("token"), token);
  const [stored] = (await readTokens(service.tokenFile))!;
  const byToken = {
    AWS_ACCESS_KEY_ID: "any",
    AWS_SECRET_ACCESS_KEY: token,
    AWS_SESSION_TOKEN: token,
  };
  const bySecret = {
    AWS_ACCESS_KEY_ID: stored!.id,
    AWS_SECRET_ACCESS_KEY: secretOf(S3_KEY, stored!),
  };
  const common = {
    PATH: realSystem.env("PATH") ?? "",
    HOME: root.path,
    AWS_ENDPOINT_URL: service.url,
    S3_ENDPOINT_URL: service.url,
    AWS_REGION: "us-east-1",
    AWS_EC2_METADATA_DISABLED: "true",
    RUNAI_STREAMER_S3_USE_VIRTUAL_ADDRESSING: "0",
    RUNAI_STREAMER_S3_TIMEOUT: "60000",
    URL: service.url,
    HOST: host,
    HOLDFAST_TOKEN: token,
  };
  const run = (command: string, args: string[], env: Record<string, string> = byToken) =>
    execute(command, args, { cwd: root.path, env: { ...common, ...env } });
  return {
    ...service,
    root,
    folder,
    host,
    run,
    bySecret,
    /** Fails unless a folder has the files of the version. */
    sameFiles: (copy: string) => execute("diff", ["-r", root.join(copy), folder]),
    [Symbol.asyncDispose]: async () => {
      await service[Symbol.asyncDispose]();
      await root.remove();
    },
  };
}

function execute(
  command: string,
  args: string[],
  options: { cwd?: string; env?: Record<string, string> } = {},
): Promise<string> {
  return new Promise((resolve, reject) =>
    execFile(command, args, { ...options, maxBuffer: 2 ** 26 }, (error, stdout, stderr) => {
      if (error === null) resolve(stdout);
      else reject(new Error(`${command} ${args.join(" ").slice(0, 200)}: ${stderr || stdout}`));
    })
  );
}

/** The files of the folder. */
export const KEYS = [
  "empty",
  "in/ü + b.txt",
  "large.bin",
  "part=0/data.parquet",
  "part=1/data.parquet",
];
