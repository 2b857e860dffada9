// Routes of web frameworks, which bundle the npm package in ways of their own.
import { assertEquals } from "@std/assert";
import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "@std/path";
import { claimPort } from "../support/servers/ports.ts";
import { kindsOfShare } from "../support/seeds.ts";
import { tempRoot } from "../support/temp_root.ts";
import { watchProcess } from "../support/watch_process.ts";
import { ANSWER, FRAMEWORKS } from "./npm/frameworks.ts";
import { INSTALL_QUIETLY, runIn, sharedPackage } from "./npm/installed_package.ts";

for (const framework of kindsOfShare("frameworks", FRAMEWORKS)) { // in CI one a day
  const { name, packages, files, build, start } = framework;
  Deno.test(`a route of ${name} is built, and uses a registry`, async () => {
    const { built, env: newcomer, runtime } = await sharedPackage();
    const node = await runtime("node@22");
    await using root = await tempRoot();
    const env = {
      ...newcomer,
      PATH: `${dirname(node)}:/usr/bin:/bin`,
      PLACE: root.join("place"),
      NEXT_TELEMETRY_DISABLED: "1",
    };
    const cwd = root.join("project");
    await mkdir(cwd);
    await mkdir(env.PLACE);
    await writeFile(join(cwd, "package.json"), '{ "type": "module", "private": true }\n');
    for (const [path, text] of Object.entries(files)) {
      await mkdir(join(cwd, dirname(path)), { recursive: true });
      await writeFile(join(cwd, path), text);
    }
    const commands = [
      ["npm", "install", ...INSTALL_QUIETLY, "--loglevel=error", ...packages, built.archive],
      [node, join(cwd, "node_modules", build[0]!), ...build.slice(1)],
    ];
    for (const command of commands) {
      const { code, stdout, stderr } = await runIn({ cwd, env }, command);
      assertEquals(code, 0, stdout + stderr);
    }
    const claimed = await claimPort();
    const PORT = String(claimed.port);
    const server = watchProcess(
      new Deno.Command(node, {
        args: start,
        cwd,
        env: { ...env, PORT, HOST: "127.0.0.1", HOSTNAME: "127.0.0.1", NODE_ENV: "production" },
        stdin: "piped",
        stdout: "piped",
        stderr: "piped",
      }).spawn(),
    );
    try {
      const url = `http://127.0.0.1:${PORT}/api/store`;
      let answer: unknown;
      await server.until(async () => {
        const response = await fetch(url).catch(() => undefined);
        answer = await response?.json().catch(() => undefined);
        return response !== undefined;
      });
      assertEquals(answer, ANSWER, server.stderr);
      assertEquals(server.stderr, "");
    } finally {
      await server.stop("SIGKILL");
      claimed.release();
    }
  });
}
