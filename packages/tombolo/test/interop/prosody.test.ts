/** The whole program with a real Prosody, and what its users may expect of any server. */
import { describe } from "vitest";
import { xmppServerSuite } from "./xmpp-server-suite.ts";

describe("Prosody", () => {
  xmppServerSuite("prosody", {
    unknownUser: 480,
    blocking: "at once",
    unknownDomain: /no component of this domain/,
  });
});
