import { loadPart } from "../../../core/kernel.ts";
import {
  defineServing,
  type Extension,
  type Gateway,
} from "../../../apps/cli/program/extension.ts";

export const davExtension: Extension = {
  name: "dav",
  suggestions: {
    commands: [["serve --dav", "webdav"]],
    options: [["mount", "<ref>", "--name -n --artifact --model"]],
    orders: [["mount", "path name", "$2 $1"], ["mount", "path ref", "$2 $1"]],
  },
  commands: [{ group: "data", load: { mount: async () => (await import("./mount.ts")).mount } }],
  serving: defineServing({
    options: [
      { flags: "--dav", text: "also serve versions as WebDAV folders, at /dav/NAME@VERSION/" },
    ],
    routes: { dav: "--dav" },
    async gateways({ dav }) {
      if (!dav) return [];
      const part = await loadPart<{ dav: Gateway }>("./dav.ts", import.meta.url);
      return [part.dav];
    },
  }),
};
