// A token in a file that something else renews, such as Kubernetes.
import { assertEquals } from "@std/assert";
import { createHandler } from "../../../apps/server.ts";
import { createAccess, parseScope } from "../../../apps/server/access/access.ts";
import { openRegistry } from "../../../mod.ts";
import { setRemote } from "../../../apps/cli/places/set_remote.ts";
import { realSystem } from "../../../core/system.ts";
import { testInRoot } from "../../support/temp_root.ts";
import { rejected } from "../../registry/rejected.ts";

testInRoot("a token file is read for each request", async (root) => {
  let accepted = "one";
  const tokens = {
    find: (authorization: string | null) =>
      Promise.resolve(
        authorization === `Bearer ${accepted}`
          ? createAccess(accepted, [parseScope("admin")])
          : undefined,
      ),
  };
  await using behind = await openRegistry("memory:");
  await using handler = createHandler(behind, { tokens });
  await using server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen() {} }, handler);
  const env: Record<string, string> = { XDG_CONFIG_HOME: root.path };
  const system = { ...realSystem, env: (name: string) => env[name] };
  const tokenFile = root.join("token");
  const location = `http://127.0.0.1:${server.addr.port}`;
  setRemote("team", { location, tokenFile }, { system });
  await rejected("Denied", openRegistry("@team", { system }), /read the token/);
  await Deno.writeTextFile(tokenFile, "one\n");
  await using registry = await openRegistry("@team", { system });
  await registry.save("m", 1);
  accepted = "two";
  await rejected("Denied", registry.load("m"));
  await Deno.writeTextFile(tokenFile, "two\n");
  assertEquals(await registry.load("m"), 1);
  await Deno.remove(tokenFile);
  await rejected("Denied", registry.has("m"), /read the token/); // not false
});
