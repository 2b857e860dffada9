// Files of models beside safetensors: their headers, of which nothing runs.
import type { FileKind, PageExtension } from "../../extension.ts";

const gguf: FileKind = {
  names: /\.gguf$/,
  heads: ["GGUF"],
  loadModel: async () => (await import("./gguf_model.ts")).ggufModel,
};

const onnx: FileKind = {
  names: /\.onnx$/,
  loadModel: async () => (await import("./onnx_model.ts")).onnxModel,
};

const hdf5: FileKind = {
  names: /\.(h5|hdf5|hdf|he5|h5ad|nc|nc4)$/,
  heads: ["\x89HDF\r\n\x1a\n"],
  loadModel: async () => (await import("./hdf5_model.ts")).hdf5Model,
};

const pickle: FileKind = {
  names: /\.(pkl|pickle|pt|pth|ckpt|joblib)$|^pytorch_model.*\.bin$/,
  heads: ["\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19.", "\x80\x04\x95", "\x80\x05\x95"],
  load: async () => (await import("./pickle_view.ts")).PickleView,
};

export const modelsExtension: PageExtension = {
  name: "models",
  files: [gguf, onnx, hdf5, pickle],
};
