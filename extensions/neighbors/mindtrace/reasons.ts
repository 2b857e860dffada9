// Reasons of errors of exports, and their hints on the command line.
import { defineReasons, shellWord } from "../../../core/kernel.ts";

export const exportReasons = defineReasons({
  export_exists: [],
  export_name: ["before", "sign"],
});

export const CLI_HINTS = exportReasons.hints({
  export_exists: "Export to another folder, or under another name (--rename).",
  export_name: ({ before, sign }) =>
    `Rename it: --rename ${shellWord(`${before}${sign}=${before}:`)}`,
});
