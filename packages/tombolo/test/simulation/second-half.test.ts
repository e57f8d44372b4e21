import { describe } from "vitest";
import { testShare } from "./share.ts";

describe("the federation, while everything fails (the other half of the seeds)", () => testShare(1));
