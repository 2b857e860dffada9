// The rules of sign-in that the command line and the page have too: the vectors of all three.
import { assertEquals } from "@std/assert";
import { fromFileUrl, join } from "@std/path";
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import {
  answerOf,
  ANSWERS,
  type Renewal,
  startRedirects,
  VECTORS,
  VECTORS_FILE,
} from "../../support/oidc/rules.ts";
import { REPOSITORY } from "../../support/run_deno.ts";
import { ENVIRONMENT, python, pythonTest } from "../reader.ts";

pythonTest("Python has the rules of sign-in that the command line has", async (root) => {
  const asked: Record<string, string>[] = [];
  await using redirecting = startRedirects();
  await using server = Deno.serve(
    { port: 0, hostname: "127.0.0.1", onListen() {} },
    async (request) => {
      const { pathname, origin } = new URL(request.url);
      const [, section, word = ""] = pathname.split("/");
      if (section === "echo") {
        return Response.json({ authorization: request.headers.get("authorization") });
      }
      if (section === "margins") return answerOf(ANSWERS[word as Renewal["is"]], origin);
      if (section === "renewals") {
        asked.push(Object.fromEntries(new URLSearchParams(await request.text())));
        return answerOf(VECTORS.renewals[Number(word)]!, origin);
      }
      return new Response(null, { status: 404 });
    },
  );
  const script = join(REPOSITORY, "tests/python/service/sign_in_rules.py");
  const url = `http://127.0.0.1:${server.addr.port}`;
  const args = [script, fromFileUrl(VECTORS_FILE), url, redirecting.url, root.path];
  const { stdout } = await promisify(execFile)(python!, args, { env: ENVIRONMENT });
  assertEquals(stdout, "ended\n");
  assertEquals(asked, VECTORS.renewals.map(() => VECTORS.request.is));
  assertEquals(redirecting.wrong(), []);
});
