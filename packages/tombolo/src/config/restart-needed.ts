import type { Config } from "./config.ts";

/** What a running program cannot change about itself, by the key that an administrator knows. */
const FIXED: Readonly<Record<string, (config: Config) => unknown>> = {
  node: ({ node }) => node,
  edge: ({ edge }) => edge !== undefined,
  gateway: ({ gateway }) => gateway !== undefined,
  "edge.outside.listen": ({ edge }) => edge?.outside.listen,
  "edge.outside.advertise": ({ edge }) => edge?.outside.advertise,
  "edge.inside": ({ edge }) => edge?.inside && [edge.inside.listen, edge.inside.advertise],
  "edge.legacy.listen": ({ edge }) => edge?.legacy?.listen,
  "edge.dns": ({ edge }) => edge?.dns,
  "gateway.edge": ({ gateway }) => gateway?.remoteEdge?.edge,
  "gateway.listen": ({ gateway }) => gateway?.remoteEdge?.listen,
  store: ({ store }) => store,
  "admin.listen": ({ admin }) => admin.listen,
};

/** The keys that differ between two configurations and keep their old values until the program is restarted. */
export function restartNeeded(running: Config, wanted: Config): readonly string[] {
  const differing = Object.entries(FIXED).filter(
    ([, read]) => JSON.stringify(read(running)) !== JSON.stringify(read(wanted)),
  );
  return differing.map(([key]) => key);
}
