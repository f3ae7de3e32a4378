import { PauseCircleOutlined, PlayCircleOutlined } from "@ant-design/icons";
import { Alert, Button } from "antd";
import { useEffect } from "react";

import { problem, useSpeech } from "../../i18n";
import { useDesk } from "../DeskProvider";
import { useAction } from "../useAction";

/** Whether the conversation is recorded, and silence in it while card data is said. */
export function Recording({ disabled }: { disabled: boolean }) {
  const speech = useSpeech();
  const { t } = speech;
  const { desk, command } = useDesk();
  const { run, pending, failed, forget } = useAction<"pause_recording" | "resume_recording">();
  const { contact_id, recording } = desk.contact!;
  useEffect(forget, [recording, forget]);

  if (!recording) return null;
  if (recording === "failed") return <Alert type="error" showIcon title={t("call.recording.failed")} />;
  const paused = recording === "paused";
  const what = paused ? "resume_recording" : "pause_recording";
  return (
    <div className="call-recording">
      <span className={`recording-state ${recording}`} role="status">
        <span className="recording-dot" aria-hidden /> {t(`call.recording.${recording}`)}
      </span>
      <Button icon={paused ? <PlayCircleOutlined /> : <PauseCircleOutlined />} type={paused ? "primary" : "default"}
        disabled={disabled || recording === "starting"} loading={pending !== null}
        onClick={() => void run(what, () => command(what, { contact_id }))}>
        {t(paused ? "call.recording.resume" : "call.recording.pause")}
      </Button>
      {failed && <Alert type="error" showIcon title={problem(speech, failed.error)} />}
    </div>
  );
}
