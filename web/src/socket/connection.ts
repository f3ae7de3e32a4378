import { ApiError } from "../shared/api";
import { newId } from "../shared/ids";
import { Close, parse, pauseMs, type Push, type Reply } from "./protocol";

export type Status = "connecting" | "open" | "reconnecting" | "replaced" | "denied" | "ended";

export interface Wiring {
  url: string;
  /** A good access token; `fresh`: a new one, the old was refused. Raises ApiError. */
  token: (fresh: boolean) => Promise<string>;
  onPush: (push: Push) => void;
  onStatus: (status: Status, sentence: string) => void;
  socket?: (url: string) => WebSocket;
  chance?: () => number;
}

interface Command {
  frame: string;
  settle: (reply: Reply) => void;
  fail: (error: ApiError) => void;
  timer: ReturnType<typeof setTimeout>;
}

const PONG_MS = 5_000;
const COMMAND_MS = 20_000; // so long a command is tried, over as many connections as it takes
const EARLY_MS = 60_000; // a token is renewed so long before it ends
const WELCOME_MS = 10_000;
const STEADY_MS = 5_000; // a connection that has stood so long is one; who welcomes and drops is waited for longer each time

/** The agent's socket (docs/gateway-websocket.md): opens, resumes, keeps alive, carries commands. */
export class Connection {
  private socket: WebSocket | null = null;
  private session: string | null = null;
  private seen = 0;
  private attempt = 0;
  private welcomed = false;
  private stopped = true;
  private freshToken = false;
  private renewedAtOnce = false;
  private bye = "";
  private opening = 0;
  private readonly commands = new Map<string, Command>();
  private readonly timers = new Map<string, ReturnType<typeof setTimeout>>();

  constructor(private readonly wiring: Wiring) {}

  start(): void {
    this.stopped = false;
    this.wiring.onStatus("connecting", "");
    void this.open();
  }

  stop(): void {
    this.stopped = true;
    this.opening += 1;
    this.clearTimers();
    this.socket?.close(1000);
    this.socket = null;
    for (const command of [...this.commands.values()]) command.fail(gone());
  }

  /** The person wants this window to be the one, after another had taken over. */
  takeOver(): void {
    this.session = null;
    this.seen = 0;
    this.attempt = 0;
    this.renewedAtOnce = false;
    this.start();
  }

  /** Does not wait any longer: the network came back. */
  hurry(): void {
    if (!this.timers.has("again")) return;
    this.after("again", null);
    void this.open();
  }

  /** Sends a command until it is answered; the same id is never done twice. Raises ApiError. */
  command<T>(type: string, data: unknown, id = newId()): Promise<T> {
    if (this.stopped) return Promise.reject(gone());
    this.commands.get(id)?.fail(gone());
    return new Promise<T>((resolve, reject) => {
      const end = () => {
        clearTimeout(command.timer);
        if (this.commands.get(id) === command) this.commands.delete(id);
      };
      const fail = (error: ApiError) => {
        end();
        reject(error);
      };
      const command: Command = {
        frame: JSON.stringify({ type, id, data }),
        settle: (reply) => {
          end();
          if (reply.ok) resolve(reply.data as T);
          else reject(reply.error ? ApiError.of(reply.error) : gone());
        },
        fail,
        timer: setTimeout(() => fail(gone()), COMMAND_MS),
      };
      this.commands.set(id, command);
      if (this.welcomed) this.socket?.send(command.frame);
    });
  }

  private async open(): Promise<void> {
    const mine = ++this.opening;
    let token: string;
    try {
      token = await this.wiring.token(this.freshToken);
    } catch (problem) {
      if (mine !== this.opening || this.stopped) return;
      if (problem instanceof ApiError && problem.code === "unauthenticated") this.end("ended", problem.message);
      else this.again(0);
      return;
    }
    if (mine !== this.opening || this.stopped) return;
    const socket = (this.wiring.socket ?? ((url) => new WebSocket(url)))(this.wiring.url);
    this.socket = socket;
    this.bye = "";
    this.after("welcome", WELCOME_MS, () => this.lost(socket, 0));
    socket.onopen = () => {
      socket.send(JSON.stringify({ type: "hello", token, session: this.session, last_seq: this.seen }));
    };
    socket.onmessage = (event) => this.socket === socket && this.heard(event.data);
    socket.onclose = (event) => this.lost(socket, event.code);
  }

