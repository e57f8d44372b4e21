/** Entry of the thread that has the store's file: whatever waits for the disk waits here. */
import { parentPort } from "node:worker_threads";
import { SqliteFile } from "./sqlite-file.ts";
import { asStoreError } from "./store-error.ts";
import type { ThreadReply, ThreadRequest } from "./thread-messages.ts";

let file: SqliteFile | undefined;
let path = "";

function answer(request: ThreadRequest): ThreadReply {
  switch (request.ask) {
    case "open":
      path = request.settings.path;
      file = new SqliteFile(request.settings);
      return { ok: true };
    case "write":
      file!.write(request.part);
      return { ok: true };
    case "read":
      return { ok: true, portion: file!.read(request.kind, request.from) };
    case "close":
      file?.close();
      file = undefined;
      return { ok: true };
  }
}

parentPort!.on("message", (request: ThreadRequest) => {
  let reply: ThreadReply;
  try {
    reply = answer(request);
  } catch (error) {
    const { fault, message } = asStoreError(error, path);
    reply = { ok: false, fault, message };
  }
  parentPort!.postMessage(reply);
});
