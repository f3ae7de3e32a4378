import { Alert, Button, Spin, Tabs } from "antd";
import { useState } from "react";

import { problem, useSpeech } from "../i18n";
import { useSession } from "../session/Gate";
import { useLeave } from "../session/useLeave";
import { AgentsTab } from "./agents/AgentsTab";
import { Matrix } from "./agents/Matrix";
import { QueuesTab } from "./queues/QueuesTab";
import { useSettings, type Settings as Kept } from "./useSettings";
import "./settings.css";

type Tab = "queues" | "agents" | "matrix";

/** Routing as administrators set it up; team leads look at it. */
export function Settings() {
  const speech = useSpeech();
  const { t } = speech;
  const { settings, error, reload } = useSettings();
  if (settings === null && error !== null) {
    return (
      <main className="settings">
        <Alert type="error" showIcon title={t("settings.failed")} description={problem(speech, error)}
          action={<Button size="small" onClick={reload}>{t("app.retry")}</Button>} />
      </main>
    );
  }
  if (settings === null) {
    return <main className="settings"><div className="waiting" role="status"><Spin /><span>{t("app.loading")}</span></div></main>;
  }
  return <Loaded settings={settings} />;
}

function Loaded({ settings }: { settings: Kept }) {
  const { t } = useSpeech();
  const { session } = useSession();
  const leave = useLeave();
  const [tab, setTab] = useState<Tab>("queues");
  const writes = { queues: session.may("queues.write"), agents: session.may("agents.write") };
  const items = [
    { key: "queues", label: t("settings.queues"), children: <QueuesTab settings={settings} writes={writes.queues} /> },
    { key: "agents", label: t("settings.agents"), children: <AgentsTab settings={settings} writes={writes.agents} /> },
    { key: "matrix", label: t("settings.matrix"), children: <Matrix settings={settings} writes={writes.agents} /> },
  ];
  return (
    <main className="settings">
      <h1 className="visually-hidden">{t("settings.title")}</h1>
      {!writes.queues && !writes.agents && <Alert type="info" showIcon title={t("settings.readonly")} />}
      <Tabs activeKey={tab} items={items} destroyOnHidden onChange={(key) => leave(() => {
        setTab(key as Tab);
        settings.reload(); // others set things up as well
      })} />
    </main>
  );
}
