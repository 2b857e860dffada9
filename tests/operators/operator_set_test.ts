import { assert, assertEquals, assertMatch, assertRejects, assertThrows } from "@std/assert";
import { RegistryError } from "../../core/errors.ts";
import { createOperators, defineOperator, Operator } from "../../operators/mod.ts";
import type { AnyOperator, OperatorSource } from "../../operators/mod.ts";

class Cleaner extends Operator {
  readonly level: number;
  disposed = 0;
  constructor(args: { level?: number; mode?: string } = {}) {
    super();
    this.level = args.level ?? 1;
  }
  run() {}
  command() {
    return ["clean"];
  }
  [Symbol.dispose]() {
    this.disposed++;
  }
}

const plain = () => defineOperator({ run: () => 0, command: () => ["true"] });

Deno.test("createOperators() returns registered operators, and lists keys for an unknown one", () => {
  const cleaner = plain();
  const operators = createOperators({ first: plain() });
  assertEquals(operators.register("data_cleaner_v1", cleaner), cleaner);
  assert(operators.get("data_cleaner_v1") === cleaner);
  assertEquals(operators.find("missing"), undefined);
  assertEquals(operators.names(), ["first", "data_cleaner_v1"]);
  const error = assertThrows(() => operators.get("missing"), RegistryError);
  assertEquals([error.code, error.hint], ["NotFound", 'Use one of: "first", "data_cleaner_v1".']);
  assertEquals(
    assertThrows(() => operators.register("first", plain()), RegistryError).code,
    "AlreadyExists",
  );
});

Deno.test("register(key) decorates classes, and takes instances and functions", async () => {
  const operators = createOperators();

  @operators.register("extractor_v1")
  class Extractor extends Cleaner {}

  const instance = operators.register("instance")(new Cleaner());
  operators.register("made", (args: { level: number }) => Promise.resolve(new Cleaner(args)));
  assert(operators.get("extractor_v1") === Extractor);
  assert(await operators.instance("extractor_v1", "a") instanceof Extractor);
  assert(await operators.instance("instance", "any") === instance);
  const made = await operators.instance("made", "a", { args: { level: 3 } }) as Cleaner;
  assertEquals(made.level, 3);
});

Deno.test("an operator without run() or command() is refused", () => {
  const operators = createOperators();
  class Idle {
    run() {}
  }
  class Empty {}
  const refused = (source: unknown) =>
    assertThrows(() => operators.register("a", source as OperatorSource), RegistryError).message;
  assertEquals(refused(Idle), 'Cannot register operator "a": it has no command()');
  assertEquals(refused(Empty), 'Cannot register operator "a": it has no run() and no command()');
  assertEquals(refused({ command: () => [] }), 'Cannot register operator "a": it has no run()');
  assertEquals(refused(7), 'Cannot register operator "a": 7 is not an operator');
  assertEquals(operators.names(), []);
  assertThrows(
    () => defineOperator({ run() {} } as unknown as AnyOperator),
    RegistryError,
    "it has no command()",
  );
});

Deno.test("invalid keys are refused", () => {
  for (const key of ["", "a:v1", "a b", "a@1", "a,b"]) {
    assertThrows(
      () => createOperators().register(key, plain()),
      RegistryError,
      "Cannot register operator",
    );
  }
  createOperators().register("cleaner_v2.0", plain());
});

Deno.test("concurrent calls for an operator id get one instance", async () => {
  let calls = 0;
  const waiting = Promise.withResolvers<void>();
  const operators = createOperators();
  operators.register("slow", async () => {
    calls++;
    await waiting.promise;
    return new Cleaner();
  });
  const asked = [1, 2, 3].map(() => operators.instance("slow", "one"));
  const other = operators.instance("slow", "other");
  waiting.resolve();
  const [first, ...rest] = await Promise.all(asked);
  assert(rest.every((operator) => operator === first));
  assert(first !== await other);
  assertEquals(calls, 2);
});

Deno.test("other arguments for an operator id are Invalid, without their values", async () => {
  const operators = createOperators({ cleaner: Cleaner });
  const first = await operators.instance("cleaner", "a", {
    args: { level: 2, mode: "old", list: [1] },
  });
  assert(
    first ===
      await operators.instance("cleaner", "a", { args: { list: [1], mode: "old", level: 2 } }),
  );
  assert(first === await operators.instance("cleaner", "a"));
  const changed = { args: { level: 3, list: [1], extra: "secret" } };
  const error = await assertRejects(
    () => operators.instance("cleaner", "a", changed),
    RegistryError,
  );
  assertEquals(error.code, "Invalid");
  assert(error.message.endsWith("an earlier call: extra, level, mode"), error.message);
});

Deno.test("clear() disposes of instances that the set created", async () => {
  const own = new Cleaner();
  const operators = createOperators({ made: Cleaner, own });
  const made = await operators.instance("made", "x") as Cleaner;
  await operators.instance("own", "x");
  await operators.clear();
  assertEquals([made.disposed, own.disposed], [1, 0]);
  assert(await operators.instance("made", "x", { args: { level: 9 } }) !== made);
  assertEquals(operators.names(), ["made", "own"]);
});

Deno.test("options after a class are refused: the class itself would stay as it is", () => {
  const operators = createOperators();
  // deno-lint-ignore no-explicit-any -- the compiler refuses it
  const register = operators.register as any;
  class Late extends Operator {
    override run() {}
    override command() {
      return ["late"];
    }
  }
  const error = assertThrows(() => register("late", Late, { singleton: true }), RegistryError);
  assertEquals([error.code, operators.has("late")], ["Invalid", false]);
  assertMatch(error.hint!, /@operators\.register\(key, \{ singleton: true \}\)/);
});

Deno.test("a class that is registered as a singleton has one instance for each operator id", async () => {
  await using operators = createOperators();
  let made = 0;

  @operators.register("singleton_test", { singleton: true })
  class Single extends Operator {
    constructor(_args: { operatorId?: string; inputRoot?: string } = {}) {
      super();
      made++;
    }
    override run() {}
    override command() {
      return ["true"];
    }
  }
  class More extends Single {}
  assertThrows(
    () => new Single("a" as never),
    RegistryError,
    "class Single: its argument is a string",
  );
  for (const other of [{ operator_id: "a" }, { inputRoot: "in" }]) {
    assertThrows(() => new Single(other), RegistryError, "its argument has no operatorId");
  }

  const one = new Single({ operatorId: "a", inputRoot: "in" });
  assert(one instanceof Single);
  assert(one === new Single({ operatorId: "a" }));
  assert(one !== new Single({ operatorId: "b" }));
  assert(new Single() === new Single());
  assert(new More() !== new More());
  const found = operators.get("singleton_test") as typeof Single;
  assert(new found({ operatorId: "a" }) === one);
  assertEquals(made, 5);
  const instance = await operators.instance("singleton_test", "a");
  assert(instance !== await operators.instance("singleton_test", "b"));
  await operators.clear();
  assert(one !== new Single({ operatorId: "a" }));
});
