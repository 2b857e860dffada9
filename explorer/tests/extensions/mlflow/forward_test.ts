// Addresses that clients of MLflow print.
import { assertEquals } from "@std/assert";
import { hrefOfMlflow } from "../../../src/extensions/mlflow/forward.ts";
import { parsePlace } from "../../../src/framework/router.ts";
import { experimentId, runIdOf } from "../../../../extensions/runs/mlflow/ids.ts";

Deno.test("addresses of MLflow's page lead to the views of names and runs", () => {
  for (const name of ["Default", "digits", "team/digits", "a b_c-d:é"]) {
    const experiment = `#/experiments/${experimentId(name)}`;
    const place = parsePlace(hrefOfMlflow(parsePlace(experiment).path) ?? "");
    assertEquals(place.path, ["artifacts", name]);
    for (const id of ["7f3c", "m-00", "other_run"]) {
      const run = `${experiment}/runs/${runIdOf({ name, id })}`;
      for (const address of [run, `${run}/artifacts`, run.replace("/runs/", "/models/")]) {
        const place = parsePlace(hrefOfMlflow(parsePlace(address).path) ?? "");
        assertEquals(place.path, ["logged", name, id], address);
      }
    }
  }
  for (
    const address of [
      "#/experiments",
      "#/experiments/7",
      "#/experiments/x_zz",
      "#/experiments/0/runs/7",
    ]
  ) {
    assertEquals(hrefOfMlflow(parsePlace(address).path), undefined, address);
  }
});
