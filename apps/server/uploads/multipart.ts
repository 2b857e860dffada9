// Forms (`multipart/form-data`, RFC 7578) as streams: a file is read as fast as it is stored.
import type { Readable } from "node:stream";
import { Busboy } from "npm:@fastify/busboy@^3.2";
import type { FileToSave } from "../../../materializers/mod.ts";
import { fault, isRegistryError, type RegistryError } from "../../../core/errors.ts";

interface Form {
  fields: Readonly<Record<string, string>>;
  files: AsyncIterable<FileToSave>;
  close(): void;
}

const LIMITS = {
  fields: 100,
  fieldSize: 64 * 1024,
  files: 10_000,
  headerPairs: 100,
  headerSize: 16 * 1024,
};

/** Browsers escape `"` and line breaks in file names this way, but not `%`. */
const AMBIGUOUS = /%(22|0A|0D)/;

/** Reads a form up to its first file. Throws `Invalid` for another body, or without a file. */
export async function openForm(request: Pick<Request, "body" | "headers">): Promise<Form> {
  const fields: Record<string, string> = Object.create(null);
  let open: Readable | undefined;
  let closed = false, ended = false, goOn = () => {};
  let came!: ReadableStreamDefaultController<FileToSave>;
  const start = (controller: typeof came) => void (came = controller);
  const arriving = new ReadableStream<FileToSave>({ start }).getReader();
  const end = (error?: unknown) => {
    if (ended) return;
    ended = true;
    if (error === undefined) came.close();
    else came.error(error);
  };

  const parser = createParser(request);
  parser.on("field", (name, value, _nameCut, isCut) => {
    const problem = isCut ? "is too long" : name in fields ? "is given twice" : undefined;
    if (problem === undefined) fields[name] = value;
    else end(invalid(`the field ${JSON.stringify(name.slice(0, 40))} ${problem}`));
  });
  parser.on(
    "file",
    (_name, stream: Readable, fileName: string | undefined, _encoding, mediaType) => {
      open = stream;
      stream.on("error", () => {}); // an early error must not end the program; readers receive it
      if (AMBIGUOUS.test(fileName ?? "")) end(ambiguous(fileName!));
      if (!ended) {
        came.enqueue({ path: fileName || "content", mediaType, content: readable(stream) });
      }
    },
  );
  for (const limit of ["fieldsLimit", "filesLimit", "partsLimit"] as const) {
    parser.on(limit, () => end(invalid("too many parts")));
  }
  parser.on("finish", () => end());
  parser.on("error", (error: unknown) => end(invalid((error as Error).message)));
  void pump();

  const close = () => {
    closed = true;
    goOn();
    open?.destroy();
  };
  try {
    const { value: first } = await arriving.read();
    if (first === undefined) throw invalid("it has no file");
    return { fields, files: files(first), close };
  } catch (error) {
    close();
    throw error;
  }

  async function* files(first: FileToSave): AsyncGenerator<FileToSave> {
    for (let file: FileToSave | undefined = first; file; file = (await arriving.read()).value) {
      yield file;
    }
  }

  async function pump(): Promise<void> {
    try {
      for await (const chunk of request.body ?? []) {
        if (!parser.write(chunk)) await drained();
        if (closed) return;
      }
      parser.end();
    } catch (error) {
      end(error);
      open?.destroy(error as Error);
    }
  }

  function drained(): Promise<void> {
    return new Promise((resolve) => {
      goOn = resolve;
      parser.once("drain", resolve);
      if (closed) resolve();
    });
  }
}

function createParser({ headers }: Pick<Request, "headers">) {
  try {
    return Busboy({
      headers: { "content-type": headers.get("content-type")! },
      limits: LIMITS,
      preservePath: true,
    });
  } catch (error) {
    throw invalid((error as Error).message);
  }
}

function readable(stream: Readable): ReadableStream<Uint8Array> {
  const chunks = stream[Symbol.asyncIterator]() as AsyncIterator<Uint8Array>;
  return new ReadableStream({
    async pull(controller) {
      try {
        const { done, value } = await chunks.next();
        if (done) controller.close();
        else controller.enqueue(value);
      } catch (error) {
        controller.error(isRegistryError(error) ? error : invalid((error as Error).message));
      }
    },
    async cancel() {
      await chunks.return?.();
    },
  }, { highWaterMark: 0 });
}

function invalid(state: string, { hint = FIELDS_FIRST } = {}): RegistryError {
  return fault({ code: "Invalid", action: "read the form", state, hint });
}

function ambiguous(name: string): RegistryError {
  return invalid(`the file name ${JSON.stringify(name.slice(0, 200))} may be escaped`, {
    hint: "Rename the file, or send it as the body: POST /upload?name=NAME&path=PATH",
  });
}

const FIELDS_FIRST = "Send fields before files: curl -F name=my:data -F file=@data.bin";
