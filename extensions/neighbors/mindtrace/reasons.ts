// Reasons of errors of exports.
import { defineReasons } from "../../../core/kernel.ts";

export const exportReasons = defineReasons({ export_exists: [], export_name: ["before", "sign"] });
