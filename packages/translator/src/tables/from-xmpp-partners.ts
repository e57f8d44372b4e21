import { defineTable } from "./availability-table.ts";

/**
 * What Sametime and Webex Connect users show to local ones (MAP-1-11, MAP-1-12).
 */

export const TABLE_1_11 = defineTable({
  id: "1-11",
  title: "From IBM Sametime",
  ref: "MAP-1-11",
  from: ["sametime"],
  to: ["xmpp-third-party", "cupc-7", "cupc-8"],
  rows: [
    {
      id: "1-11.available",
      from: ["Available"],
      to: ["Available", "Available", { state: "Available", received: true }],
    },
    {
      id: "1-11.do-not-disturb",
      from: ["Do Not Disturb"],
      to: ["Do Not Disturb", "Do Not Disturb", { state: "Do Not Disturb", received: true }],
    },
    {
      id: "1-11.available-in-a-meeting",
      from: [{ state: "Available", text: "In a meeting" }],
      to: [
        { state: "Available", text: "In a meeting" },
        { state: "Available", text: "In a meeting" },
        { state: "Available", received: true },
      ],
    },
    { id: "1-11.away", from: ["Away"], to: ["Away", "Away", { state: "Away", received: true }] },
    { id: "1-11.offline", from: ["Offline"], to: ["Offline", "Offline", "Offline"] },
  ],
});

export const TABLE_1_12 = defineTable({
  id: "1-12",
  title: "From Webex Connect",
  ref: "MAP-1-12",
  from: ["webex-connect"],
  to: ["xmpp-third-party", "cupc-7", "cupc-8"],
  rows: [
    { id: "1-12.available", from: ["Available"], to: ["Available", "Available", "Available"] },
    {
      id: "1-12.do-not-disturb",
      from: ["Do Not Disturb"],
      to: ["Do Not Disturb", "Do Not Disturb", "Do Not Disturb"],
    },
    {
      id: "1-12.away-in-a-meeting",
      from: [{ state: "Away", text: "In a meeting" }],
      to: [
        { state: "Available", text: "In a meeting" },
        { state: "Away", text: "In a meeting" },
        { state: "Away", text: "In a meeting" },
      ],
      loss: "reads back as Available from XMPP clients",
    },
    { id: "1-12.away", from: ["Away"], to: ["Away", "Away", "Away"] },
    { id: "1-12.offline", from: ["Offline"], to: ["Offline", "Offline", "Offline"] },
  ],
});
