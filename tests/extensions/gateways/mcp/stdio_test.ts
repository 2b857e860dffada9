import { assert, assertEquals, assertMatch } from "@std/assert";
import { mkdir, symlink, writeFile } from "node:fs/promises";
import { StdioClientTransport } from "npm:@modelcontextprotocol/client@^2.4.0/stdio";
import { openRegistry, realSystem } from "../../../../mod.ts";
import { REPOSITORY, spawnDeno } from "../../../support/run_deno.ts";
import { type TempRoot, tempRoot } from "../../../support/temp_root.ts";
import { holdfast } from "../../../apps/captured_io.ts";
import { withClient } from "./client_of.ts";

const PERMISSIONS = ["--allow-read", "--allow-write", "--allow-env", "--allow-sys"];

/** Starts `holdfast mcp` as the program of a client. */
function start(root: TempRoot, ...args: string[]) {
  const command = ["run", ...PERMISSIONS, "--no-prompt", `${REPOSITORY}/apps/cli.ts`, "mcp"];
  const config = ["--config", `${REPOSITORY}/deno.json`];
  return withClient(
    new StdioClientTransport({
      command: Deno.execPath(),
      args: [command[0]!, ...config, ...command.slice(1), "-r", root.join("registry"), ...args],
      cwd: root.path,
    }),
  );
}

async function filled(root: TempRoot) {
  const registry = await openRegistry(root.join("registry"));
  await registry.save("team:a", "one");
  await registry.save("secret", "hidden text");
  return registry;
}

Deno.test("the command serves a registry over standard input and output", async () => {
  await using root = await tempRoot();
  await using registry = await filled(root);
  await using it = await start(root, "--allow-delete");
  const { items } = await it.call<{ items: { name: string }[] }>("find_artifacts");
  assertEquals(items.map(({ name }) => name), ["secret", "team:a"]);
  assertEquals((await it.call("find_artifacts", { query: "team" })).next, undefined);
  const large = "x".repeat(1_000_000);
  assertEquals((await it.call("save_version", { name: "b", text: large })).ref, "b@1.0.0");
  const { metadata } = await registry.info("b");
  assertEquals(metadata.savedBy, { name: "tester", version: "1.2.3", via: "mcp" });
  const huge = await it.call("save_version", { name: "b", text: "x".repeat(10_000_000) });
  assertMatch(String(huge), /argument text.*8388608/);
  await registry.setAlias("b", "keep", "1");
  assertMatch(String(await it.call("delete_version", { ref: "b@1.0.0" })), /keep/);
  assertEquals(await it.call("delete_version", { ref: "b@1.0.0", force: true }), { deleted: true });
  assertMatch(String(await it.call("save_version", { name: "c", local: "." })), /unknown/);
});

Deno.test("a client is notified of versions that it saves and deletes", async () => {
  await using root = await tempRoot();
  await using _ = await filled(root);
  await using it = await start(root, "--allow-delete");
  const method = "notifications/resources/list_changed";
  let count = 0;
  it.client.setNotificationHandler(method, () => void count++);
  const calls: [string, Record<string, unknown>, number][] = [
    ["save_version", { name: "b", text: "x" }, 1],
    ["save_version", { name: "b@1", text: "x" }, 1],
    ["set_alias", { name: "b", alias: "good", version: "1" }, 1],
    ["delete_version", { ref: "b@1.0.0", force: true }, 2],
  ];
  for (const [tool, args, expected] of calls) {
    await it.call(tool, args); // the notification is sent before the answer
    assertEquals(count, expected, tool);
  }
});

Deno.test("a long message is read at once, and one over the limit is refused", async () => {
  await using root = await tempRoot();
  await using registry = await filled(root);
  await using it = await start(root);
  const files = Array.from({ length: 8 }, (_, i) => ({ path: `${i}`, text: "x".repeat(5e6) }));
  const beganAt = realSystem.monotonic();
  assertEquals((await it.call("save_version", { name: "big", files })).ref, "big@1.0.0");
  const seconds = (realSystem.monotonic() - beganAt) / 1000;
  assert(seconds < 40, `${seconds} s`); // two if a message is copied once, 80 if for each chunk
  assertEquals((await registry.info("big")).size, 8 * 5e6);
  const input = new Blob(Array.from({ length: 65 }, () => "x".repeat(2 ** 20))).stream();
  const args = ["mcp", "-r", root.join("registry")];
  const server = spawnDeno("apps/cli.ts", args, { cwd: root.path, permissions: PERMISSIONS });
  await input.pipeTo(server.stdin).catch(() => {});
  assertMatch(await new Response(server.stderr).text(), /a message exceeds 67108864 bytes/);
  assertEquals((await server.status).code, 2);
  await server.stdout.cancel();
});

