// A service over a socket, for real clients.
import { createHandler, createToken, listen, openTokenFile } from "../../../../apps/server.ts";
import { openRegistry } from "../../../../mod.ts";
import { createS3Gateway } from "../../../../extensions/gateways/s3/s3_gateway.ts";
import { noise } from "../../../registry/registries.ts";
import { tempRoot } from "../../../support/temp_root.ts";
import { withCalls } from "./client_calls.ts";
import { saveFiles } from "./open_s3.ts";

/** The key of derived secrets. */
export const S3_KEY = "k".repeat(43);

/** Serves two versions of `team/digits`, and a token: by default one that may read them. */
export async function serveS3(scopes: readonly string[] = ["read:team/*"]) {
  const root = await tempRoot();
  const registry = await openRegistry("memory:");
  await registry.save("team/digits", noise(300_000), { alias: "production" });
  await saveFiles(registry, "team/digits", ["a.txt", "ü + b.txt", "in/c.txt"]);
  const { token } = await createToken(root.join("t.json"), { scopes });
  const tokens = await openTokenFile(root.join("t.json"));
  const { gateway, calls } = withCalls(createS3Gateway({ key: S3_KEY }));
  const handler = createHandler(registry, { tokens, gateways: [gateway] });
  const server = await listen(handler, { port: 0, hasTokens: true });
  return {
    url: server.url,
    token,
    registry,
    calls,
    tokenFile: root.join("t.json"),
    [Symbol.asyncDispose]: async () => {
      await server.stop({ withinMs: 0 });
      await handler.close();
      await registry.close();
      await root.remove();
    },
  };
}
