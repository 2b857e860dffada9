// A folder of one test.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "@std/path";

export interface TempRoot extends AsyncDisposable {
  readonly path: string;
  join(...segments: string[]): string;
  remove(): Promise<void>;
}

/** Makes a temporary folder; `await using`, or `remove()` in a `finally` where the test also runs on Node. */
export async function tempRoot(): Promise<TempRoot> {
  const path = await mkdtemp(join(tmpdir(), "holdfast-"));
  const remove = () => rm(path, { recursive: true, force: true });
  return {
    path,
    join: (...segments) => join(path, ...segments),
    remove,
    [Symbol.asyncDispose]: remove,
  };
}

/** A test with a temporary folder of its own; the shared tests run where there is no `await using`. */
export function testInRoot(
  name: string,
  run: (root: TempRoot) => void | Promise<void>,
  { ignore = false }: { ignore?: boolean } = {},
): void {
  const fn = async () => {
    const root = await tempRoot();
    try {
      await run(root);
    } finally {
      await root.remove();
    }
  };
  Deno.test({ name, ignore, fn });
}
