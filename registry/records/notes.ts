// Notes that runs of a program leave for later ones. Losing one only costs reads.
import type { SignalOptions } from "../../core/registry.ts";
import type { Context } from "../operations/context.ts";
import { NameTable, type NameTableOptions } from "../pass/name_table.ts";
import { decodeNote, encodeNote } from "../pass/noted.ts";

/** The notes in a store. */
export class Notes {
  readonly #context: Context;

  constructor(context: Context) {
    this.#context = context;
  }

  /** Reads a note; undefined if it is not there, or larger than `most` bytes. */
  async read(
    key: string,
    { most = Infinity, signal }: SignalOptions & { most?: number },
  ): Promise<
    { modifiedAt: number; /** Undefined if it is damaged. */ value?: unknown } | undefined
  > {
    const object = await this.#context.backend.get(key, { signal });
    if (object === undefined) return undefined;
    const { size, modifiedAt } = object.info;
    if (size > most) return void await object.body.cancel();
    return { modifiedAt, value: decodeNote(await object.bytes()) };
  }

  /** Writes a note, JSON after its SHA-256, unless it is larger than `most` bytes. */
  async write(
    key: string,
    value: unknown,
    { most = Infinity, signal }: SignalOptions & { most?: number },
  ): Promise<void> {
    const bytes = encodeNote(value);
    if (bytes.byteLength <= most) await this.#context.backend.put(key, bytes, { signal });
  }

  /** Reads a table of notes about names, which earlier passes wrote. */
  async table<Entry>(options: NameTableOptions<Entry>): Promise<NameTable<Entry>> {
    const table = new NameTable(this.#context, options);
    await table.read();
    return table;
  }
}
