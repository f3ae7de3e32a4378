import { Tag } from "antd";

import { useSpeech, word } from "../i18n";
import { LongText } from "../shared/LongText";
import { moment } from "../shared/time";
import type { WorkOrder } from "../shared/types";
import { STATE_COLOURS, URGENCY_COLOURS } from "./words";

/** Work orders as lines that open. */
export function OrderLines({ orders, onOpen, fresh = "" }: {
  orders: WorkOrder[];
  onOpen: (workOrderId: string) => void;
  fresh?: string;
}) {
  return (
    <ul className="lines">
      {orders.map((order) => (
        <li key={order.work_order_id}>
          <button type="button" className={`line line-button ${order.work_order_id === fresh ? "fresh" : ""}`}
            onClick={() => onOpen(order.work_order_id)}>
            <OrderLine order={order} />
          </button>
        </li>
      ))}
    </ul>
  );
}

function OrderLine({ order }: { order: WorkOrder }) {
  const { t, language } = useSpeech();
  return (
    <span className="line-text">
      <span className="line-title"><LongText text={order.title} /></span>
      <span className="line-tags">
        <StateTag state={order.state} />
        <UrgencyTag urgency={order.urgency} />
        <span className="secondary">{order.number}</span>
        <span className="secondary">{word(t, "order.type", order.type)}</span>
        {order.created_at && <time className="secondary" dateTime={order.created_at}>{moment(order.created_at, language)}</time>}
      </span>
    </span>
  );
}

export function StateTag({ state }: { state: string }) {
  const { t } = useSpeech();
  return <Tag color={STATE_COLOURS[state] ?? "default"}>{word(t, "order.state", state)}</Tag>;
}

export function UrgencyTag({ urgency }: { urgency: string }) {
  const { t } = useSpeech();
  const colour = URGENCY_COLOURS[urgency];
  return colour ? <Tag variant="solid" color={colour}>{word(t, "order.urgency", urgency)}</Tag> : null;
}