  private heard(frame: unknown): void {
    const message = parse(frame);
    if (message === null) return;
    if (message.seq > 0 && message.seq <= this.seen) return; // heard before
    if ("reply" in message) this.commands.get(message.reply.id)?.settle(message.reply);
    else if ("pong" in message) this.after("pong", null);
    else if ("bye" in message) this.bye = message.bye.sentence;
    else if ("push" in message && message.push.type === "welcome") this.welcome(message.push);
    else if ("push" in message) this.wiring.onPush(message.push);
    if (message.seq > 0) this.seen = message.seq;
  }

  private welcome(push: Extract<Push, { type: "welcome" }>): void {
    const { session, seq, ping_s, now, token_expires_at } = push.data;
    this.session = session;
    this.seen = seq;
    this.freshToken = false;
    this.welcomed = true;
    this.after("welcome", null);
    this.after("steady", STEADY_MS, () => {
      this.attempt = 0;
      this.renewedAtOnce = false;
    });
    this.wiring.onPush(push);
    this.wiring.onStatus("open", "");
    this.keepToken(Date.parse(token_expires_at) - Date.parse(now));
    this.ping(Math.max(ping_s, 1) * 1000);
    for (const { frame } of this.commands.values()) this.socket?.send(frame);
  }

  private ping(everyMs: number): void {
    this.after("ping", everyMs, () => {
      this.send({ type: "ping" });
      const socket = this.socket;
      // Set once and not again: a second ping must not give a dead connection more time.
      if (!this.timers.has("pong")) this.after("pong", PONG_MS, () => socket && this.lost(socket, 1006));
      this.ping(everyMs);
    });
  }

  private keepToken(leftMs: number): void {
    this.after("token", Math.max(leftMs - EARLY_MS, leftMs / 2, 1_000), () => void this.renew());
  }

  private async renew(): Promise<void> {
    try {
      const token = await this.wiring.token(true);
      if (!this.welcomed) return;
      const answer = await this.command<{ token_expires_at: string }>("token", { token });
      this.keepToken(Date.parse(answer.token_expires_at) - Date.now());
    } catch (problem) {
      if (problem instanceof ApiError && problem.code === "unauthenticated") this.end("ended", problem.message);
      else if (this.welcomed) this.after("token", 5_000, () => void this.renew());
    }
  }

  private lost(socket: WebSocket, code: number): void {
    if (this.socket !== socket) return;
    this.socket = null;
    this.clearTimers();
    socket.onmessage = null;
    socket.close();
    if (this.stopped) return;
    if (code === Close.replaced) this.end("replaced", this.bye);
    else if (code === Close.denied) this.end("denied", this.bye);
    else if (code === Close.signedOut && this.bye) this.end("ended", this.bye);
    else if (code === Close.token && this.freshToken) this.end("ended", this.bye);
    else this.again(code);
  }

  private again(code: number): void {
    this.wiring.onStatus("reconnecting", this.bye);
    // 4401 with a token we thought good: fetch a new one at once, but only once.
    this.freshToken = code === Close.token;
    const atOnce = this.freshToken && !this.renewedAtOnce;
    this.renewedAtOnce ||= atOnce;
    const pause = atOnce ? 0 : pauseMs(this.attempt, code, (this.wiring.chance ?? Math.random)());
    this.attempt += 1;
    this.after("again", pause, () => void this.open());
  }

  private end(status: "replaced" | "denied" | "ended", sentence: string): void {
    this.stop();
    this.wiring.onStatus(status, sentence);
  }

  private send(message: object): void {
    if (this.welcomed) this.socket?.send(JSON.stringify(message));
  }

  private clearTimers(): void {
    this.welcomed = false;
    for (const timer of this.timers.values()) clearTimeout(timer);
    this.timers.clear();
  }

  /** One timer for each purpose; null takes it away. */
  private after(purpose: string, ms: number | null, act: () => void = () => undefined): void {
    clearTimeout(this.timers.get(purpose));
    this.timers.delete(purpose);
    if (ms === null) return;
    this.timers.set(purpose, setTimeout(() => {
      this.timers.delete(purpose);
      act();
    }, ms));
  }
}

function gone(): ApiError {
  return new ApiError("unreachable", "The gateway has not answered.");
}
