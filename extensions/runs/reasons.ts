// Reasons of errors of runs.
import { defineReasons } from "../../core/kernel.ts";

export const runReasons = defineReasons({ logged_run_missing: ["name"], run_value_differs: [] });
