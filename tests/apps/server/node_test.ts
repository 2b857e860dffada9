import { assertEquals, assertMatch } from "@std/assert";
import { npxProgram } from "../../dev/npm/npx_program.ts";
import { denoSucceeds } from "../../support/run_deno.ts";
import { tempRoot } from "../../support/temp_root.ts";
import type { Answered } from "./node_program.ts";

Deno.test("a handler runs behind Node's HTTP server", async () => {
  await using root = await tempRoot();
  const program = root.join("program.mjs");
  await denoSucceeds(["bundle", "--quiet", "-o", program, "tests/apps/server/node_program.ts"]);
  const node = new Deno.Command(await npxProgram("node@22"), { args: [program] });
  const { stdout, stderr } = await node.output();
  const text = new TextDecoder().decode(stdout);
  assertMatch(text, /^\[/, new TextDecoder().decode(stderr));
  const [names, ...files]: Answered[] = JSON.parse(text);
  const etag = '"sha256:84d89877f0d4041efb6bf91a16f0248f2fd573e6af05c19f96bedb9f882f7882"';
  assertEquals(names, [200, '{"items":["text"]}\n', null]);
  const whole: Answered = [200, "0123456789", etag];
  assertEquals(files.slice(0, 5), [whole, whole, whole, [206, "234", etag], [200, "", etag]]);
  assertEquals(files[5][0], 201, files[5][1]);
});
