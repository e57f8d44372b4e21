/** A TCP path that can be made to swallow everything, in both directions, without a word. */
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";

export class BlackHole {
  swallows = false;
  readonly connections = { count: 0 };
  private readonly server: Server;
  private readonly sockets = new Set<Socket>();

  /** @param target the port that it leads to while it swallows nothing */
  constructor(target: number) {
    this.server = createServer((near) => {
      this.connections.count++;
      const far = connect({ host: "127.0.0.1", port: target });
      this.join(near, far);
      this.join(far, near);
    });
  }

  async listen(): Promise<number> {
    this.server.listen(0, "127.0.0.1");
    await once(this.server, "listening");
    return (this.server.address() as AddressInfo).port;
  }

  close(): void {
    this.server.close();
    for (const socket of this.sockets) socket.destroy();
  }

  private join(from: Socket, to: Socket): void {
    this.sockets.add(from);
    from.on("data", (chunk) => {
      if (!this.swallows) to.write(chunk);
    });
    from.on("error", () => {});
    from.on("close", () => {
      this.sockets.delete(from);
      if (!this.swallows) to.destroy();
    });
  }
}
