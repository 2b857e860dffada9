// The bytes behind buffers and views, as they are saved and loaded.
import { fault, type RegistryError } from "../../core/errors.ts";

/** The bytes of a view or buffer, in place. Shared and detached memory is `Unsupported`: it changes or is gone. */
export function viewBytes(value: ArrayBufferView | ArrayBufferLike): Uint8Array {
  const [buffer, offset, length] = ArrayBuffer.isView(value)
    ? [value.buffer, value.byteOffset, value.byteLength]
    : [value, 0, value.byteLength];
  if (typeof SharedArrayBuffer !== "undefined" && buffer instanceof SharedArrayBuffer) {
    throw unsupportedMemory(
      "another thread may change it meanwhile",
      "Save a copy of it, made by slice().",
    );
  }
  if ((buffer as ArrayBuffer).detached) {
    throw unsupportedMemory(
      "it was transferred to another thread",
      "Save it before it is transferred.",
    );
  }
  if (value === buffer && (buffer as ArrayBuffer).resizable) {
    throw unsupportedMemory(
      "it is resizable, which is not kept",
      "Save a Uint8Array over it, or a copy made by slice().",
    );
  }
  return new Uint8Array(buffer, offset, length);
}

function unsupportedMemory(state: string, hint: string): RegistryError {
  return fault({
    code: "Unsupported",
    action: "save a memory buffer",
    state,
    hint,
  });
}

/** The same bytes as a plain `Uint8Array` whose buffer holds nothing else: what a user may keep and change. */
export function ownBytes(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const { buffer, byteLength } = bytes;
  if (byteLength === buffer.byteLength) return new Uint8Array(buffer as ArrayBuffer);
  return new Uint8Array(bytes);
}
