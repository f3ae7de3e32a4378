import { UserAddOutlined } from "@ant-design/icons";
import { App, Button, Select } from "antd";
import { useState } from "react";

import { present } from "../desk/presence";
import { problem, useSpeech } from "../i18n";
import { useSession } from "../session/Gate";
import { newId } from "../shared/ids";
import type { Contact, ListedAgent } from "../shared/types";
import { candidates } from "./candidates";

const WAIT_S = 120; // as the gateway's default; said in the notice

/** A team lead gives a waiting contact to an agent, who is offered it before everybody. */
export function GiveTo({ contact, who, people, onDone }: {
  contact: Contact;
  /** The caller, as the line shows them. */
  who: string;
  people: ListedAgent[];
  onDone: () => void;
}) {
  const speech = useSpeech();
  const { t } = speech;
  const { session } = useSession();
  const { message } = App.useApp();
  const [asking, setAsking] = useState(false);
  const [busy, setBusy] = useState(false);
  const give = async (agentId: string) => {
    const agent = people.find((one) => one.agent_id === agentId);
    setBusy(true);
    try {
      const body = { agent_id: agentId, wait_s: WAIT_S, request_id: newId() };
      await session.ask(`/contacts/${contact.contact_id}/assign`, { method: "POST", body });
      void message.success(t("give.done", { agent: agent?.name || agentId, minutes: WAIT_S / 60 }), 6);
    } catch (refused) {
      void message.error(problem(speech, refused), 6);
    }
    setBusy(false);
    setAsking(false);
    onDone();
  };
  if (!asking) {
    return (
      <Button size="small" icon={<UserAddOutlined />} aria-label={t("give.open", { who })} onClick={() => setAsking(true)}>
        {t("give")}
      </Button>
    );
  }
  return (
    <Select size="small" className="give-to" autoFocus defaultOpen loading={busy} disabled={busy} placeholder={t("give.pick")}
      aria-label={t("give.open", { who })} notFoundContent={t("give.nobody")} popupMatchSelectWidth={260}
      showSearch={{ optionFilterProp: "label" }}
      options={candidates(people).map((agent) => ({
        value: agent.agent_id,
        label: t("give.candidate", { agent: agent.name || agent.agent_id, state: present(t, agent).text }),
      }))}
      onSelect={(agentId) => void give(agentId)} onBlur={() => setAsking(false)}
      onKeyDown={(event) => event.key === "Escape" && setAsking(false)} />
  );
}
