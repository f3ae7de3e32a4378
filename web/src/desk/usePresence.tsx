import { App, Button } from "antd";
import { useCallback, useRef, useState } from "react";

import { problem, useSpeech } from "../i18n";
import type { Presence, WorkMode } from "../shared/types";
import { useDesk } from "./DeskProvider";
import { presenceText } from "./presence";

interface Wanted {
  presence: Presence;
  reason: string;
}

const UNDO_S = 6;
const KEY = "presence";

/** Sets presence; a change can be taken back for a moment, a refusal is said. */
export function usePresence() {
  const speech = useSpeech();
  const { desk, command } = useDesk();
  const { message } = App.useApp();
  const [busy, setBusy] = useState(false);
  const latest = useRef({ agent: desk.agent, speech });
  latest.current = { agent: desk.agent, speech };

  const send = useCallback(async (wanted: Wanted, offerUndo: boolean) => {
    const before = latest.current.agent;
    const { t } = latest.current.speech;
    setBusy(true);
    try {
      await command("presence", wanted);
      const undo = offerUndo && before && before.presence !== "offline" && before.routing_status !== "not_responding"
        && (before.presence !== wanted.presence || before.reason !== wanted.reason);
      void message.open({
        key: KEY, type: "success", duration: undo ? UNDO_S : 2,
        content: (
          <>
            {t("presence.changed", { presence: presenceText(t, wanted.presence, wanted.reason) })}
            {undo && (
              <Button type="link" size="small" onClick={() => void send({ presence: before.presence, reason: before.reason }, false)}>
                {t("app.undo")}
              </Button>
            )}
          </>
        ),
      });
    } catch (error) {
      void message.open({ key: KEY, type: "error", content: problem(latest.current.speech, error), duration: 6 });
    } finally {
      setBusy(false);
    }
  }, [command, message]);

  const set = useCallback((wanted: Wanted) => send(wanted, true), [send]);

  /** What follows each contact; what the agent is now stays. */
  const setMode = useCallback(async (mode: WorkMode) => {
    const { t } = latest.current.speech;
    setBusy(true);
    try {
      await command("presence", { work_mode: mode });
      void message.open({ key: KEY, type: "success", duration: 2, content: t(`workmode.changed.${mode}`) });
    } catch (error) {
      void message.open({ key: KEY, type: "error", content: problem(latest.current.speech, error), duration: 6 });
    } finally {
      setBusy(false);
    }
  }, [command, message]);
  return { set, setMode, busy };
}
