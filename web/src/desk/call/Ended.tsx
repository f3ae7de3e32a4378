import { PhoneOutlined } from "@ant-design/icons";
import { Card } from "antd";

import { useSpeech, word } from "../../i18n";
import { Clock, Countdown } from "../../shared/Clock";
import { clock, parsed } from "../../shared/time";
import { useDesk } from "../DeskProvider";
import { Who } from "./Who";

/** The talk is over, the wrap-up is not. */
export function Ended() {
  const { t } = useSpeech();
  const { desk } = useDesk();
  const until = parsed(desk.agent?.until);
  const by = desk.released?.ended_by ?? "unspecified";
  const given = desk.released !== null && desk.released.offer_id === desk.given;
  return (
    <Card className="call-card ended" size="small" role="region" aria-label={t("call.wrap_up")}>
      <div className="call-top">
        <span className="call-state" role="status"><PhoneOutlined className="hang-up-icon" aria-hidden />
          {" "}{given ? t("call.given") : word(t, "call.ended", by)}
        </span>
        {desk.released && <span className="secondary clock">{clock(desk.released.talk_ms)}</span>}
      </div>
      <Who desk={desk} />
      <p className="call-line">
        {until !== null
          ? <>{t("wrapup.until")} <strong><Countdown until={until} label={t("wrapup.until")} /></strong></>
          : <>{t("wrapup.since")} <Clock since={parsed(desk.agent?.since)} label={t("wrapup.since")} /></>}
      </p>
    </Card>
  );
}
