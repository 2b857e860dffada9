import { assert, assertEquals } from "@std/assert";
import { diskError } from "../../backends/local/errors.ts";
import { errorCode, fileError } from "../../disk/file_errors.ts";
import { isRegistryError } from "../../core/errors.ts";

Deno.test("a call that a signal interrupted is Unavailable, and may be repeated", () => {
  // As Deno throws it, which gives this one no code.
  const interrupted = Object.assign(new Error("Interrupted system call (os error 4)"), {
    name: "Interrupted",
  });
  assertEquals(errorCode(interrupted), "EINTR");
  const place = { action: "read", key: "a", backend: "file:///registry" };
  for (const error of [fileError("read", "a", interrupted), diskError(interrupted, place)]) {
    assert(isRegistryError(error, "Unavailable"), String(error));
    assertEquals(error.retry, "later");
  }
});
