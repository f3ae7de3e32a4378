import { Suspense, lazy, useEffect, useState, type ReactNode } from "react";
import { Spin } from "antd";

import type { Looked } from "../customer/CustomersDrawer";
import { Desk } from "../desk/Desk";
import { DeskProvider, hasDesk, hasSocket, useDesk } from "../desk/DeskProvider";
import { QueuesProvider } from "../desk/useQueues";
import { Banners } from "../desk/header/Banners";
import { Header, type View } from "../desk/header/Header";
import { phase } from "../desk/state";
import { useSpeech } from "../i18n";
import { PhoneProvider } from "../phone/PhoneProvider";
import { useSession } from "../session/Gate";
import { useLeave } from "../session/useLeave";
import { Nothing } from "../shared/Nothing";

// Not needed to take the first call: loaded when first opened.
const CustomersDrawer = lazy(() => import("../customer/CustomersDrawer").then((m) => ({ default: m.CustomersDrawer })));
const OrdersDrawer = lazy(() => import("../orders/OrdersDrawer").then((m) => ({ default: m.OrdersDrawer })));
const Settings = lazy(() => import("../settings/Settings").then((m) => ({ default: m.Settings })));
const Board = lazy(() => import("../wallboard/Board").then((m) => ({ default: m.Board })));

export default function Home() {
  return (
    <DeskProvider>
      <QueuesProvider>
        <WithPhone><Page /></WithPhone>
      </QueuesProvider>
    </DeskProvider>
  );
}

/** The telephone belongs to the tab that is the desk: one that was replaced lets go of it. */
function WithPhone({ children }: { children: ReactNode }) {
  const { user } = useSession();
  const { link } = useDesk();
  const claimed = link.status === "open" || link.status === "reconnecting";
  return <PhoneProvider desk={hasDesk(user)} claimed={claimed}>{children}</PhoneProvider>;
}

const BESIDE_PX = 1100; // a drawer and the call's card side by side

type Panel =
  | { kind: "customers"; looked: Looked | null }
  | { kind: "orders"; orderId: string | null };

function Page() {
  const { t } = useSpeech();
  const { user } = useSession();
  const { desk, dispatch } = useDesk();
  const views: View[] = [
    ...(hasDesk(user) ? ["desk" as const] : []),
    ...(user.permissions.includes("wallboard.watch") && hasSocket(user) ? ["board" as const] : []),
    ...(["queues.read", "agents.read"].every((needed) => user.permissions.includes(needed)) ? ["settings" as const] : []),
  ];
  const [view, setView] = useState<View | null>(views[0] ?? null);
  const leave = useLeave();
  const [panel, setPanel] = useState<Panel | null>(null);
  const [opened, setOpened] = useState({ customers: false, orders: false });
  const show = (wanted: Panel) => {
    setOpened((old) => ({ ...old, [wanted.kind]: true }));
    setPanel(wanted);
  };
  const showOrder = (orderId: string | null) => show({ kind: "orders", orderId });
  const close = () => setPanel(null);

  // A drawer over a narrow window would hide the call that rings.
  const ringing = phase(desk) === "ringing" ? desk.contact?.offer_id : undefined;
  useEffect(() => {
    if (ringing !== undefined && window.innerWidth < BESIDE_PX) setPanel(null);
  }, [ringing]);

  return (
    <div className="page">
      <Header view={view ?? "desk"} views={views} onView={(wanted) => leave(() => setView(wanted))}
        onCustomers={() => show({ kind: "customers", looked: null })} onOrders={() => showOrder(null)} />
      <Banners />
      {view === "desk" && (
        <Desk onOrder={showOrder} onRecent={(contact) => show({
          kind: "customers", looked: { customerId: contact.customer_id, number: contact.from_number },
        })} />
      )}
      <Suspense fallback={<div className="centred"><Spin /></div>}>
        {view === "board" && <Board />}
        {view === "settings" && <Settings />}
      </Suspense>
      {view === null && <Nothing text={t("home.nothing")} />}
      <Suspense fallback={null}>
        {opened.customers && (
          <CustomersDrawer open={panel?.kind === "customers"} looked={panel?.kind === "customers" ? panel.looked : null}
            onLook={(looked) => show({ kind: "customers", looked })} onClose={close} onOrder={showOrder}
            onSaved={(data) => dispatch({ type: "customer_saved", data })} />
        )}
        {opened.orders && (
          <OrdersDrawer open={panel?.kind === "orders"} orderId={panel?.kind === "orders" ? panel.orderId : null}
            customerId={desk.pop?.customer?.customer_id ?? ""} onOpen={showOrder} onClose={close}
            onChanged={(data) => dispatch({ type: "work_order_changed", data })} />
        )}
      </Suspense>
    </div>
  );
}
