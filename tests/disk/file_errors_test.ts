import { assert, assertEquals } from "@std/assert";
import { diskError } from "../../backends/local/errors.ts";
import { errorCode, fileError } from "../../disk/file_errors.ts";
import { isRegistryError } from "../../core/errors.ts";

Deno.test("an interrupted call is Unavailable, and may be repeated", () => {
  // Deno throws it without a code.
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
