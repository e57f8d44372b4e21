import { defineTable } from "./availability-table.ts";

/**
 * What local users show to users of XMPP partners (MAP-1-13 to MAP-1-15).
 */

export const TABLE_1_13 = defineTable({
  id: "1-13",
  title: "From Cisco Unified Personal Communicator 7.x to XMPP partners",
  ref: "MAP-1-13",
  from: ["cupc-7"],
  to: ["fed-cupc-7", "fed-cupc-8", "fed-xmpp-third-party", "webex-connect", "sametime"],
  rows: [
    {
      id: "1-13.available",
      from: ["Available"],
      to: ["Available", "Available", "Available", "Available", "Available"],
    },
    {
      id: "1-13.do-not-disturb",
      from: ["Do Not Disturb"],
      to: ["Do Not Disturb", "Do Not Disturb", "Do Not Disturb", "Do Not Disturb", "Do Not Disturb"],
    },
    { id: "1-13.away", from: ["Away"], to: ["Away", "Away", "Away", "Away", "Away"] },
    {
      id: "1-13.idle",
      from: ["Idle"],
      to: ["Idle", "Idle", { state: "Away", text: "Idle" }, { state: "Away", text: "Idle" }, "Extended Away"],
      loss: "Away with the text Idle from Webex Connect, Away from Sametime",
    },
    { id: "1-13.offline", from: ["Offline"], to: ["Offline", "Offline", "Offline", "Offline", "Offline"] },
  ],
});

export const TABLE_1_14 = defineTable({
  id: "1-14",
  title: "From Cisco Unified Personal Communicator 8.x to XMPP partners",
  ref: "MAP-1-14",
  from: ["cupc-8"],
  to: ["fed-cupc-7", "fed-cupc-8", "fed-xmpp-third-party", "webex-connect", "sametime"],
  rows: [
    {
      id: "1-14.available",
      from: ["Available"],
      to: ["Available", "Available", "Available", "Available", "Available"],
    },
    {
      id: "1-14.do-not-disturb",
      from: ["Do Not Disturb"],
      to: ["Do Not Disturb", "Do Not Disturb", "Do Not Disturb", "Do Not Disturb", "Do Not Disturb"],
    },
    {
      id: "1-14.busy",
      from: ["Busy"],
      to: ["Away", "Busy", "Away", "Idle", "Away"],
      loss: "reads back as Away except from 8.x",
    },
    {
      id: "1-14.idle",
      from: ["Idle"],
      to: ["Idle", "Idle", "Idle", "Idle", "Idle"],
      loss: "reads back as Away from Webex Connect and Sametime",
    },
    { id: "1-14.offline", from: ["Offline"], to: ["Offline", "Offline", "Offline", "Offline", "Offline"] },
  ],
});

export const TABLE_1_15 = defineTable({
  id: "1-15",
  title: "From an XMPP client to XMPP partners",
  ref: "MAP-1-15",
  from: ["xmpp-third-party"],
  to: ["fed-cupc-7", "fed-cupc-8", "fed-xmpp-third-party", "webex-connect", "sametime"],
  rows: [
    {
      id: "1-15.available",
      from: ["Available"],
      to: ["Available", "Available", "Available", "Available", "Available"],
    },
    {
      id: "1-15.do-not-disturb",
      from: ["Do Not Disturb"],
      to: ["Do Not Disturb", "Do Not Disturb", "Do Not Disturb", "Do Not Disturb", "Do Not Disturb"],
    },
    { id: "1-15.away", from: ["Away"], to: ["Away", "Away", "Away", "Away", "Away"] },
    {
      id: "1-15.extended-away",
      from: ["Extended Away"],
      to: ["Away", "Away", "Extended Away", "Extended Away", "Away"],
      loss: "reads back as Away except from XMPP clients",
    },
    {
      id: "1-15.away-idle",
      from: [{ state: "Away", text: "Idle" }],
      to: [
        "Idle",
        "Idle",
        { state: "Away", text: "Idle" },
        { state: "Away", text: "Idle" },
        { state: "Away", text: "Idle" },
      ],
      loss: "reads back as Idle, without the text, from 8.x",
    },
    { id: "1-15.offline", from: ["Offline"], to: ["Offline", "Offline", "Offline", "Offline", "Offline"] },
  ],
});
