import { assert, assertEquals } from "@std/assert";
import { diskError } from "../../../backends/local/errors.ts";
import { errorCode, fileError } from "../../../core/disk/file_errors.ts";
import { isRegistryError } from "../../../core/errors.ts";

/** As Deno throws it, which gives this one no code. */
const interrupted = Object.assign(new Error("Interrupted system call (os error 4)"), {
  name: "Interrupted",
});

Deno.test("a call that a signal interrupted is Unavailable, and may be repeated", () => {
  assertEquals(errorCode(interrupted), "EINTR");
  const error = fileError("read", "a", interrupted);
  assert(isRegistryError(error, "Unavailable"), String(error));
  assertEquals([error.message, error.retry], ['Cannot read "a": a signal interrupted it', "later"]);
});

Deno.test("the same in a registry's folder", () => {
  const error = diskError(interrupted, { action: "read", key: "a", backend: "file:///registry" });
  assert(isRegistryError(error, "Unavailable"), String(error));
});

Deno.test("what the file system did not say stays what it is", () => {
  const error = new TypeError("no path");
  assertEquals(fileError("read", "a", error), error);
  assertEquals(errorCode(error), undefined);
});
