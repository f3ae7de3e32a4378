import { ArrowLeftOutlined } from "@ant-design/icons";
import { Alert, Button, Drawer, Input, Segmented, Skeleton } from "antd";
import { useState } from "react";

import { problem, useSpeech } from "../i18n";
import { useSession } from "../session/Gate";
import { query } from "../shared/api";
import { Nothing } from "../shared/Nothing";
import type { WorkOrder } from "../shared/types";
import { useLoad } from "../shared/useLoad";
import { OrderDetail } from "./OrderDetail";
import { OrderLines } from "./OrderLines";
import { OPEN_STATES } from "./words";

type Whose = "open" | "mine" | "customer";
const SHOWN = 50;

export function OrdersDrawer({ open, orderId, customerId, onOpen, onClose, onChanged }: {
  open: boolean;
  orderId: string | null;
  /** Of the caller in hand, if there is one. */
  customerId: string;
  onOpen: (workOrderId: string | null) => void;
  onClose: () => void;
  onChanged: (order: WorkOrder) => void;
}) {
  const { t } = useSpeech();
  return (
    <Drawer open={open} onClose={onClose} size={600} mask={false} destroyOnHidden rootClassName="drawer" title={t("orders.title")}
      extra={orderId !== null && (
        <Button size="small" icon={<ArrowLeftOutlined />} onClick={() => onOpen(null)}>{t("orders.back")}</Button>
      )}>
      {orderId !== null
        ? <OrderDetail key={orderId} id={orderId} onChanged={onChanged} />
        : <List customerId={customerId} onOpen={onOpen} />}
    </Drawer>
  );
}

function List({ customerId, onOpen }: { customerId: string; onOpen: (workOrderId: string) => void }) {
  const speech = useSpeech();
  const { t } = speech;
  const { session, user } = useSession();
  const [whose, setWhose] = useState<Whose>(customerId ? "customer" : "open");
  const [text, setText] = useState("");
  const path = `/work-orders${query({
    assignee: whose === "mine" ? user.username : "",
    customer_id: whose === "customer" ? customerId : "",
    state: whose === "customer" ? [] : OPEN_STATES,
    text,
    limit: SHOWN,
  })}`;
  const { data, error, loading, reload } = useLoad(path, (signal) =>
    session.ask<{ work_orders: WorkOrder[] }>(path, { signal }));
  return (
    <div className="search">
      <Segmented<Whose> value={whose} onChange={setWhose} options={[
        { value: "open", label: t("orders.open") },
        { value: "mine", label: t("orders.mine") },
        ...(customerId ? [{ value: "customer" as const, label: t("orders.customer") }] : []),
      ]} />
      <Input.Search allowClear onSearch={(wanted) => setText(wanted.trim())} placeholder={t("orders.search")}
        aria-label={t("orders.search")} maxLength={200} loading={loading} />
      {error !== null && data === null
        ? <Alert type="error" showIcon title={problem(speech, error)}
          action={<Button size="small" onClick={reload}>{t("app.retry")}</Button>} />
        : data === null ? <Skeleton active title={false} paragraph={{ rows: 6 }} />
        : data.work_orders.length === 0 ? <Nothing text={t("orders.none")} />
        : <OrderLines orders={data.work_orders} onOpen={onOpen} />}
    </div>
  );
}
