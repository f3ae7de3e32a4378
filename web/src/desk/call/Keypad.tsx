import { AppstoreOutlined } from "@ant-design/icons";
import { Alert, Button, Popover, Tooltip } from "antd";
import { useRef, useState } from "react";

import { problem, useSpeech } from "../../i18n";
import { KEYS } from "../../phone/CallTools";
import { usePhone } from "../../phone/PhoneProvider";
import { useDesk } from "../DeskProvider";
import { useAction } from "../useAction";

const KEYS_AT_ONCE = 32; // what the gateway takes in one command

/** Telephone keys through the switch, for who talks on another telephone than the page's, which has its own. */
export function Keypad({ disabled }: { disabled: boolean }) {
  const speech = useSpeech();
  const { t } = speech;
  const { desk, command } = useDesk();
  const { state } = usePhone();
  const { run, failed } = useAction<"dtmf">();
  const waiting = useRef("");
  const sending = useRef(false);
  const [shown, setShown] = useState(false);
  if (state.call?.kind === "offer" && state.call.stage === "talking") return null;
  const { contact_id, held } = desk.contact!;

  // One command at a time, so that keys arrive in the order they were pressed.
  const press = async (key: string) => {
    if (waiting.current.length < KEYS_AT_ONCE) waiting.current += key;
    if (sending.current) return;
    sending.current = true;
    while (waiting.current) {
      const keys = waiting.current;
      waiting.current = "";
      if (!(await run("dtmf", () => command("dtmf", { contact_id, keys })))) waiting.current = "";
    }
    sending.current = false;
  };

  const off = disabled || held;
  return (
    <div className="call-tools">
      <Tooltip title={held ? t("call.keypad.held") : undefined}>
        <Popover trigger="click" open={shown && !off} onOpenChange={setShown} content={(
          <div className="keypad" role="group" aria-label={t("phone.keypad")}>
            {KEYS.map((key) => <Button key={key} onClick={() => void press(key)}>{key}</Button>)}
          </div>
        )}>
          <Button icon={<AppstoreOutlined />} disabled={off}>{t("phone.keypad")}</Button>
        </Popover>
      </Tooltip>
      {failed && <Alert type="error" showIcon title={problem(speech, failed.error)} />}
    </div>
  );
}
