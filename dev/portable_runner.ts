// As much of `Deno.test` as the shared tests use, for Node and Bun. It takes the tests while they
// are imported and is gone again when they run: the sources then see a runtime without Deno.
import process from "node:process";

type Body = (context: TestContext) => unknown;

interface Definition {
  name: string;
  ignore?: boolean;
  fn: Body;
}

interface TestContext {
  name: string;
  step(name: string | Definition, body?: Body): Promise<boolean>;
}

const tests: Definition[] = [];
const world = globalThis as unknown as { Deno?: unknown };
type Call = [first: string | Definition, second?: Body | Partial<Definition>, third?: Body];
world.Deno = {
  test: Object.assign((...call: Call) => void tests.push(definitionOf(...call)), {
    ignore: (...call: Call) => void tests.push({ ...definitionOf(...call), ignore: true }),
  }),
};

function definitionOf(...[first, second, third]: Call): Definition {
  if (typeof first !== "string") return first;
  if (typeof second === "function") return { name: first, fn: second };
  return { name: first, fn: third!, ...second };
}

/** Runs what was imported, one after another, and ends the process: with 1 if a test failed or there was none. */
export async function runTests(): Promise<void> {
  delete world.Deno;
  setInterval(() => {}, 60_000); // a test may wait for what does not keep a process alive
  const counts = { passed: 0, failed: 0, ignored: 0 };
  for (const test of tests) {
    process.stdout.write(`${test.name} ... `);
    if (test.ignore) {
      counts.ignored++;
      console.log("ignored");
      continue;
    }
    try {
      await test.fn(contextOf(test.name));
      counts.passed++;
      console.log("ok");
    } catch (error) {
      counts.failed++;
      console.log("FAILED");
      console.log(error);
    }
  }
  console.log(`${counts.ignored} ignored`);
  console.log(`${counts.passed} passed, ${counts.failed} failed`);
  process.exit(counts.failed > 0 || counts.passed === 0 ? 1 : 0);
}

function contextOf(name: string): TestContext {
  return {
    name,
    async step(first, body) {
      const step = definitionOf(first, body);
      if (!step.ignore) await step.fn(contextOf(`${name} > ${step.name}`));
      return !step.ignore;
    },
  };
}
