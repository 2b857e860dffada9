// Takes the variable `TAKEN` from its own environment, and prints where it can still be seen.
import { realSystem } from "../../../core/system.ts";
import { takeVariables, withoutVariables } from "../../../operators/process/variables.ts";

const system = takeVariables(realSystem, ["TAKEN", "NOT_SET"]);
const { stdout } = await new Deno.Command("env").output();
const without = withoutVariables(system, new Set(["TAKEN"]));
console.log(JSON.stringify({
  ownValue: realSystem.env("TAKEN") ?? null,
  childHasIt: new TextDecoder().decode(stdout).includes("TAKEN"),
  taken: system.env("TAKEN"),
  namesOfTaken: ["TAKEN", "NOT_SET"].map((name) => system.envNames!().includes(name)),
  without: [without.env("TAKEN") ?? null, without.envNames!().includes("TAKEN")],
}));
