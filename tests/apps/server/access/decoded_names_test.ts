import { assert, assertEquals } from "@std/assert";
import { createAccess, type Scope } from "../../../../apps/server/access/access.ts";
import { createApp } from "../../../../apps/server/app.ts";
import { openRegistry } from "../../../../mod.ts";
import { createMemoryQueue } from "../../../../extensions/queues/memory.ts";
import { slowTest } from "../../../support/seeds.ts";
import { hub } from "../../../../extensions/gateways/hub/hub.ts";
import { createJobsGateway } from "../../../../extensions/queues/surface/jobs.ts";

/** The forms of `/` in a name that the service decodes. */
const SLASHES = ["%2F", "@@", "%40%40", "@%40"];

/** The values of path parameters other than a name. */
const VALUES: Record<string, string> = { version: "1.0.0", revision: "main", draft: "d@@x" };

/** A body that each route with one reads up to its check of rights, by media type. */
const BODIES: Record<string, string> = {
  batch: '{"operation":"upload","objects":[]}',
  "paths-info": '{"paths":["x"]}',
  preupload: '{"files":[{"path":"x","size":1}]}',
  "commit/main": '{"key":"header","value":{"summary":"s"}}\n',
};

slowTest("every route checks the rights on a decoded name, never on the sent one", async () => {
  const registry = await openRegistry("memory:");
  const jobs = createMemoryQueue();
  for (const name of ["team/a", "mine/a"]) await registry.save(name, new Uint8Array(3));
  const find = (header: string | null) => {
    const prefix = header!.slice("Bearer ".length);
    const scopes = (["read", "write"] as const).flatMap((kind) =>
      ["", "datasets/"].map((folder): Scope => ({ kind, name: folder + prefix, prefix: true }))
    );
    return Promise.resolve(createAccess("me", scopes));
  };
  const app = createApp(registry, { tokens: { find }, gateways: [createJobsGateway(jobs), hub] });
  const ask = async (method: string, path: string, prefix: string) => {
    const last = /batch$|commit\/main|preupload|paths-info/.exec(path)?.[0] ?? "";
    const { status, body } = await app(
      new Request(`http://localhost${path}`, {
        method,
        headers: {
          authorization: `Bearer ${prefix}`,
          "content-type": last === "batch" ? "application/vnd.git-lfs+json" : "application/json",
        },
        body: /^(GET|DELETE)$/.test(method) ? undefined : BODIES[last] ?? "{}",
      }),
    );
    await body?.cancel();
    return status;
  };
  const all = app.routes.filter(({ path }) =>
    /:(name|run|repo)\b/.test(path) &&
    !path.includes("/xet-write-token/") // redirects all to LFS
  );
  assert(all.length > 50, `${all.length} routes`);
  const wrong: string[] = [];
  for (const { method, path } of all) {
    for (const slash of SLASHES) {
      const name = `team${slash}a`;
      const of: Record<string, string> = { ...VALUES, name, repo: name, org: name };
      const at = path.replace(
        /:(\w+)(\{[^}]*\})?/g,
        (_, key) => key === "run" ? `${name}@1` : of[key] ?? "d",
      );
      for (const prefix of ["mine/", "team@@", "team%2F", "team@", "team%40", `team${slash}`]) {
        const status = await ask(method, at, prefix);
        if (status !== 403) wrong.push(`${method} ${at} with ${prefix}*: ${status}`);
      }
      const status = await ask(method, at, "team/");
      if (status === 403) wrong.push(`${method} ${at} with team/*: ${status}`);
    }
  }
  assertEquals(wrong, []);
  await app.close();
  await jobs.close();
  await registry.close();
});
