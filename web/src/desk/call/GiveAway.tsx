import { SwapOutlined } from "@ant-design/icons";
import { Alert, Button, Popover, Select, Tooltip } from "antd";
import { useState } from "react";

import { problem, useSpeech } from "../../i18n";
import { useSession } from "../../session/Gate";
import { useLoad } from "../../shared/useLoad";
import { useDesk } from "../DeskProvider";
import { SHORTCUTS, useShortcuts } from "../shortcuts";
import { useAction } from "../useAction";
import { useQueues } from "../useQueues";

interface Colleague {
  agent_id: string;
  name: string;
  idle: boolean;
}

const QUEUE = "queue:";
const AGENT = "agent:";
const RELOAD_MS = 5_000; // colleagues come and go while one decides

/** Gives the caller to a queue or a colleague, without speaking to them first. */
export function GiveAway({ disabled }: { disabled: boolean }) {
  const speech = useSpeech();
  const { t } = speech;
  const { desk, command } = useDesk();
  const { session } = useSession();
  const { queues } = useQueues();
  const { run, pending, failed, forget } = useAction<"transfer">();
  const [shown, setShown] = useState(false);
  const [target, setTarget] = useState<string | null>(null);
  const open = shown && !disabled;
  const { data } = useLoad(open ? "colleagues" : null, (signal) =>
    session.ask<{ agents: Colleague[] }>("/agent/colleagues", { signal }), RELOAD_MS);
  const calledBack = desk.contact!.callback !== null;
  const off = disabled || calledBack;

  const show = (wanted: boolean) => {
    if (off) return;
    forget();
    setShown(wanted);
  };
  useShortcuts({ transfer: () => show(!shown) });

  const give = () => {
    if (target === null || pending) return;
    const to = target.startsWith(QUEUE) ? { queue: target.slice(QUEUE.length) } : { to_agent_id: target.slice(AGENT.length) };
    void run("transfer", () => command("transfer", { contact_id: desk.contact!.contact_id, ...to }));
  };
  const options = [
    { label: t("transfer.queues"), options: queues.map((queue) => ({ value: QUEUE + queue.name, label: queue.title || queue.name })) },
    {
      label: t("transfer.agents"),
      options: (data?.agents ?? []).map((one) => ({
        value: AGENT + one.agent_id,
        label: one.idle ? one.name || one.agent_id : t("transfer.busy", { who: one.name || one.agent_id }),
      })),
    },
  ];
  return (
    <Tooltip title={calledBack ? t("transfer.callback") : t("call.shortcut", { what: t("transfer"), keys: SHORTCUTS.transfer.keys })}>
      <Popover trigger="click" open={open && !off} onOpenChange={show} content={(
        <div className="give-away" role="group" aria-label={t("transfer")}>
          <Select showSearch autoFocus optionFilterProp="label" value={target} onChange={setTarget} options={options}
            placeholder={t("transfer.to")} aria-label={t("transfer.to")} style={{ width: 280 }} />
          <Button type="primary" disabled={target === null} loading={pending === "transfer"} onClick={give}>
            {t("transfer.do")}
          </Button>
          {failed && <Alert type="error" showIcon title={problem(speech, failed.error)} />}
        </div>
      )}>
        <Button size="large" icon={<SwapOutlined />} disabled={off} aria-keyshortcuts={SHORTCUTS.transfer.keys}>
          {t("transfer")}
        </Button>
      </Popover>
    </Tooltip>
  );
}
