import { AppstoreOutlined, AudioMutedOutlined, AudioOutlined } from "@ant-design/icons";
import { Button, Popover } from "antd";

import { useSpeech } from "../i18n";
import { usePhone } from "./PhoneProvider";

export const KEYS = ["1", "2", "3", "4", "5", "6", "7", "8", "9", "*", "0", "#"];

/** What only the telephone in the page can do: mute, and keys for the other side's menu. */
export function CallTools() {
  const { t } = useSpeech();
  const { state, phone } = usePhone();
  const { call } = state;
  if (call?.kind !== "offer" || call.stage !== "talking") return null;
  const text = t(call.muted ? "phone.unmute" : "phone.mute");
  return (
    <div className="call-tools">
      <Button icon={call.muted ? <AudioMutedOutlined /> : <AudioOutlined />} danger={call.muted} aria-pressed={call.muted}
        onClick={() => phone.happened({ type: "mute" })}>
        {text}
      </Button>
      <Popover trigger="click" content={(
        <div className="keypad" role="group" aria-label={t("phone.keypad")}>
          {KEYS.map((key) => <Button key={key} onClick={() => phone.press(key)}>{key}</Button>)}
        </div>
      )}>
        <Button icon={<AppstoreOutlined />}>{t("phone.keypad")}</Button>
      </Popover>
      {call.muted && <span className="secondary" role="status">{t("phone.muted")}</span>}
    </div>
  );
}
