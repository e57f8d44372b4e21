/** The part of @xmpp/component that Tombolo uses, hooks for subclasses included; the package ships no types. */
declare module "@xmpp/component" {
  import type { EventEmitter } from "node:events";
  import type { Socket, SocketConnectOpts } from "node:net";
  import type { Element } from "ltx";

  /** What a stream parser must be: emits start, element, end (with an Element) and error. */
  export interface StreamParser extends EventEmitter {
    write(data: string): void;
    end(data?: string): void;
  }

  export interface Component extends EventEmitter {
    /** Milliseconds that each step of opening and closing may take. */
    timeout: number;
    socket: Socket | null;
    parser: StreamParser | null;
    Parser: new () => StreamParser;
    reconnect: { stop(): void };
    connect(service: string): Promise<void>;
    /** Connects and opens; for programs that leave the rest to the library. */
    start(): Promise<unknown>;
    send(stanza: Element): Promise<void>;
    open(options: { domain: string }): Promise<Element>;
    /** Closes the stream, then the socket; never rejects for a dead connection. */
    stop(): Promise<unknown>;
    socketParameters(service: string): SocketConnectOpts;
    headerElement(): Element;
    _onData(data: string): void;
    _onStreamError(element: Element): void;
  }

  export function component(options: { service: string; domain: string; password: string }): Component;
}
