#!/usr/bin/env -S node --disable-warning=ExperimentalWarning --max-semi-space-size=8
import { main } from "./cli/command-line.ts";
import { outputFailed, uncaught } from "./cli/exit.ts";

process.on("uncaughtException", uncaught);
process.stdout.on("error", outputFailed);
process.exit(await main(process.argv.slice(2)));
