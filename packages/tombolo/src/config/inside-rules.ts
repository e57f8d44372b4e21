/** What inside nodes ask of each other: on the connections they open they must be told apart. */
import { isIP } from "node:net";
import type { EdgeNode } from "./config.ts";
import type { Report } from "./finding.ts";

/** Warns where a connection would be taken for another node's, or for nobody's. */
export function judgeRecognition(nodes: readonly EdgeNode[], report: Report): void {
  const owners = new Map<string, string>();
  for (const [at, { name, target, names, from }] of nodes.entries()) {
    if (target === "local") continue;
    const path = ["edge", "nodes", at];
    const isTls = target.transport === "tls";
    for (const mark of isTls ? names : from) {
      const owner = owners.get(`${target.transport} ${mark}`);
      const what = isTls ? "certificate name" : "source address";
      if (owner !== undefined) {
        const cure = isTls ? "write names: with a name of its own" : "write from: with an address of its own";
        report("warning", path, `${name} and ${owner} have the ${what} ${mark}, so ${owner} it is`, cure);
      }
      owners.set(`${target.transport} ${mark}`, owner ?? name);
      if (isTls || isIP(mark) !== 0 || mark === "localhost") continue;
      const message = `nothing that ${name} starts gets out: a TCP node is known by its address, not as ${mark}`;
      report("warning", path, message, "write from: [10.0.0.8], the address that it connects from");
    }
  }
}

/** Nodes are told where to connect to: an address that stands for all leads nowhere. */
export function judgeInsideAdvertise(host: string, isGiven: boolean, report: Report): void {
  if (isGiven || (host !== "0.0.0.0" && host !== "::")) return;
  const cure = "write advertise: edge.inside.example.com:5062, the name or address that nodes reach it by";
  report("warning", ["edge", "inside", "listen"], `inside nodes are told to answer to ${host}`, cure);
}