Deno.test("with --names, other names do not exist", async () => {
  await using root = await tempRoot();
  await using registry = await filled(root);
  await using it = await start(root, "--names", "team:*", "--names", "b");
  const { items } = await it.call<{ items: { name: string }[] }>("find_artifacts");
  assertEquals(items.map(({ name }) => name), ["team:a"]);
  const refused: [string, Record<string, unknown>][] = [
    ["read_file", { ref: "secret" }],
    ["list_versions", { name: "secret" }],
    ["compare_versions", { before: "team:a", after: "secret" }],
  ];
  for (const [tool, args] of refused) {
    const absent = JSON.parse(JSON.stringify(args).replace("secret", "nothing"));
    const [there, missing] = [await it.call(tool, args), await it.call(tool, absent)].map(String);
    assertMatch(there!, /no such name/);
    assertEquals(there!.replaceAll("secret", "nothing"), missing);
  }
  assertMatch(String(await it.call("save_version", { name: "secret", text: "" })), /team:\*, b/);
  assertEquals((await it.call("save_version", { name: "b", text: "x" })).ref, "b@1.0.0");
  assertEquals(await Array.fromAsync(registry.versions("secret")).then((all) => all.length), 1);
});

Deno.test("only files below --root are saved, and no link leads out of it", async () => {
  await using root = await tempRoot();
  await using registry = await filled(root);
  const work = root.join("work");
  await mkdir(work);
  await writeFile(root.join("outside.txt"), "private");
  await writeFile(root.join("work/report.txt"), "mine");
  await symlink(root.join("outside.txt"), root.join("work/link.txt"));
  await symlink(root.path, root.join("work/up"));
  await mkdir(root.join("work2"));
  await symlink(work, root.join("link to work"));
  const absent = ["mcp", "-r", root.join("registry"), "--root", "absent"];
  const failed = await holdfast(absent, { cwd: root.path });
  assertMatch(failed.err, /Cannot serve "absent": no such folder\nhint: /);
  await using it = await start(root, "--root", "work");
  const save = async (local: string) => String(await it.call("save_version", { name: "s", local }));
  const outside = ["../outside.txt", root.join("outside.txt"), "../work2", "/", "..", "link.txt"];
  for (const path of [...outside, "up/outside.txt", "missing.txt", "", "..\\outside.txt", "\0"]) {
    assertMatch(await save(path), /no such file or folder below the root folder\nHint: Pass/, path);
  }
  assertEquals(await registry.has("s"), false);
  await it.call("save_version", { name: "s", local: "report.txt" });
  assertEquals(await (await registry.open("s")).file().text(), "mine");
  await it.call("save_version", { name: "whole", local: "." });
  await using linked = await start(root, "--root", "link to work");
  for (const folder of ["work", "link to work"]) { // both are the same folder
    const local = root.join(folder, "report.txt");
    assertEquals((await linked.call("save_version", { name: folder, local })).version, "1.0.0");
  }
  const { files } = await registry.info("whole"); // a link is saved as a link, not its target
  const kinds = files.map(({ path, mode }) => [path, mode]);
  assertEquals(kinds, [["link.txt", "link"], ["report.txt", undefined], ["up", "link"]]);
});

Deno.test("options that contradict each other, and empty names, are refused", async () => {
  await using root = await tempRoot();
  await using _ = await filled(root);
  const refused: [string[], RegExp][] = [
    [["--read-only", "--allow-delete"], /pass --read-only or --allow-delete, not both/],
    [["--names", ""], /Cannot serve names "": it is empty\nhint: Pass a name or a prefix/],
    [["--names", "a@1"], /Cannot serve names "a@1": @ separates a name from its version\nhint: /],
    [["--names", "a:* b"], /Cannot serve names "a:\* b": a \* is only allowed at the end\nhint: /],
  ];
  for (const [flags, expected] of refused) {
    const args = ["mcp", "-r", root.join("registry"), ...flags];
    const { code, err } = await holdfast(args, { cwd: root.path });
    assertMatch(err, expected);
    assertEquals(code, 2);
  }
});

Deno.test("a client that dies in the middle of a save leaves nothing, and the server ends", async () => {
  await using root = await tempRoot();
  await using registry = await filled(root);
  const args = ["mcp", "-r", root.join("registry")];
  const server = spawnDeno("apps/cli.ts", args, { cwd: root.path, permissions: PERMISSIONS });
  const writer = server.stdin.getWriter();
  const client = {
    protocolVersion: "2025-06-18",
    capabilities: {},
    clientInfo: { name: "x", version: "1" },
  };
  const send = (id: number, method: string, params: unknown) =>
    new TextEncoder().encode(`${JSON.stringify({ jsonrpc: "2.0", id, method, params })}\n`);
  await writer.write(send(1, "initialize", client));
  const reader = server.stdout.getReader();
  assert((await reader.read()).value !== undefined);
  const text = "x".repeat(4_000_000);
  const save = send(2, "tools/call", { name: "save_version", arguments: { name: "half", text } });
  await writer.write(save.subarray(0, 3_000_000));
  await writer.close();
  await reader.cancel();
  const errors = await new Response(server.stderr).text();
  assertEquals([(await server.status).code, errors], [0, ""]);
  assertEquals(await registry.has("half"), false);
});
