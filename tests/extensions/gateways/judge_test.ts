// The conformance suite for all gateways of `apps/extensions.ts`.
import { testGateway, type TestGatewayOptions } from "../../conformance/gateways.ts";
import type { RegisterTest } from "../../conformance/mod.ts";
import { kindsOfShare, slowTest } from "../../support/seeds.ts";
import { openAllGateways } from "./all_gateways.ts";
import { createJudged, mlflowFacts } from "./judged_runs.ts";
import { digestOf } from "./oci/open_oci.ts";
import { signer } from "./s3/open_s3.ts";
import { projectOf, wandbFacts } from "./judged_wandb.ts";

const HUB_COMMIT = [
  { key: "header", value: { summary: "s" } },
  { key: "file", value: { path: "a", content: "eA==", encoding: "base64" } },
].map((line) => JSON.stringify(line)).join("\n");

/** The first files of names of the suite. */
const OCI_FILES: Readonly<Record<string, string>> = {
  "team:model": "shown-content",
  "other:model": "hidden-content",
  "team:release": "shown-content",
  "team:many": "0",
};

const jobOf = (name: string) => `job-${name.replace(":", "-")}`;
const JOBS = ["team:model", "other:model"].map(jobOf);

/** Facts that the schemas of each gateway do not have. */
const FACTS: Readonly<Record<string, TestGatewayOptions>> = {
  hub: {
    values: ({ name, version, path }, route) => {
      const [org = "", id = ""] = name.split(":");
      const repo = route.path.includes("/:org/") ? id : name;
      const isCommit = /\/(preupload|commit)\//.test(route.path);
      const isFolder = route.path.includes("/tree/");
      const values: Record<string, string> = {
        org,
        repo,
        revision: isCommit ? "main" : version,
        path: isFolder ? path.replace(/^file.txt$/, "folder/file.txt").split("/")[0]! : path,
        paths: path,
      };
      if (route.path.includes("/commit/")) values.$body = HUB_COMMIT;
      return values;
    },
    refuses: { "PUT /uploads/:upload": "it does not exist" },
  },
  dav: { values: ({ name, version, path }) => ({ path: `${name}@${version}/${path}` }) },
  s3: {
    values: ({ name, version, path }) => ({
      path: `${name}/@${version}/${path}`,
      prefix: `${name}/@${version}/`,
      "response-content-disposition": "inline",
    }),
    sign: (request, token) => signer({ token }).sign(request),
  },
  oci: {
    values: ({ name, version }, { path }) => ({
      repository: name.replaceAll(":", "/"),
      reference: name === "team:many" ? `${version}__image` : version,
      digest: path.includes("/referrers/")
        ? `sha256:${"0".repeat(64)}`
        : digestOf(OCI_FILES[name] ?? ""),
    }),
  },
  mlflow: mlflowFacts(),
  wandb: wandbFacts(),
  "wandb-graphql": {
    values: ({ name }) => ({
      $body: JSON.stringify({
        operationName: "RunStoppedStatus",
        query: "",
        variables: { ...projectOf(name), runId: "one" },
      }),
    }),
  },
  mcp: {
    values: ({ name, version, path }) => ({
      $body: JSON.stringify({
        jsonrpc: "2.0",
        id: 1,
        method: "tools/call",
        params: { name: "read_file", arguments: { ref: `${name}@${version}`, path } },
      }),
    }),
    sign(request, token) {
      const headers = new Headers(request.headers);
      headers.set("accept", "application/json, text/event-stream");
      headers.set("authorization", `Bearer ${token}`);
      return new Request(request, { headers });
    },
  },
  jobs: {
    seed: () => all.queue.add(JOBS.map((id) => ({ id, group: "p@1", kind: "step", data: {} }))),
    values: ({ name }) => ({ job: jobOf(name) }),
  },
  pipelines: {
    values: ({ name }) => ({ run: `${name}@1`, step: "s" }),
    refuses: Object.fromEntries(
      ["GET /runs/:run", "GET /runs/:run/steps/:step/attempts", "DELETE /runs/:run"]
        .map((route) => [route, '"team:model@1\\"']),
    ),
  },
};

/** Gateways whose largest requests take half a minute or more: in CI those of one a day. */
const COSTLY = ["mlflow", "hub", "s3", "wandb"];
const costlyToday = kindsOfShare("costs", COSTLY);

/** `deno task test` leaves out what requests cost, which takes seconds. */
const register: RegisterTest = (name, run) => {
  if (!/ keeps the thread | ends with /.test(name)) return Deno.test(name, run);
  const gateway = name.split(":")[0]!;
  if (!COSTLY.includes(gateway) || costlyToday.includes(gateway)) slowTest(name, run);
};

const all = await openAllGateways();
for (const gateway of all.gateways) {
  const create = () => gateway.name === "mlflow" ? createJudged() : gateway;
  testGateway(register, create, { name: gateway.name, ...FACTS[gateway.name] });
}
