import { CustomerServiceOutlined, PauseOutlined, PhoneOutlined, PlayCircleOutlined } from "@ant-design/icons";
import { Alert, Button, Card, Tooltip } from "antd";
import { useEffect, useState } from "react";

import { problem, useSpeech } from "../../i18n";
import { CallTools } from "../../phone/CallTools";
import { Clock } from "../../shared/Clock";
import { parsed } from "../../shared/time";
import { useDesk } from "../DeskProvider";
import { SHORTCUTS, useShortcuts } from "../shortcuts";
import { useAction } from "../useAction";
import { useQueues } from "../useQueues";
import { GiveAway } from "./GiveAway";
import { Keypad } from "./Keypad";
import { Recording } from "./Recording";
import { Who } from "./Who";

/** A conversation goes on. */
export function Talking() {
  const speech = useSpeech();
  const { t } = speech;
  const { desk, command, link } = useDesk();
  const { titleOf } = useQueues();
  const { run, pending, failed, forget } = useAction<"hold" | "retrieve" | "hangup">();
  const [hangingUp, setHangingUp] = useState(false);
  const { contact_id, held, queue, answered_at } = desk.contact!;
  const cut = link.status !== "open";

  // The switch has done it: what had been said about the last attempt is old.
  useEffect(forget, [held, forget]);

  const toggle = () => {
    const what = held ? "retrieve" : "hold";
    if (!pending) void run(what, () => command(what, { contact_id }));
  };
  const hangUp = async () => {
    if (pending || hangingUp) return;
    if (await run("hangup", () => command("hangup", { contact_id }))) setHangingUp(true);
  };
  useShortcuts({ hold: toggle, hangup: () => void hangUp() });
  const hold = held ? t("call.retrieve") : t("call.hold");

  return (
    <Card className={`call-card talking ${held ? "held" : ""}`} size="small" role="region" aria-label={t("call.talking")}>
      <div className="call-top">
        <span className="call-state" role="status">
          {held ? <PauseOutlined aria-hidden /> : <CustomerServiceOutlined aria-hidden />}
          {" "}{held ? t("call.held") : t("call.talking")}
        </span>
        <span className="call-clock"><Clock since={parsed(answered_at)} label={t("call.talktime")} /></span>
      </div>
      <Who desk={desk} />
      <p className="call-line">
        <span>{held ? t("call.hears") : t("call.connected")}</span>
        {held && desk.held_since !== null && <> · <Clock since={desk.held_since} label={t("call.holdtime")} /></>}
        <span className="secondary"> · {titleOf(queue)}</span>
      </p>
      {failed && <Alert type="error" showIcon title={problem(speech, failed.error)} />}
      <Recording disabled={cut || hangingUp} />
      <CallTools />
      <Keypad disabled={cut || hangingUp} />
      <div className="call-buttons">
        <Tooltip title={t("call.shortcut", { what: hold, keys: SHORTCUTS.hold.keys })}>
          <Button size="large" icon={held ? <PlayCircleOutlined /> : <PauseOutlined />} onClick={toggle}
            type={held ? "primary" : "default"} disabled={cut || hangingUp}
            loading={pending === "hold" || pending === "retrieve"} aria-keyshortcuts={SHORTCUTS.hold.keys}>
            {hold}
          </Button>
        </Tooltip>
        <GiveAway key={contact_id} disabled={cut || hangingUp} />
        <Tooltip title={t("call.shortcut", { what: t("call.hangup"), keys: SHORTCUTS.hangup.keys })}>
          <Button danger type="primary" size="large" className="hang-up" icon={<PhoneOutlined className="hang-up-icon" />} disabled={cut}
            loading={pending === "hangup" || hangingUp} onClick={() => void hangUp()}
            aria-keyshortcuts={SHORTCUTS.hangup.keys}>
            {hangingUp ? t("call.hangingup") : t("call.hangup")}
          </Button>
        </Tooltip>
      </div>
    </Card>
  );
}
