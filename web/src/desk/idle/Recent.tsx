import { Card } from "antd";

import { useSpeech, word } from "../../i18n";
import { LongText } from "../../shared/LongText";
import { Nothing } from "../../shared/Nothing";
import { clock, moment } from "../../shared/time";
import { numberOf } from "../../customer/Level";
import { useDesk } from "../DeskProvider";
import type { RecentContact } from "../state";
import { useQueues } from "../useQueues";

/** The last contacts of this session; each opens what is known of the caller. */
export function Recent({ onOpen }: { onOpen: (contact: RecentContact) => void }) {
  const { t } = useSpeech();
  const { desk } = useDesk();
  return (
    <Card size="small" title={t("idle.recent")}>
      {desk.recent.length === 0 ? <Nothing text={t("idle.recent.none")} /> : (
        <ul className="lines">
          {desk.recent.map((one) => (
            <li key={one.contact_id}>
              <button type="button" className="line line-button" onClick={() => onOpen(one)}><Line contact={one} /></button>
            </li>
          ))}
        </ul>
      )}
    </Card>
  );
}

function Line({ contact }: { contact: RecentContact }) {
  const { t, language } = useSpeech();
  const { titleOf } = useQueues();
  const number = numberOf(t, contact.from_number);
  const talk = contact.talk_ms === null ? "" : clock(contact.talk_ms);
  const outcome = contact.outcome && contact.outcome !== "unspecified" ? word(t, "outcome", contact.outcome) : "";
  return (
    <>
      <span className="line-text">
        <span className="line-title"><LongText text={contact.name || number} /></span>
        <LongText className="secondary" text={[contact.name ? number : "", titleOf(contact.queue), outcome].filter(Boolean).join(" · ")} />
      </span>
      <span className="line-side secondary">
        {contact.at && <time dateTime={contact.at}>{moment(contact.at, language)}</time>}
        {talk && <span className="clock">{talk}</span>}
      </span>
    </>
  );
}
