import { ReloadOutlined } from "@ant-design/icons";
import { Alert, Button, Card, Skeleton } from "antd";

import { useSpeech } from "../i18n";
import { OrderLines } from "../orders/OrderLines";
import { Nothing } from "../shared/Nothing";
import type { Customer, Pop } from "../shared/types";
import { CustomerCard } from "./CustomerCard";
import { Timeline } from "./Timeline";
import { UnknownCaller } from "./UnknownCaller";

/** All that is known of a caller: card, open work orders, history. */
export function PopView({ pop, number, onCustomer, onOrder, onReload, fresh = "" }: {
  pop: Pop | null;
  number: string;
  onCustomer: (customer: Customer) => void;
  onOrder: (workOrderId: string) => void;
  onReload?: () => void;
  /** The order just made, to be seen at once. */
  fresh?: string;
}) {
  const { t } = useSpeech();
  if (pop === null) return <Loading />;
  const noCrm = pop.missing.includes("crm");
  const noOrders = pop.missing.includes("workorder");
  const again = onReload && (
    <Button size="small" icon={<ReloadOutlined />} onClick={onReload}>{t("pop.reload")}</Button>
  );
  return (
    <div className="pop">
      {noCrm && !pop.customer
        ? <Alert type="warning" showIcon title={t("pop.missing.crm")} description={t("pop.missing.crm.help")} action={again} />
        : pop.customer
          ? <CustomerCard key={pop.customer.customer_id} customer={pop.customer} caller={pop.caller} onSaved={onCustomer} />
          : <UnknownCaller number={number} onCustomer={onCustomer} />}
      <div className="pop-below">
        <Card size="small" title={t("pop.orders")} className="pop-orders">
          {noCrm && !pop.customer ? <Alert type="warning" showIcon title={t("pop.missing.crm")} />
            : noOrders ? <Alert type="warning" showIcon title={t("pop.missing.workorder")} action={again} />
            : pop.work_orders.length > 0
              ? <OrderLines orders={pop.work_orders} onOpen={onOrder} fresh={fresh} />
              : <Nothing text={t("pop.orders.none")} />}
        </Card>
        <Card size="small" title={t("pop.timeline")} className="pop-timeline">
          {noCrm ? <Alert type="warning" showIcon title={t("pop.missing.crm")} />
            : pop.recent.length > 0 ? <Timeline entries={pop.recent} /> : <Nothing text={t("pop.timeline.none")} />}
        </Card>
      </div>
    </div>
  );
}

function Loading() {
  const { t } = useSpeech();
  return (
    <div className="pop" aria-busy="true">
      <Card size="small" title={t("pop.loading")}><Skeleton active avatar paragraph={{ rows: 3 }} /></Card>
      <div className="pop-below">
        <Card size="small" title={t("pop.orders")}><Skeleton active title={false} /></Card>
        <Card size="small" title={t("pop.timeline")}><Skeleton active title={false} /></Card>
      </div>
    </div>
  );
}
