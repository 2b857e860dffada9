// `s5cmd`, the fastest client of buckets that there is, where `deno task servers` has a binary of it beside the servers.
import { execFile } from "node:child_process";
import fs from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { promisify } from "node:util";
import { serversFolder } from "../../support/servers/mod.ts";
import type { ServerPlace } from "../../servers/server_world.ts";
import { timed, type Timing } from "../measure.ts";

const run = promisify(execFile);

export type S5cmd = (...words: string[]) => Promise<Timing>;

/**
 * Runs it on a server; undefined where there is no binary, or the server speaks another protocol.
 *
 * @param command words before its command
 */
export function findS5cmd(
  server: ServerPlace,
  command: readonly string[] = [],
): S5cmd | undefined {
  const binary = join(serversFolder(), "s5cmd");
  if (server.protocol !== "s3" || !fs.existsSync(binary)) return undefined;
  const env = {
    ...process.env,
    AWS_ACCESS_KEY_ID: server.accessKey,
    AWS_SECRET_ACCESS_KEY: server.secretKey,
    AWS_REGION: server.region,
  };
  const place = [
    "--endpoint-url",
    server.endpoint,
    ...(server.ca === undefined ? [] : ["--no-verify-ssl"]),
  ];
  const [program = binary, ...rest] = [...command, binary, ...place];
  return (...words) => timedProgram(program, [...rest, ...words], env);
}

/** Runs a program. Its processor time is that of the program. */
export async function timedProgram(
  program: string,
  words: string[],
  env: NodeJS.ProcessEnv,
): Promise<Timing> {
  let said = "";
  const { wallMs } = await timed(async () => {
    const command = 'TIMEFORMAT="%U %S"; time "$0" "$@" >/dev/null';
    const { stderr } = await run("bash", ["-c", command, program, ...words], { env });
    said = stderr;
  });
  const [user, system] = said.trim().split("\n").at(-1)!.split(" ").map(Number);
  return { wallMs, cpuMs: (user + system) * 1000 };
}
