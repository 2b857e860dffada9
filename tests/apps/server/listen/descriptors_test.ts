import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { connectionsWithin, descriptorLimit } from "../../../../apps/server/listen/descriptors.ts";
import { openRegistry } from "../../../../mod.ts";
import { REPOSITORY } from "../../../support/run_deno.ts";
import { tempRoot } from "../../../support/temp_root.ts";
import { withoutHanging } from "../../../support/without_hanging.ts";

const IGNORED = Deno.build.os !== "linux";
const DESCRIPTORS = 256;

Deno.test("half of the descriptors are for connections, after a reserve", async () => {
  assertEquals([256, 1024, 10, Infinity].map(connectionsWithin), [78, 462, 1, Infinity]);
  const limit = await descriptorLimit();
  assertEquals(limit > 0, true);
});

Deno.test({
  name: "more idle connections than descriptors leave a service that answers",
  ignore: IGNORED,
  async fn() {
    await using root = await tempRoot();
    await (await openRegistry(root.path))[Symbol.asyncDispose]();
    const serve = `ulimit -n ${DESCRIPTORS} && exec "$0" run -A --quiet --config="$1/deno.json" ` +
      `"$1/apps/cli.ts" serve -r . --port 0`;
    const service = new Deno.Command("bash", {
      args: ["-c", serve, Deno.execPath(), REPOSITORY],
      cwd: root.path,
      env: { NO_COLOR: "1" },
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    const errors = new Response(service.stderr).text();
    const idle: Deno.Conn[] = [];
    try {
      const output = service.stdout.pipeThrough(new TextDecoderStream()).getReader();
      const { value: url = "" } = await output.read();
      assertMatch(url, /^http:/);
      await output.cancel();
      const port = Number(new URL(url).port);
      for (let i = 0; i < DESCRIPTORS + 50; i++) {
        idle.push(await Deno.connect({ hostname: "127.0.0.1", port }));
      }
      const answer = await withoutHanging("an answer", fetch(`${url.trim()}/health`));
      assertEquals([answer.status, (await answer.text()) !== ""], [200, true]);
    } finally {
      for (const connection of idle) connection.close();
      service.kill("SIGTERM");
      await service.status;
    }
    assertStringIncludes(await errors, "At most 78 connections instead of 4096");
  },
});
