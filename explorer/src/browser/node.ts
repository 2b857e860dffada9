// Stand-in for `node:util` and `node:stream` in browsers: what the modules that read formats name.

type Callback = (error: unknown, value?: unknown) => void;

export function promisify(run: (...args: unknown[]) => void) {
  return (...args: unknown[]) =>
    new Promise((resolve, reject) => {
      const done: Callback = (error, value) => error ? reject(error) : resolve(value);
      run(...args, done);
    });
}

function missing(): never {
  throw new Error("not available in browsers");
}

export const pipeline = missing;
export const Readable = missing;
export const isDeepStrictEqual = missing;
