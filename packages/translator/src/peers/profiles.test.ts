import { PRESENCE_MEDIA_TYPES } from "@tombolo/sip";
import { describe, expect, it } from "vitest";
import { availabilityRoute } from "../tables/availability-routes.ts";
import type { PeerProfile, ProfileName } from "./profile.ts";
import { PROFILES, profileByName } from "./profiles.ts";

const ALL: readonly PeerProfile[] = Object.values(PROFILES);

describe("profiles", () => {
  it.each([
    ["ocs", "sip", "moc", "rpid-status-draft", "sip", "session", "info", "edge", "federation-srv"],
    ["lync", "sip", "lync", "rpid-status-draft", "sip", "session", "info", "edge", "federation-srv"],
    ["aol", "sip", "aim", "rpid-status-draft", "sip", "session", "message", "edge", "rfc3263"],
    ["simple", "sip", "cupc-7", "rpid", "pres", "page", "message", "user", "rfc3263"],
    ["cup-7", "sip", "fed-cupc-7", "rpid", "sip", "session", "message", "edge", "federation-srv"],
    ["sametime", "xmpp", "sametime", "rpid", "pres", "page", "message", "user", "rfc3263"],
    ["webex-connect", "xmpp", "webex-connect", "rpid", "pres", "page", "message", "user", "rfc3263"],
    ["googletalk", "xmpp", "fed-xmpp-third-party", "rpid", "pres", "page", "message", "user", "rfc3263"],
    ["cup-8", "xmpp", "fed-cupc-8", "rpid", "pres", "page", "message", "user", "rfc3263"],
    ["xmpp", "xmpp", "fed-xmpp-third-party", "rpid", "pres", "page", "message", "user", "rfc3263"],
  ] as const)("%s speaks %s and is %s in the tables", (name, speaks, system, ...rest) => {
    const { presence, im, sip, ...profile } = profileByName(name as ProfileName);
    expect([profile.name, profile.speaks, profile.system]).toEqual([name, speaks, system]);
    expect([presence.pidf, presence.entityScheme, im.mode, im.typing, sip.contact, sip.lookup]).toEqual(rest);
    expect(sip.transportParameter).toBe(sip.contact === "edge");
  });

  it("ask a Microsoft server for PIDF and its own richer form, and name each conversation anew", () => {
    for (const name of ["ocs", "lync"] as const) {
      expect(PROFILES[name].presence).toEqual({
        accept: ["application/pidf+xml", "text/xml+msrtc.pidf"],
        pidf: "rpid-status-draft",
        entityScheme: "sip",
        tuples: "one",
        expiresSeconds: 7_200,
        resource: "sip",
        strictTimerN: false,
        takesPublications: false,
      });
      expect(PROFILES[name].im).toEqual({
        mode: "session",
        pageFallback: false,
        sdpMedia: "message",
        inviteTimeoutMs: 60_000,
        pageStatus: 202,
        maxPageBytes: 1_300,
        maxTextBytes: 8_000,
        typing: "info",
        typingRefreshMs: 5_000,
        conversationIdHeader: "Ms-Conversation-ID",
        firstTextHeader: "ms-text-format",
        receiptFrom200: true,
      });
    }
  });

  it("show resources as one to Microsoft and AOL, and know e-mail screen names at AOL", () => {
    const one = ALL.filter(({ presence }) => presence.tuples === "one").map(({ name }) => name);
    expect(one).toEqual(["ocs", "lync", "aol"]);
    expect(ALL.filter(({ sip }) => sip.hasEmailScreenNames).map(({ name }) => name)).toEqual(["aol"]);
  });

  it("accept only forms that are read", () => {
    for (const { presence } of ALL) {
      for (const type of presence.accept) expect(PRESENCE_MEDIA_TYPES).toContain(type);
    }
  });

  it("follow Record-Route everywhere but at AOL, and send 6xx or a resource in From to nobody", () => {
    expect(ALL.filter(({ sip }) => !sip.followsRecordRoute).map(({ name }) => name)).toEqual(["aol"]);
    expect(ALL.some(({ errors, sip }) => errors.use6xx || errors.literal || sip.gruuInFrom)).toBe(false);
  });

  it("say how XMPP partners link up", () => {
    const links = ALL.filter(({ server }) => server).map(({ name, server }) => [
      name,
      ...Object.values(server ?? {}),
    ]);
    expect(links).toEqual([
      ["sametime", "required", true, true, true],
      ["webex-connect", "optional", false, false, false],
      ["googletalk", "none", false, false, false],
      ["cup-8", "required", true, true, false],
      ["xmpp", "required", true, true, false],
    ]);
  });

  it("have a table to and from XMPP clients each", () => {
    for (const { system } of ALL) {
      expect(availabilityRoute(system, "xmpp-third-party")).toBeDefined();
      expect(availabilityRoute("xmpp-third-party", system)).toBeDefined();
    }
  });

  it("explain each deviation once", () => {
    for (const { compat } of ALL) expect(new Set(compat.map(({ id }) => id)).size).toBe(compat.length);
    expect(PROFILES.simple.compat).toEqual([]);
    expect(PROFILES.lync.compat.map(({ id }) => id)).toEqual([
      "MS-1",
      "MS-2",
      "MS-3",
      "MS-4",
      "MS-5",
      "MS-6",
      "MS-7",
      "MS-8",
      "MS-9",
      "MS-10",
      "MS-11",
      "MS-12",
    ]);
  });

  it("are found by name only", () => {
    expect(profileByName("lync")?.system).toBe("lync");
    expect(profileByName("toString" as string)).toBeUndefined();
    expect(profileByName("skype" as string)).toBeUndefined();
  });
});
