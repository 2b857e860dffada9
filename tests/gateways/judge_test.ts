// The conformance suite for all gateways of `apps/extensions.ts`.
import { testGateway, type TestGatewayOptions } from "../conformance/gateways.ts";
import type { RegisterTest } from "../conformance/mod.ts";
import { slowTest } from "../support/seeds.ts";
import { encodeName, experimentId } from "../../runs/mlflow/ids.ts";
import { openAllGateways } from "./all_gateways.ts";
import { signer } from "./s3/open_s3.ts";

/** Facts that the schemas of each gateway do not have. */
const FACTS: Readonly<Record<string, TestGatewayOptions>> = {
  hub: {
    values: ({ name, version, path }, route) => {
      const [org = "", id = ""] = name.split(":");
      const repo = route.path.includes("/:org/") ? id : name;
      return { org, repo, revision: version, path, paths: path };
    },
  },
  dav: { values: ({ name, version, path }) => ({ path: `${name}@${version}/${path}` }) },
  s3: {
    values: ({ name, version, path }) => ({
      path: `${name}/@${version}/${path}`,
      prefix: `${name}/@${version}/`,
    }),
    sign: (request, token) => signer({ token }).sign(request),
  },
  mlflow: {
    values: ({ name, version, path }) => ({
      path: `versions/${encodeName(name)}/${version}/${path}`,
      experiment_id: experimentId(name),
      experiment_ids: experimentId(name),
      experiment_name: name,
    }),
  },
};

/** `deno task test` leaves out what requests cost, which takes seconds. */
const register: RegisterTest = (name, run) =>
  / keeps the thread | ends with /.test(name) ? slowTest(name, run) : Deno.test(name, run);

const all = await openAllGateways();
for (const gateway of all.gateways) {
  testGateway(register, () => gateway, { name: gateway.name, ...FACTS[gateway.name] });
}
