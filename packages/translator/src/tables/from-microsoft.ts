import { defineTable } from "./availability-table.ts";

/**
 * What Microsoft users show to local ones (MAP-1-1, MAP-1-5). Busy and Do Not Disturb reach an XMPP client as Away
 * with the text Busy (MAP-N1, MAP-N5).
 */

export const TABLE_1_1 = defineTable({
  id: "1-1",
  title: "From Microsoft Office Communicator",
  ref: "MAP-1-1",
  from: ["moc"],
  to: ["xmpp-third-party", "cupc-7", "cupc-8"],
  rows: [
    { id: "1-1.available", from: ["Available"], to: ["Available", "Available", "Available"] },
    {
      id: "1-1.busy",
      from: ["Busy"],
      to: [{ state: "Away", text: "Busy" }, "Away", "Busy"],
      loss: "reads back as Away from XMPP (with the text Busy) and 7.x clients",
    },
    {
      id: "1-1.do-not-disturb",
      from: ["Do Not Disturb"],
      to: [{ state: "Away", text: "Busy" }, "Away", "Busy"],
      loss: "reads back as Away from XMPP (with the text Busy) and 7.x clients, Busy from 8.x",
    },
    {
      id: "1-1.be-right-back",
      from: ["Be Right Back"],
      to: ["Away", "Away", "Away"],
      loss: "reads back as Away",
    },
    { id: "1-1.away", from: ["Away"], to: ["Away", "Away", "Away"] },
    { id: "1-1.offline", from: ["Offline"], to: ["Offline", "Offline", "Offline"] },
  ],
});

export const TABLE_1_5 = defineTable({
  id: "1-5",
  title: "From Microsoft Lync",
  ref: "MAP-1-5",
  from: ["lync"],
  to: ["xmpp-third-party", "cupc-7", "cupc-8"],
  rows: [
    { id: "1-5.available", from: ["Available"], to: ["Available", "Available", "Available"] },
    {
      id: "1-5.busy",
      from: ["Busy"],
      to: [{ state: "Away", text: "Busy" }, "Away", "Busy"],
      loss: "reads back as Away from XMPP (with the text Busy) and 7.x clients",
    },
    {
      id: "1-5.do-not-disturb",
      from: ["Do Not Disturb"],
      to: [{ state: "Away", text: "Busy" }, "Away", "Busy"],
      loss: "reads back as Away from XMPP (with the text Busy) and 7.x clients, Busy from 8.x",
    },
    {
      id: "1-5.be-right-back",
      from: ["Be Right Back"],
      to: ["Away", "Away", "Away"],
      loss: "reads back as Away",
    },
    { id: "1-5.away", from: ["Away"], to: ["Away", "Away", "Away"] },
    { id: "1-5.offline", from: ["Offline"], to: ["Offline", "Offline", "Offline"] },
  ],
});
