import { App, Spin } from "antd";
import { Fragment, Suspense, createContext, useContext, useEffect, useMemo, useState, type ReactNode } from "react";

import { useSpeech } from "../i18n";
import type { User } from "../shared/types";
import { Session } from "./session";
import { SignIn } from "./SignIn";

const SessionContext = createContext<{ session: Session; user: User } | null>(null);

/** Who is signed in, and their way of asking the gateway. */
export function useSession(): { session: Session; user: User } {
  const found = useContext(SessionContext);
  if (found === null) throw new Error("useSession outside of a sign-in");
  return found;
}

const RETRY_MS = 3_000;

/** Shows the sign-in until somebody has signed in, then the page. */
export function Gate({ prepare, children }: { prepare: () => Promise<unknown>; children: ReactNode }) {
  const { t } = useSpeech();
  const { message, notification } = App.useApp();
  const session = useMemo(() => new Session(), []);
  const [user, setUser] = useState<User | null>(null);
  const [restoring, setRestoring] = useState<"yes" | "retrying" | "no">("yes");
  const [ended, setEnded] = useState(false);

  useEffect(() => {
    session.onEnd = () => {
      // What was said to them, and offered to be undone, is nothing to whoever comes next.
      message.destroy();
      notification.destroy();
      setUser(null);
      setEnded(true);
    };
  }, [session, message, notification]);

  useEffect(() => {
    let timer: number | undefined;
    let over = false;
    const restore = () => {
      session.restore().then(
        (found) => {
          if (over) return;
          setUser(found);
          setRestoring("no");
        },
        () => {
          if (over) return;
          setRestoring("retrying");
          timer = window.setTimeout(restore, RETRY_MS);
        },
      );
    };
    restore();
    prepare().catch(() => undefined); // it is asked for again when it is shown
    return () => {
      over = true;
      window.clearTimeout(timer);
    };
  }, [session, prepare]);

  const value = useMemo(() => (user ? { session, user } : null), [session, user]);
  if (restoring !== "no") {
    return <Waiting text={t(restoring === "yes" ? "signin.restoring" : "signin.retrying")} />;
  }
  if (value === null) {
    return <SignIn session={session} ended={ended} onDone={(who) => {
      setEnded(false);
      setUser(who);
    }} />;
  }
  return (
    <SessionContext value={value}>
      <Suspense fallback={<Waiting text={t("app.loading")} />}>
        <Fragment key={value.user.user_id}>{children}</Fragment>
      </Suspense>
    </SessionContext>
  );
}

function Waiting({ text }: { text: string }) {
  return (
    <div className="waiting" role="status">
      <Spin size="large" />
      <span>{text}</span>
    </div>
  );
}
