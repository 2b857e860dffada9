// `wandb verify`, by which W&B's client checks a server of one's own.
import { assertEquals } from "@std/assert";
import { clientTest, serveWandb } from "../serve_wandb.ts";

/** Checks whose failures are known: without TLS, of a store's own links, and of sweeps. */
const KNOWN = /^(requests to base url|requests made over signed|CORs config|sweep creation)/;

clientTest("the client's own check of a server passes, but for sweeps and TLS", async (client) => {
  await using service = await serveWandb();
  const program = `
import subprocess, sys
done = subprocess.run([sys.executable, "-m", "wandb", "verify"], capture_output=True, text=True)
for line in done.stdout.splitlines():
    if line.startswith("Checking "): print("> " + line.removeprefix("Checking "))
    elif "sweep:" in line: print("> " + line)
`;
  const lines = (await service.run(client, program)).map((line) => line.slice(2));
  const checks = lines.filter((line) => /\.\.\./.test(line));
  assertEquals(checks.filter((line) => !line.endsWith("✅") && !KNOWN.test(line)), []);
  assertEquals(checks.length, 10);
  assertEquals(lines.some((line) => line.includes("does not have sweeps")), true);
});
