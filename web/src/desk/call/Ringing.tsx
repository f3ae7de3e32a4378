import { CloseOutlined, PhoneFilled } from "@ant-design/icons";
import { Alert, Button, Card, Progress, Tooltip } from "antd";
import { useState } from "react";

import { numberOf } from "../../customer/Level";
import { problem, useSpeech } from "../../i18n";
import { usePhone } from "../../phone/PhoneProvider";
import { answersHere } from "../../phone/state";
import { LongText } from "../../shared/LongText";
import { clock, parsed } from "../../shared/time";
import type { CallbackOffer } from "../../shared/types";
import { useOfNow } from "../../shared/useNow";
import { useDesk } from "../DeskProvider";
import { SHORTCUTS, useShortcuts } from "../shortcuts";
import { ringsUntil } from "../state";
import { useAction } from "../useAction";
import { useQueues } from "../useQueues";
import { Who, nameOf } from "./Who";
import { useRinging } from "./useRinging";

/** A call rings. Mounted anew for each offer. */
export function Ringing() {
  const speech = useSpeech();
  const { t } = speech;
  const { desk, command, link } = useDesk();
  const { state: line, phone } = usePhone();
  const { titleOf } = useQueues();
  const { run, pending, failed } = useAction<"answer" | "reject">();
  const [answering, setAnswering] = useState(false);
  const { contact_id, offer_id, from_number, queue, callback = null } = desk.contact!;
  const who = nameOf(desk) || numberOf(t, from_number);
  useRinging(t("notify.title", { who }), answering);

  const act = (what: "answer" | "reject") => async () => {
    if (pending || answering) return;
    if (what === "answer" && answersHere(line)) {
      phone.happened({ type: "answer" });
      return setAnswering(true);
    }
    // The telephone takes a moment to connect: until the gateway says so, the card says "answering".
    const done = await run(what, () => command(what, { contact_id, offer_id }));
    if (done && what === "answer") setAnswering(true);
  };
  const answer = act("answer");
  const reject = act("reject");
  useShortcuts({ answer, reject });
  const busy = pending === "answer" || answering;
  const cut = link.status !== "open";

  return (
    <Card className="call-card ringing" size="small" aria-label={t("call.ringing")} role="region">
      <p className="visually-hidden" role="alert">{t(callback ? "call.back.aria" : "call.ringing.aria", { who, queue: titleOf(queue) })}</p>
      <div className="call-top">
        <span className="call-state"><PhoneFilled className="shaking" aria-hidden /> {t(callback ? "call.back" : "call.ringing")}</span>
        <Ring />
      </div>
      <Who desk={desk} />
      {callback && <Back callback={callback} />}
      <Facts />
      {failed && <Alert type="error" showIcon title={problem(speech, failed.error)} />}
      <div className="call-buttons">
        <Tooltip title={t("call.shortcut", { what: t("call.answer"), keys: SHORTCUTS.answer.keys })}>
          <Button className="answer" type="primary" size="large" icon={<PhoneFilled />} loading={busy} disabled={cut}
            aria-keyshortcuts={SHORTCUTS.answer.keys} onClick={answer}>
            {busy ? t("call.answering") : t("call.answer")}
          </Button>
        </Tooltip>
        <Tooltip title={t("call.shortcut", { what: t("call.reject"), keys: SHORTCUTS.reject.keys })}>
          <Button danger size="large" icon={<CloseOutlined />} loading={pending === "reject"} disabled={busy || cut}
            aria-keyshortcuts={SHORTCUTS.reject.keys} onClick={reject}>
            {t("call.reject")}
          </Button>
        </Tooltip>
      </div>
    </Card>
  );
}

/** Whom the agent will hear, who wanted it, and what was tried. */
function Back({ callback }: { callback: CallbackOffer }) {
  const { t } = useSpeech();
  const by = callback.requested_by
    ? t("call.back.by", { who: callback.requested_by })
    : t("call.back.caller");
  return (
    <Alert type="info" showIcon title={t(`call.back.${callback.mode}`, { number: callback.number })}
      description={(
        <>
          {by} · {t("call.back.attempt", { attempt: callback.attempt, attempts: callback.attempts })}
          {callback.note && <p className="pre"><LongText text={callback.note} /></p>}
        </>
      )} />
  );
}

/** The time left to answer, as a ring that empties. */
function Ring() {
  const { t } = useSpeech();
  const { desk } = useDesk();
  const { find } = useQueues();
  const ringS = find(desk.contact?.queue ?? "")?.ring_timeout_s;
  const times = ringsUntil(desk, ringS ? ringS * 1000 : null);
  const seconds = useOfNow((now) => Math.ceil(Math.max(0, (times?.until ?? 0) - now) / 1000));
  if (times === null) return null;
  return (
    <Progress
      type="circle"
      size={52}
      strokeWidth={9}
      percent={Math.min(100, (seconds * 1000 / (times.until - times.from)) * 100)}
      status={seconds <= 5 ? "exception" : "normal"}
      format={() => seconds}
      aria-label={t("call.left", { seconds })}
    />
  );
}

function Facts() {
  const { t } = useSpeech();
  const { desk } = useDesk();
  const { titleOf } = useQueues();
  const { contact, offer } = desk;
  const enqueued = parsed(contact?.enqueued_at);
  const offered = parsed(offer?.offered_at);
  const waited = useOfNow((now) => {
    if (offer) return clock(offer.waited_ms + Math.max(0, now - (offered ?? now)));
    return enqueued === null ? "" : clock(now - enqueued);
  });
  return (
    <dl className="facts">
      <div><dt>{t("call.queue")}</dt><dd>{titleOf(contact?.queue ?? "")}</dd></div>
      {waited !== "" && <div><dt>{t("call.waited")}</dt><dd className="clock">{waited}</dd></div>}
      {offer && offer.attempt > 0 && (
        <div title={t("call.attempt.help")}><dt>{t("call.attempt")}</dt><dd>{offer.attempt}</dd></div>
      )}
      {contact?.to_number && <div><dt>{t("call.called")}</dt><dd>{contact.to_number}</dd></div>}
    </dl>
  );
}
