// One result, shared by reads of the same bytes.
/** Keeps the result of the last read. Concurrent reads of the same id share it. */
export class LastRead {
  id = "";
  #bytes?: Promise<Uint8Array>;

  async get(id: string, read: () => Promise<Uint8Array>): Promise<Uint8Array> {
    if (this.id !== id) {
      this.id = id;
      const bytes = this.#bytes = read();
      bytes.catch(() => {
        if (this.#bytes === bytes) this.id = ""; // the next read tries again
      });
    }
    return await this.#bytes!;
  }
}
