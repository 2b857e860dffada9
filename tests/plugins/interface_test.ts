import { assertEquals, assertRejects, assertStringIncludes, assertThrows } from "@std/assert";
import { RegistryError } from "../../core/errors.ts";
import { createPlugins, defineInterface, JobRunner, Storage } from "../../plugins/mod.ts";
import type { FileStorage } from "../../plugins/mod.ts";

interface Mailer {
  readonly from: string;
  send(to: string): Promise<void>;
  close(): void;
  log?(text: string): void;
}

/** What an error says, as one line. */
function said({ code, message, hint }: RegistryError): string {
  return `${code}: ${message}. ${hint}`;
}

const thrown = (run: () => unknown) => said(assertThrows(run, RegistryError));
const rejected = async (run: () => Promise<unknown>) =>
  said(await assertRejects(run, RegistryError));

Deno.test("an interface has its name and its methods, which nobody changes", () => {
  const given: ("send" | "close")[] = ["send", "close", "send"];
  const mailer = defineInterface<Mailer>("mailer", { methods: given });
  given.pop();
  assertEquals([mailer.name, [...mailer.methods]], ["mailer", ["send", "close"]]);
  assertThrows(() => (mailer.methods as string[]).push("x"), TypeError);
  assertThrows(() => (mailer as { name: string }).name = "x", TypeError);
});

Deno.test("a name that is no method of the type is a mistake that the compiler finds", () => {
  // @ts-expect-error it is called send
  defineInterface<Mailer>("mailer", { methods: ["sent"] });
  // @ts-expect-error a field is no method
  defineInterface<Mailer>("mailer", { methods: ["from"] });
  // @ts-expect-error not every mailer has it
  defineInterface<Mailer>("mailer", { methods: ["log"] });
});

Deno.test("the type of an interface is that of what is created", async () => {
  await using plugins = createPlugins();
  const storage: FileStorage = await plugins.create(Storage, "memory");
  // @ts-expect-error a storage sends no mail
  const send = storage.send;
  assertEquals(send, undefined);
  // @ts-expect-error a runner is no storage
  const wrong: () => Promise<FileStorage> = () => plugins.create(JobRunner, "none");
  await assertRejects(wrong, RegistryError);
  // @ts-expect-error what it makes sends no mail
  plugins.register(defineInterface<Mailer>("mailer", { methods: ["send"] }), "empty", () => ({}));
});

Deno.test("an interface without a name, or without methods, is refused", () => {
  assertEquals(
    thrown(() => defineInterface<Mailer>(" ", { methods: ["send"] })),
    "Invalid: Cannot use   as an interface: its name is empty. Call it by what its plugins are: storage.",
  );
  for (const methods of [[], [""], [7], "send", undefined]) {
    assertEquals(
      thrown(() => defineInterface<Mailer>("mailer", { methods: methods as never })),
      "Invalid: Cannot use mailer as an interface: it names no methods. " +
        'Name what every plugin can do: { methods: ["writeFile", "readFile"] }.',
    );
  }
  // @ts-expect-error what they are is not optional
  assertEquals(thrown(() => defineInterface("mailer")).startsWith("Invalid: "), true);
});

Deno.test("an abstract class is an interface where the decorator stands on it, and what extends it is none", async () => {
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
    'Invalid: Cannot use "Square" as an interface: it was not defined as one. ' +
      'Define it: defineInterface("name", { methods: [...] }), also as a decorator of an abstract class.',
  );
  // @ts-expect-error it has no volume
  const decorate = () => defineInterface("shape", { methods: ["volume"] })(Shape);
  assertEquals(typeof decorate, "function");
});

Deno.test("a class without the methods of its interface is refused where it is registered, and all are named", async () => {
  await using plugins = createPlugins();
  class Half {
    writeFile(): void {}
    readFile = () => {};
  }
  assertEquals(
    // @ts-expect-error the compiler finds it too
    thrown(() => plugins.register(Storage, "half", Half)),
    'Invalid: Cannot register plugin "half" of storage: it has no readFile(), openFile(), exists(), delete() and list(). ' +
      "Every plugin of storage has writeFile(), readFile(), openFile(), exists(), delete() and list(); " +
      "a class has them as methods, not as fields.",
  );
  assertEquals(plugins.names(Storage).includes("half"), false);
});

Deno.test("what a function makes without the methods is refused when it is made", async () => {
  await using plugins = createPlugins();
  plugins.register(JobRunner, "empty", () => ({ crossesProcess: false }) as never);
  plugins.register(JobRunner, "nothing", () => undefined as never);
  assertEquals(
    await rejected(() => plugins.create(JobRunner, "empty")),
    'Invalid: Cannot create plugin "empty" of job_runner: it has no schedule(). ' +
      "Every plugin of job_runner has schedule(); a class has them as methods, not as fields.",
  );
  assertEquals(
    await rejected(() => plugins.create(JobRunner, "nothing")),
    'Invalid: Cannot create plugin "nothing" of job_runner: what was made is undefined. ' +
      "It is to be an object with schedule().",
  );
});

Deno.test("an interface of which nothing is registered is named with those that there are", async () => {
  await using plugins = createPlugins();
  const mailer = defineInterface<Mailer>("mailer", { methods: ["send"] });
  assertEquals(plugins.names(mailer), []);
  const unknown = await rejected(() => plugins.create(mailer, "smtp"));
  assertStringIncludes(
    unknown,
    'NotFound: Cannot find plugin "smtp" of mailer: no plugin of this interface is registered. ' +
      "Register one, or use another interface; there are plugins of: storage, ",
  );
  const error = await rejected(() => plugins.create({} as never, "smtp"));
  assertEquals(
    error.startsWith("Invalid: Cannot use a value of class Object as an interface"),
    true,
    error,
  );
});

Deno.test("what is no name of a plugin is told so", async () => {
  await using plugins = createPlugins();
  for (const name of [undefined, 7, Storage, {}]) {
    assertEquals(
      await rejected(() => plugins.create(Storage, name as never)),
      "Invalid: Cannot find a plugin of storage: this is no name. " +
        'Names are 1 to 100 letters, digits, ".", "_" and "-": storage_write.',
    );
  }
});

Deno.test("another interface of a name that is taken is refused", async () => {
  await using plugins = createPlugins();
  const other = defineInterface<Mailer>("storage", { methods: ["send"] });
  assertEquals(
    await rejected(() => plugins.create(other, "memory")),
    "AlreadyExists: Cannot use interface storage: another one of this name has other methods. " +
      "In one set of plugins each interface has a name of its own: call yours otherwise.",
  );
});
