/**
 * The programs of worker threads, for `deno compile --include` alone: importing them does nothing.
 *
 * @module
 */
import "../disk/spread/piece_worker.ts";
import "./worker.ts";
