import { Alert, Button, Descriptions, Skeleton, Timeline } from "antd";

import { problem, useSpeech, word } from "../i18n";
import { useSession } from "../session/Gate";
import { moment } from "../shared/time";
import type { Step, WorkOrder } from "../shared/types";
import { useLoad } from "../shared/useLoad";
import { OrderActions } from "./OrderActions";
import { StateTag, UrgencyTag } from "./OrderLines";

/** One work order: what it says, every step it took, what may be done now. */
export function OrderDetail({ id, onChanged }: { id: string; onChanged: (order: WorkOrder) => void }) {
  const speech = useSpeech();
  const { t } = speech;
  const { session } = useSession();
  const path = `/work-orders/${encodeURIComponent(id)}`;
  const { data, error, reload } = useLoad(path, async (signal) => {
    const [order, { steps }] = await Promise.all([
      session.ask<WorkOrder>(path, { signal }),
      session.ask<{ steps: Step[] }>(`${path}/steps`, { signal }),
    ]);
    return { order, steps };
  });
  if (data === null && error !== null) {
    return <Alert type="error" showIcon title={problem(speech, error)}
      action={<Button size="small" onClick={reload}>{t("app.retry")}</Button>} />;
  }
  if (data === null) return <Skeleton active />;
  const { order, steps } = data;
  return (
    <article className="order">
      <h2><bdi>{order.title}</bdi></h2>
      <div className="line-tags"><StateTag state={order.state} /><UrgencyTag urgency={order.urgency} /></div>
      <Facts order={order} />
      {order.description && <p className="pre order-text"><bdi>{order.description}</bdi></p>}
      <h3>{t("order.steps")}</h3>
      <Timeline items={steps.map((step) => ({ key: step.step_id, content: <StepLine step={step} /> }))} />
      {session.may("work_orders.write") && order.allowed_actions.length > 0 && (
        <OrderActions key={order.revision} order={order} onStale={reload} onActed={(changed) => {
          onChanged(changed);
          reload();
        }} />
      )}
    </article>
  );
}

function Facts({ order }: { order: WorkOrder }) {
  const { t, language } = useSpeech();
  const time = (at: string | null) => (at ? moment(at, language) : t("app.none"));
  return (
    <Descriptions size="small" column={1} items={[
      { key: "number", label: t("order.number"), children: order.number },
      { key: "type", label: t("order.type"), children: word(t, "order.type", order.type) },
      { key: "department", label: t("order.department"), children: order.department || t("app.none") },
      { key: "assignee", label: t("order.assignee"), children: order.assignee || t("app.none") },
      { key: "created", label: t("order.created"), children: `${time(order.created_at)} · ${order.created_by}` },
      { key: "changed", label: t("order.changed"), children: time(order.changed_at) },
    ]} />
  );
}

function StepLine({ step }: { step: Step }) {
  const { t, language } = useSpeech();
  const to = [step.department, step.assignee].filter(Boolean).join(" / ");
  return (
    <div>
      <div className="timeline-head">
        <strong>{word(t, "order.action", step.action)} → {word(t, "order.state", step.to_state)}</strong>
        <span className="secondary">{[t("order.by", { who: step.by }), step.at ? moment(step.at, language) : ""].join(" · ")}</span>
      </div>
      {(to || step.note) && <div className="timeline-text"><bdi>{[to, step.note].filter(Boolean).join(" · ")}</bdi></div>}
    </div>
  );
}
