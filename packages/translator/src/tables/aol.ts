import { defineTable } from "./availability-table.ts";

/**
 * AOL Instant Messenger and local users (MAP-1-9, MAP-1-10). Table 1-10 has two source columns: its third row pairs
 * Away of one with Busy of the other.
 */

export const TABLE_1_9 = defineTable({
  id: "1-9",
  title: "From AOL Instant Messenger",
  ref: "MAP-1-9",
  from: ["aim"],
  to: ["cupc-7", "cupc-8"],
  rows: [
    { id: "1-9.available", from: ["Available"], to: ["Available", "Available"] },
    { id: "1-9.away", from: ["Away"], to: ["Away", "Away"] },
    { id: "1-9.invisible", from: ["Invisible"], to: ["Offline", "Offline"], loss: "reads back as Offline" },
    { id: "1-9.offline", from: ["Offline"], to: ["Offline", "Offline"] },
  ],
});

export const TABLE_1_10 = defineTable({
  id: "1-10",
  title: "From Cisco Unified Personal Communicator to AOL Instant Messenger",
  ref: "MAP-1-10",
  from: ["cupc-7", "cupc-8"],
  to: ["aim"],
  rows: [
    { id: "1-10.available", from: ["Available", "Available"], to: ["Available"] },
    {
      id: "1-10.do-not-disturb",
      from: ["Do Not Disturb", "Do Not Disturb"],
      to: ["Away"],
      loss: "reads back as Away",
    },
    { id: "1-10.away-or-busy", from: ["Away", "Busy"], to: ["Away"], loss: "Busy reads back as Away" },
    { id: "1-10.idle", from: ["Idle", "Idle"], to: ["Away"], loss: "reads back as Away" },
    { id: "1-10.offline", from: ["Offline", "Offline"], to: ["Offline"] },
  ],
});
