import { describe } from "vitest";
import { testShare } from "./share.ts";

describe("the federation, while everything fails", () => testShare(0));
