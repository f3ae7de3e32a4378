import { Skeleton } from "antd";

import { PopView } from "../customer/PopView";
import { loadPop } from "../customer/pop";
import { useSession } from "../session/Gate";
import { useDesk } from "./DeskProvider";
import { Notices } from "./Notices";
import { Ended } from "./call/Ended";
import { Ringing } from "./call/Ringing";
import { Talking } from "./call/Talking";
import { useAwakeSound } from "./call/useRinging";
import { Idle, MyDay } from "./idle/Idle";
import { QueueStatus } from "./idle/QueueStatus";
import { Recent } from "./idle/Recent";
import { phase, type RecentContact } from "./state";
import { usePhoneOfDesk } from "./usePhoneOfDesk";
import { usePop } from "./usePop";
import { WrapUpForm } from "./wrapup/WrapUpForm";

/** The agent's desk: the call in hand on the left, the caller on the right; between calls the day. */
export function Desk({ onOrder, onRecent }: {
  onOrder: (workOrderId: string) => void;
  onRecent: (contact: RecentContact) => void;
}) {
  const { desk, link } = useDesk();
  usePop();
  usePhoneOfDesk();
  useAwakeSound();
  const now = phase(desk);
  return (
    <main className={`desk desk-${now}`} inert={link.status === "replaced" || link.status === "denied"}>
      <section className="desk-left">
        {now === "unknown" ? <Skeleton active /> : <Left now={now} onOrder={onOrder} />}
      </section>
      <section className="desk-right">
        {desk.contact ? <Caller onOrder={onOrder} /> : (
          <>
            <QueueStatus />
            <Recent onOpen={onRecent} />
          </>
        )}
      </section>
    </main>
  );
}

function Left({ now, onOrder }: { now: ReturnType<typeof phase>; onOrder: (workOrderId: string) => void }) {
  const { desk } = useDesk();
  const { contact } = desk;
  if (contact && now === "ringing") return <Ringing key={contact.offer_id} />;
  if (contact && (now === "talking" || now === "wrap_up")) {
    return (
      <>
        {now === "talking" ? <Talking key={contact.contact_id} /> : <Ended />}
        <WrapUpForm key={`form ${contact.contact_id}`} contactId={contact.contact_id} ended={now === "wrap_up"} />
      </>
    );
  }
  return (
    <>
      <Notices onOrder={onOrder} />
      <Idle />
      <MyDay />
    </>
  );
}

function Caller({ onOrder }: { onOrder: (workOrderId: string) => void }) {
  const { session } = useSession();
  const { desk, dispatch } = useDesk();
  const { contact, pop } = desk;
  if (!contact) return null;
  const reload = () => void loadPop(session, contact).then((data) => dispatch({ type: "pop_loaded", data }));
  return (
    <PopView key={contact.contact_id} pop={pop} number={contact.from_number} onOrder={onOrder} onReload={reload}
      onCustomer={(customer) => {
        dispatch({ type: "customer_saved", data: customer });
        // Somebody just found: their history and orders belong beside the card.
        if (!pop?.customer) {
          void loadPop(session, { ...contact, customer_id: customer.customer_id })
            .then((data) => dispatch({ type: "pop_loaded", data }));
        }
      }} />
  );
}
