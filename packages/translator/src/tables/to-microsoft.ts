import { defineTable } from "./availability-table.ts";

/**
 * What local users show to Microsoft ones (MAP-1-2 to MAP-1-4, MAP-1-6 to MAP-1-8).
 */

export const TABLE_1_2 = defineTable({
  id: "1-2",
  title: "From Cisco Unified Personal Communicator 7.x to Microsoft Office Communicator",
  ref: "MAP-1-2",
  from: ["cupc-7"],
  to: ["moc"],
  rows: [
    { id: "1-2.available", from: ["Available"], to: ["Available"] },
    { id: "1-2.away", from: ["Away"], to: ["Away"] },
    { id: "1-2.do-not-disturb", from: ["Do Not Disturb"], to: ["Busy"], loss: "reads back as Away" },
    { id: "1-2.offline", from: ["Offline"], to: ["Offline"] },
    { id: "1-2.invisible", from: ["Invisible"], to: ["Away"], loss: "reads back as Away" },
  ],
});

export const TABLE_1_3 = defineTable({
  id: "1-3",
  title: "From Cisco Unified Personal Communicator 8.x to Microsoft Office Communicator",
  ref: "MAP-1-3",
  from: ["cupc-8"],
  to: ["moc"],
  rows: [
    { id: "1-3.available", from: ["Available"], to: ["Available"] },
    { id: "1-3.busy", from: ["Busy"], to: ["Busy"] },
    { id: "1-3.do-not-disturb", from: ["Do Not Disturb"], to: ["Busy"], loss: "reads back as Busy" },
    { id: "1-3.offline", from: ["Offline"], to: ["Offline"] },
  ],
});

export const TABLE_1_4 = defineTable({
  id: "1-4",
  title: "From an XMPP client to Microsoft Office Communicator",
  ref: "MAP-1-4",
  from: ["xmpp-third-party"],
  to: ["moc"],
  rows: [
    { id: "1-4.available", from: ["Available"], to: ["Available"] },
    { id: "1-4.away", from: ["Away"], to: ["Away"] },
    { id: "1-4.extended-away", from: ["Extended Away"], to: ["Away"], loss: "reads back as Away" },
    {
      id: "1-4.do-not-disturb",
      from: ["Do Not Disturb"],
      to: ["Busy"],
      loss: "reads back as Away with the text Busy",
    },
    { id: "1-4.offline", from: ["Offline"], to: ["Offline"] },
  ],
});

export const TABLE_1_6 = defineTable({
  id: "1-6",
  title: "From Cisco Unified Personal Communicator 7.x to Microsoft Lync",
  ref: "MAP-1-6",
  from: ["cupc-7"],
  to: ["lync"],
  rows: [
    { id: "1-6.available", from: ["Available"], to: ["Available"] },
    { id: "1-6.away", from: ["Away"], to: ["Away"] },
    { id: "1-6.do-not-disturb", from: ["Do Not Disturb"], to: ["Busy"], loss: "reads back as Away" },
    { id: "1-6.offline", from: ["Offline"], to: ["Offline"] },
    { id: "1-6.invisible", from: ["Invisible"], to: ["Away"], loss: "reads back as Away" },
  ],
});

export const TABLE_1_7 = defineTable({
  id: "1-7",
  title: "From Cisco Unified Personal Communicator 8.x to Microsoft Lync",
  ref: "MAP-1-7",
  from: ["cupc-8"],
  to: ["lync"],
  rows: [
    { id: "1-7.available", from: ["Available"], to: ["Available"] },
    { id: "1-7.busy", from: ["Busy"], to: ["Busy"] },
    { id: "1-7.do-not-disturb", from: ["Do Not Disturb"], to: ["Busy"], loss: "reads back as Busy" },
    { id: "1-7.offline", from: ["Offline"], to: ["Offline"] },
  ],
});

export const TABLE_1_8 = defineTable({
  id: "1-8",
  title: "From an XMPP client to Microsoft Lync",
  ref: "MAP-1-8",
  from: ["xmpp-third-party"],
  to: ["lync"],
  rows: [
    { id: "1-8.available", from: ["Available"], to: ["Available"] },
    { id: "1-8.away", from: ["Away"], to: ["Away"] },
    { id: "1-8.extended-away", from: ["Extended Away"], to: ["Away"], loss: "reads back as Away" },
    {
      id: "1-8.do-not-disturb",
      from: ["Do Not Disturb"],
      to: ["Busy"],
      loss: "reads back as Away with the text Busy",
    },
    { id: "1-8.offline", from: ["Offline"], to: ["Offline"] },
  ],
});
