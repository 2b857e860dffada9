// Tokens in pipes, such as `<(command)` of a shell, which can be read once.
import { execFile } from "node:child_process";
import { readFile, writeFile } from "node:fs/promises";
import process from "node:process";
import { promisify } from "node:util";
import { assert, assertEquals } from "@std/assert";
import { createToken, openTokenFile } from "../../../apps/server.ts";
import { tokenOf } from "../../../registry/places/open_by_url.ts";
import type { FoundRegistry } from "../../../registry/places/mod.ts";
import { createScriptedSystem } from "../../support/scripted_system.ts";
import { testInRoot } from "../../support/temp_root.ts";

const ignore = process.platform === "win32";

async function createPipe(path: string): Promise<void> {
  await promisify(execFile)("mkfifo", [path]);
}

testInRoot("the token in a pipe is read once, for all requests of a program", async (root) => {
  const tokenFile = root.join("token");
  await createPipe(tokenFile);
  const place: FoundRegistry = {
    location: "https://host",
    kind: "service",
    by: "argument",
    tokenFile,
  };
  const read = () => (tokenOf(place, {}) as () => Promise<string>)();
  const [written, ...tokens] = await Promise.all([
    writeFile(tokenFile, "secret\n"),
    read(),
    read(),
  ]);
  assertEquals([written, tokens, await read()], [undefined, ["secret", "secret"], "secret"]);
}, { ignore });

testInRoot("the tokens in a pipe are read once, and stay", async (root) => {
  const [file, pipe] = [root.join("tokens.json"), root.join("pipe")];
  const { token } = await createToken(file, { scopes: ["admin"] });
  await createPipe(pipe);
  const system = createScriptedSystem();
  const [check] = await Promise.all([
    openTokenFile(pipe, { system }),
    writeFile(pipe, await readFile(file)),
  ]);
  for (const _ of [1, 2]) {
    assert(await check.find(`Bearer ${token}`) !== undefined);
    system.advance(60_000);
  }
}, { ignore });
