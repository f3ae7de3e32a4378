import { PlusOutlined } from "@ant-design/icons";
import { Button, Card, Input } from "antd";
import { useState } from "react";

import { useSpeech } from "../../i18n";
import { useLeave } from "../../session/useLeave";
import { LongText } from "../../shared/LongText";
import { Nothing } from "../../shared/Nothing";
import { newQueue, type QueueDocument } from "../model/documents";
import type { Settings } from "../useSettings";
import { QueueEditor } from "./QueueEditor";

const NEW = newQueue("");

/** The queues at the left, the one looked at beside them. */
export function QueuesTab({ settings, writes }: { settings: Settings; writes: boolean }) {
  const { t } = useSpeech();
  const leave = useLeave();
  const [text, setText] = useState("");
  const [chosen, setChosen] = useState<string | null>(null); // null: the first; "": a new one
  const [made, setMade] = useState<QueueDocument | null>(null); // until the list knows it as well
  const wanted = text.trim().toLowerCase();
  const found = settings.queues.filter(({ name, title }) => `${name} ${title}`.toLowerCase().includes(wanted));
  const queue = chosen === "" ? NEW : find(settings.queues, chosen, made);
  const choose = (name: string) => name !== queue?.name && leave(() => setChosen(name));
  return (
    <div className="queues">
      <Card size="small" className="queue-list" title={
        <Input allowClear size="small" value={text} placeholder={t("settings.search.queue")} aria-label={t("settings.search.queue")}
          onChange={(event) => setText(event.target.value)} />
      } extra={writes && <Button size="small" type="primary" icon={<PlusOutlined />} onClick={() => choose("")}>{t("queue.new")}</Button>}>
        {found.length === 0 && <Nothing text={t(settings.queues.length === 0 ? "settings.queues.none" : "settings.found.none")} />}
        <ul className="lines">
          {found.map((one) => <li key={one.name}><Line queue={one} settings={settings} current={one.name === queue?.name} onChoose={choose} /></li>)}
        </ul>
      </Card>
      {queue && (
        <QueueEditor key={chosen === "" ? "" : queue.name} queue={queue} isNew={chosen === ""} settings={settings} writes={writes}
          onSaved={(kept) => {
            setMade(kept);
            setChosen(kept.name);
          }} onCancel={() => setChosen(null)} />
      )}
    </div>
  );
}

function find(queues: QueueDocument[], chosen: string | null, made: QueueDocument | null): QueueDocument | undefined {
  const found = queues.find(({ name }) => name === chosen);
  return found ?? (made?.name === chosen ? made ?? undefined : queues[0]);
}

function Line({ queue, settings, current, onChoose }: {
  queue: QueueDocument;
  settings: Settings;
  current: boolean;
  onChoose: (name: string) => void;
}) {
  const { t } = useSpeech();
  const serving = settings.agents.filter((agent) => agent.queues.includes(queue.name)).length;
  return (
    <button type="button" className={current ? "line line-button current" : "line line-button"} aria-current={current}
      onClick={() => onChoose(queue.name)}>
      <span className="line-text">
        <span className="line-title"><LongText text={queue.title || queue.name} /></span>
        <span className="secondary"><LongText text={t(`queue.strategy.${queue.strategy}`)} /></span>
      </span>
      <span className="secondary">{t("settings.agents.count", { count: serving })}</span>
    </button>
  );
}
