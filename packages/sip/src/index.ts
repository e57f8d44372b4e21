export type { Deadline, IdSource, Machine, Millis } from "./machine.ts";
