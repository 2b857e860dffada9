import { assertEquals } from "@std/assert";
import { homedir } from "node:os";
import { join, resolve } from "node:path";
import { createScriptedSystem } from "../scripted_system.ts";
import { serversFolder } from "./find_server.ts";

const folder = (environment: Record<string, string>) =>
  serversFolder(createScriptedSystem({ environment }));

Deno.test("the servers are in the user's cache, or where HOLDFAST_SERVERS_DIR says", () => {
  const HOME = "/home/somebody";
  assertEquals(folder({ HOME }), "/home/somebody/.cache/holdfast/servers");
  assertEquals(folder({ HOME, XDG_CACHE_HOME: "/fast" }), "/fast/holdfast/servers");
  assertEquals(folder({ HOME, XDG_CACHE_HOME: "/fast", HOLDFAST_SERVERS_DIR: "/tools" }), "/tools");
});

Deno.test("an empty variable counts as none", () => {
  const none = { HOLDFAST_SERVERS_DIR: "", XDG_CACHE_HOME: "" };
  assertEquals(
    folder({ ...none, HOME: "/home/somebody" }),
    "/home/somebody/.cache/holdfast/servers",
  );
  assertEquals(folder({ ...none, HOME: "" }), join(homedir(), ".cache/holdfast/servers"));
});

Deno.test("a relative HOLDFAST_SERVERS_DIR is below the current folder, wherever servers are built and started", () => {
  assertEquals(folder({ HOLDFAST_SERVERS_DIR: "some/servers" }), resolve("some/servers"));
});
