import { assert, assertEquals } from "@std/assert";
import { join } from "@std/path";
import { parse } from "npm:yaml@^2.9";
import { REPOSITORY } from "../support/run_deno.ts";

interface Compose {
  services: Record<string, { image: string; ports: string[] }>;
}

const { services }: Compose = parse(await Deno.readTextFile(join(REPOSITORY, "compose.yaml")));

Deno.test("the servers for people with Docker listen on this machine only", () => {
  const ports = Object.values(services).flatMap(({ ports }) => ports);
  assert(ports.length > 0);
  assertEquals(ports.filter((port) => !/^127\.0\.0\.1:(\d+):\1$/.test(port)), []);
});
