/** One connection of the live socket, from its opening to its end. */

/** As browsers, Node from 22 on and the package `ws` have it. */
export interface SocketLike {
  send(text: string): void;
  close(code?: number): void;
  onopen: ((event: never) => void) | null;
  onmessage: ((event: never) => void) | null;
  onclose: ((event: never) => void) | null;
  onerror: ((event: never) => void) | null;
}
export type SocketClass = new (url: string, protocols?: string[]) => SocketLike;

export interface Session {
  socket: SocketClass;
  url: string;
  protocols: string[];
  /** The first message, if any. */
  greeting: object | null;
  signal: AbortSignal;
  onFrame: (frame: Record<string, unknown>) => void;
}

export interface SessionEnd {
  code: number;
  reason: string;
  /** Milliseconds from its opening to its end; 0: it never was open. */
  lastedMs: number;
}

const PING_MS = 25_000;
/** A connection that says nothing for so long is dead, whatever the machine thinks of it. */
const SILENT_MS = 60_000;
const OPEN_MS = 15_000;
const LOST = 1006;

export function session(wanted: Session): Promise<SessionEnd> {
  return new Promise((resolve) => {
    const socket = new wanted.socket(wanted.url, wanted.protocols);
    let opened = 0;
    let heard = Date.now();
    const end = (code: number, reason: string): void => {
      clearInterval(pulse);
      wanted.signal.removeEventListener("abort", leave);
      socket.onopen = socket.onmessage = socket.onclose = null;
      socket.onerror = () => undefined; // of a socket that is closed while it opens
      resolve({ code, reason, lastedMs: opened && Date.now() - opened });
    };
    const leave = (): void => {
      end(LOST, "left");
      socket.close();
    };
    const pulse = setInterval(() => {
      const silence = Date.now() - heard;
      if (silence > (opened ? SILENT_MS : OPEN_MS)) leave();
      else if (opened) socket.send(JSON.stringify({ type: "ping" }));
    }, Math.min(PING_MS, OPEN_MS));
    socket.onopen = () => {
      opened = heard = Date.now();
      if (wanted.greeting) socket.send(JSON.stringify(wanted.greeting));
    };
    socket.onmessage = ({ data }: { data: unknown }) => {
      heard = Date.now();
      const frame = parsed(data);
      if (frame) wanted.onFrame(frame);
    };
    socket.onerror = () => undefined; // a close follows and says more
    socket.onclose = ({ code, reason }: { code?: number; reason?: unknown }) =>
      end(code ?? LOST, String(reason ?? ""));
    if (wanted.signal.aborted) leave();
    else wanted.signal.addEventListener("abort", leave, { once: true });
  });
}

function parsed(data: unknown): Record<string, unknown> | null {
  try {
    return JSON.parse(String(data)) as Record<string, unknown>;
  } catch {
    return null;
  }
}
