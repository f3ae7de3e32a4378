import { ArrowLeftOutlined } from "@ant-design/icons";
import { Alert, Button, Drawer, Skeleton, Tag, Tooltip } from "antd";

import { numberOf } from "../customer/Level";
import { useQueues } from "../desk/useQueues";
import { problem, useSpeech } from "../i18n";
import { useSession } from "../session/Gate";
import { ApiError } from "../shared/api";
import { Clock } from "../shared/Clock";
import { LongText } from "../shared/LongText";
import { Nothing } from "../shared/Nothing";
import { moment, parsed } from "../shared/time";
import type { Contact, Decision, Explanation, ListedAgent } from "../shared/types";
import { useLoad } from "../shared/useLoad";
import { parts } from "./explain";
import { GiveTo } from "./GiveTo";

const EVERY_MS = 3_000; // while it is looked at; who waits changes by the second
const SHOWN = 50;

/** What the drawer shows: who waits in a queue, or one contact; from the former one comes to the latter. */
export interface Looked {
  queue: string | null;
  contact: Contact | null;
}

export function ExplainDrawer({ looked, onLook, people, nameOf }: {
  looked: Looked | null;
  onLook: (looked: Looked | null) => void;
  people: ListedAgent[];
  nameOf: (agentId: string) => string;
}) {
  const { t } = useSpeech();
  const { titleOf } = useQueues();
  const { queue = null, contact = null } = looked ?? {};
  return (
    <Drawer open={looked !== null} onClose={() => onLook(null)} size={480} mask={false} destroyOnHidden rootClassName="drawer"
      title={contact ? t("explain.title") : <LongText text={t("waiting.title", { queue: titleOf(queue ?? "") })} />}
      extra={contact && queue !== null && (
        <Button size="small" icon={<ArrowLeftOutlined />} onClick={() => onLook({ queue, contact: null })}>{t("waiting.back")}</Button>
      )}>
      {contact
        ? <Explained key={contact.contact_id} contact={contact} nameOf={nameOf} />
        : queue !== null && <Waiting key={queue} queue={queue} people={people} nameOf={nameOf} onOpen={(one) => onLook({ queue, contact: one })} />}
    </Drawer>
  );
}

function Waiting({ queue, people, nameOf, onOpen }: {
  queue: string;
  people: ListedAgent[];
  nameOf: (agentId: string) => string;
  onOpen: (contact: Contact) => void;
}) {
  const { t } = useSpeech();
  const { session } = useSession();
  const path = `/queues/${queue}/contacts?limit=${SHOWN}`;
  const { data, error, reload } = useLoad(path, (signal) =>
    session.ask<{ contacts: Contact[] }>(path, { signal }), EVERY_MS);
  if (data === null && error !== null) return <Failed title={t("waiting.failed")} error={error} onRetry={reload} />;
  if (data === null) return <Skeleton active title={false} paragraph={{ rows: 5 }} />;
  if (data.contacts.length === 0) return <Nothing text={t("waiting.none")} />;
  return (
    <>
      <ul className="lines">
        {data.contacts.map((contact) => (
          <li key={contact.contact_id} className="waiting-line">
            <button type="button" className="line line-button" onClick={() => onOpen(contact)}>
              <Line contact={contact} nameOf={nameOf} />
            </button>
            {session.may("contacts.assign") && (
              <GiveTo contact={contact} who={numberOf(t, contact.from_number)} people={people} onDone={reload} />
            )}
          </li>
        ))}
      </ul>
      {data.contacts.length === SHOWN && <p className="secondary">{t("waiting.more", { count: SHOWN })}</p>}
    </>
  );
}

function Line({ contact, nameOf }: { contact: Contact; nameOf: (agentId: string) => string }) {
  const { t } = useSpeech();
  const { waits_for_agent_id: awaited, assigned_by: by } = contact;
  return (
    <>
      <span className="line-text"><span className="line-title"><LongText text={numberOf(t, contact.from_number)} /></span></span>
      {awaited && (
        <Tooltip title={by ? t("waiting.for.by", { by }) : t("waiting.for.help")}>
          <Tag className="awaited" color="blue"><LongText text={t("waiting.for", { agent: nameOf(awaited) })} /></Tag>
        </Tooltip>
      )}
      {contact.priority > 0 && <Tag>{t("waiting.priority", { priority: contact.priority })}</Tag>}
      <Clock since={parsed(contact.enqueued_at)} />
    </>
  );
}

function Explained({ contact, nameOf }: { contact: Contact; nameOf: (agentId: string) => string }) {
  const { t } = useSpeech();
  const { session } = useSession();
  const { titleOf } = useQueues();
  const path = `/contacts/${contact.contact_id}/explanation`;
  const { data, error, reload } = useLoad(path, (signal) => session.ask<Explanation>(path, { signal }));
  const unknown = error instanceof ApiError && error.code === "not_found";
  const decisions = data?.decisions ?? [];
  return (
    <>
      <h2 className="who-name"><LongText text={numberOf(t, contact.from_number)} /></h2>
      <p className="secondary explained-queue"><LongText text={titleOf(contact.queue)} /></p>
      {error !== null && data === null && (unknown
        ? <Nothing text={t("explain.unknown")} />
        : <Failed title={t("explain.failed")} error={error} onRetry={reload} />)}
      {error === null && data === null && <Skeleton active title={false} paragraph={{ rows: 6 }} />}
      {data !== null && decisions.length === 0 && <Nothing text={t("explain.none")} />}
      {decisions.map((decision, index) => (
        <One key={decision.offer_id} decision={decision} number={index + 1} nameOf={nameOf} />
      )).reverse()}
    </>
  );
}

function One({ decision, number, nameOf }: { decision: Decision; number: number; nameOf: (agentId: string) => string }) {
  const { t, language } = useSpeech();
  const { titleOf } = useQueues();
  return (
    <section className="decision">
      <p className="decision-head secondary">
        <span>{t("explain.offer", { number })}</span>
        <LongText text={titleOf(decision.queue)} />
        {decision.at && <time dateTime={decision.at}>{moment(decision.at, language)}</time>}
      </p>
      <h3><bdi>{t("explain.chosen", { agent: nameOf(decision.agent_id) })}</bdi></h3>
      <dl>
        {parts(t, decision, { agent: nameOf, queue: titleOf }).map(({ title, sentences }) => (
          <div key={title}>
            <dt>{t(title)}</dt>
            <dd>{sentences.map((sentence) => <p key={sentence}><bdi>{sentence}</bdi></p>)}</dd>
          </div>
        ))}
      </dl>
    </section>
  );
}

function Failed({ title, error, onRetry }: { title: string; error: unknown; onRetry: () => void }) {
  const speech = useSpeech();
  return (
    <Alert type="error" showIcon title={title} description={problem(speech, error)}
      action={<Button size="small" onClick={onRetry}>{speech.t("app.retry")}</Button>} />
  );
}
