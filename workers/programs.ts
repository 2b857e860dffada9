/**
 * The programs of worker threads, for `deno compile --include` alone: importing them does nothing.
 *
 * @module
 */
import "./worker.ts";
