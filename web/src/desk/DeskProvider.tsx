import { createContext, useCallback, useContext, useEffect, useMemo, useReducer, useState, type ReactNode } from "react";

import { useSession } from "../session/Gate";
import type { Session } from "../session/session";
import { Feed } from "../shared/Feed";
import { kept } from "../shared/storage";
import type { State, User, Wallboard } from "../shared/types";
import { setServerTime } from "../shared/useNow";
import { Connection, type Status } from "../socket/connection";
import { EMPTY, reduce, type Action, type DeskState } from "./state";

export interface Desk {
  desk: DeskState;
  dispatch: (action: Action) => void;
  link: { status: Status; sentence: string };
  /** Sends a command until it is answered. Raises ApiError. */
  command: <T = State>(type: string, data: object, id?: string) => Promise<T>;
  takeOver: () => void;
  board: Feed<Wallboard>;
}

const DeskContext = createContext<Desk | null>(null);

export function useDesk(): Desk {
  const found = useContext(DeskContext);
  if (found === null) throw new Error("useDesk outside of a DeskProvider");
  return found;
}

/** Whether this person has a socket at all: a desk, or the wallboard. */
export function hasSocket(user: User): boolean {
  return hasDesk(user) || user.permissions.includes("wallboard.watch");
}

export function hasDesk(user: User): boolean {
  return user.agent_id !== "" && user.permissions.includes("agent.work");
}

export function DeskProvider({ children }: { children: ReactNode }) {
  const { session, user } = useSession();
  const [desk, dispatch] = useReducer(reduce, user, restored);
  const [link, setLink] = useState<Desk["link"]>({ status: "connecting", sentence: "" });
  const board = useMemo(() => new Feed<Wallboard>(), []);
  const connection = useMemo(() => connect(session, board, dispatch, setLink), [session, board]);

  useEffect(() => {
    if (!hasSocket(user)) return undefined;
    connection.start();
    const hurry = () => connection.hurry();
    window.addEventListener("online", hurry);
    return () => {
      window.removeEventListener("online", hurry);
      connection.stop();
    };
  }, [connection, user]);

  useEffect(() => {
    if (link.status === "ended") session.end();
  }, [link.status, session]);

  const { figures, recent } = desk;
  useEffect(() => {
    kept.set(dayKey(user), JSON.stringify({ figures, recent }));
  }, [user, figures, recent]);

  const command = useCallback(async <T,>(type: string, data: object, id?: string): Promise<T> => {
    const reply = await connection.command<T>(type, data, id);
    if (isState(reply)) dispatch({ type: "replied", data: reply });
    return reply;
  }, [connection]);

  const value = useMemo(
    () => ({ desk, dispatch, link, command, board, takeOver: () => connection.takeOver() }),
    [desk, link, command, board, connection],
  );
  return <DeskContext value={value}>{children}</DeskContext>;
}

function connect(
  session: Session,
  board: Feed<Wallboard>,
  dispatch: (action: Action) => void,
  setLink: (link: Desk["link"]) => void,
): Connection {
  const { protocol, host } = window.location;
  return new Connection({
    url: `${protocol === "https:" ? "wss" : "ws"}://${host}/api/v1/agent/socket`,
    token: (fresh) => (fresh ? session.freshToken() : session.goodToken()),
    onPush: (push) => {
      if (push.type === "welcome") setServerTime(push.data.now);
      if (push.type === "wallboard") board.put(push.data);
      else dispatch(push);
    },
    onStatus: (status, sentence) => setLink({ status, sentence }),
  });
}

function isState(reply: unknown): reply is State {
  return typeof reply === "object" && reply !== null && "agent" in reply;
}

// The figures are this tab's and this day's: a reload keeps them, tomorrow begins anew.
function dayKey(user: User): string {
  return `day.${user.user_id}.${new Date().toDateString()}`;
}

function restored(user: User): DeskState {
  const day = kept.json<Pick<DeskState, "figures" | "recent">>(dayKey(user));
  return day ? { ...EMPTY, ...day } : EMPTY;
}
