import { App, Button } from "antd";
import { useCallback } from "react";

import { problem, useSpeech } from "../i18n";
import { newId } from "../shared/ids";

const SHOWN_S = 15; // long enough to read what changed and to think again
const LINES_MOST = 8;

/** Says what has been saved, with a way back. */
export function useSaved(): (title: string, changes: string[], undo?: () => Promise<unknown>) => void {
  const speech = useSpeech();
  const { notification, message } = App.useApp();
  return useCallback((title, changes, undo) => {
    const { t } = speech;
    const key = newId();
    const back = async () => {
      notification.destroy(key);
      try {
        await undo?.();
        void message.success(t("saved.undone"));
      } catch (refused) {
        void message.error(problem(speech, refused), 6);
      }
    };
    notification.success({
      key, title, duration: SHOWN_S, placement: "bottomLeft", // the button that saves is at the right
      description: <Changes changes={changes} more={(count) => t("saved.more", { count })} />,
      ...(undo ? { actions: <Button size="small" onClick={() => void back()}>{t("app.undo")}</Button> } : {}),
    });
  }, [speech, notification, message]);
}

function Changes({ changes, more }: { changes: string[]; more: (count: number) => string }) {
  const left = changes.length - LINES_MOST;
  return (
    <ul className="changes">
      {changes.slice(0, LINES_MOST).map((line) => <li key={line}><bdi>{line}</bdi></li>)}
      {left > 0 && <li>{more(left)}</li>}
    </ul>
  );
}
