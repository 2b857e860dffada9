import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { RegistryError } from "../../../core/errors.ts";
import {
  createPlugins,
  defineInterface,
  JobRunner,
  Storage,
} from "../../../extensions/plugins/mod.ts";

interface Mailer {
  readonly from: string;
  send(to: string): Promise<void>;
  close(): void;
  log?(text: string): void;
}

const said = ({ code, message }: RegistryError) => `${code}: ${message}`;
const thrown = (run: () => unknown) => said(assertThrows(run, RegistryError));
const rejected = async (run: () => Promise<unknown>) =>
  said(await assertRejects(run, RegistryError));

Deno.test("a decorated abstract class is an interface", async () => {
  @defineInterface("shape", { methods: ["area"] })
  abstract class Shape {
    abstract area(): number;
  }
  await using plugins = createPlugins();

  @plugins.register(Shape, "square")
  class Square extends Shape {
    #side: number;
    constructor({ side }: { side: number }) {
      super();
      this.#side = side;
    }
    override area(): number {
      return this.#side ** 2;
    }
  }
  const square = await plugins.create(Shape, "square", { side: 3 });
  assertEquals([square instanceof Square, square.area()], [true, 9]);
  assertEquals(
    thrown(() => plugins.names(Square)),
    'Invalid: Cannot use "Square" as an interface: it is not defined',
  );
  // @ts-expect-error it has no volume
  const decorate = () => defineInterface("shape", { methods: ["volume"] })(Shape);
  assertEquals(typeof decorate, "function");
});

Deno.test("an interface is a name and methods; an untyped one too selects its plugins", async () => {
  const Shape = defineInterface("shape", { methods: ["area", "area"] });
  assertEquals([Shape.name, Shape.methods], ["shape", ["area"]]);
  await using plugins = createPlugins();
  plugins.register(Shape, "unit", () => ({ area: () => 1 }));
  assertEquals((await plugins.create(Shape, "unit")).area(), 1);
  assertEquals(
    thrown(() => plugins.names(Shape.methods as never)),
    "Invalid: Cannot use a value of class Array as an interface: it is not defined",
  );
});

Deno.test("the name of an interface is also the type of its plugins", async () => {
  const runner: JobRunner = {
    crossesProcess: false,
    schedule: () => Promise.resolve("1"),
  };
  await using plugins = createPlugins();
  plugins.register(JobRunner, "own", () => runner);
  const created: JobRunner = await plugins.create(JobRunner, "own");
  assertEquals(created, runner);
});

Deno.test("registering a class names all missing methods", async () => {
  await using plugins = createPlugins();
  class Half {
    writeFile(): void {}
    readFile = () => {};
  }
  assertEquals(
    // @ts-expect-error the compiler finds it too
    thrown(() => plugins.register(Storage, "half", Half)),
    'Invalid: Cannot register plugin "half" of storage: ' +
      "it has no readFile(), openFile(), exists(), delete() and list()",
  );
  assertEquals(plugins.names(Storage).includes("half"), false);
});

Deno.test("creating a plugin without its methods is Invalid", async () => {
  await using plugins = createPlugins();
  plugins.register(JobRunner, "empty", () => ({ crossesProcess: false }) as never);
  plugins.register(JobRunner, "nothing", () => undefined as never);
  assertEquals(
    await rejected(() => plugins.create(JobRunner, "empty")),
    'Invalid: Cannot create plugin "empty" of job_runner: it has no schedule()',
  );
  assertEquals(
    await rejected(() => plugins.create(JobRunner, "nothing")),
    'Invalid: Cannot create plugin "nothing" of job_runner: expected a plugin object, got undefined',
  );
});
