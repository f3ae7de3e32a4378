import { Alert, Button } from "antd";
import { useState } from "react";

import { useSpeech, word } from "../../i18n";
import { PhoneBanner } from "../../phone/PhoneBanner";
import { remembered } from "../../shared/storage";
import { useDesk } from "../DeskProvider";
import { LOST, presenceText } from "../presence";
import { phase } from "../state";

/** What is not as it should be, in words, above all else. */
export function Banners() {
  const { t } = useSpeech();
  const { desk, link, takeOver } = useDesk();
  const { missing, agent } = desk;
  const lost = agent?.presence === "other_work" && agent.reason === LOST;
  return (
    <div className="banners" aria-live="polite">
      {link.status === "reconnecting" && (
        <Alert banner type="warning" title={<Said what={t("connection.reconnecting")} more={t("connection.reconnecting.help")} />} />
      )}
      {link.status === "replaced" && (
        <Alert banner type="error" title={<Said what={t("connection.replaced")} more={t("connection.replaced.help")} />}
          action={<Button type="primary" onClick={takeOver}>{t("connection.takeover")}</Button>} />
      )}
      {link.status === "denied" && <Alert banner type="error" title={<Said what={t("connection.denied")} more={link.sentence} />} />}
      {link.status === "open" && missing.length > 0 && (
        <Alert banner type="warning"
          title={<Said what={missing.map((service) => word(t, "missing", service)).join(" · ")} more={t("missing.rest")} />} />
      )}
      {link.status === "open" && lost && <Alert banner type="warning" title={t("presence.lost")} />}
      <Forced />
      <PhoneBanner />
      {agent && phase(desk) === "idle" && <AskForNotifications />}
    </div>
  );
}

/** Who set this agent's state, when it was not the agent. */
function Forced() {
  const { t } = useSpeech();
  const { desk, dispatch } = useDesk();
  if (desk.forced === null) return null;
  const { by, presence, reason } = desk.forced;
  return (
    <Alert banner type="info" closable={{ onClose: () => dispatch({ type: "forced_read" }) }}
      title={<bdi>{t("presence.forced", { by, presence: presenceText(t, presence, reason) })}</bdi>} />
  );
}

function Said({ what, more }: { what: string; more: string }) {
  return <><strong>{what}</strong> <span className="secondary">{more}</span></>;
}

const ASKED = "notifications_asked";

/** Asked once, by us first: the browser's own question can be refused for ever by accident. */
function AskForNotifications() {
  const { t } = useSpeech();
  const [asked, setAsked] = useState(() => remembered.get(ASKED) !== null);
  if (asked || !("Notification" in window) || Notification.permission !== "default") return null;
  const answer = (wanted: boolean) => {
    remembered.set(ASKED, "1");
    setAsked(true);
    if (wanted) void Notification.requestPermission();
  };
  return (
    <Alert banner type="info" title={t("notify.ask")} action={
      <span className="line-tags">
        <Button size="small" type="primary" onClick={() => answer(true)}>{t("notify.yes")}</Button>
        <Button size="small" onClick={() => answer(false)}>{t("notify.no")}</Button>
      </span>
    } />
  );
}
