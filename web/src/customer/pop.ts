// The screen pop by REST: after a reload, when a missing service came back, and for contacts of before.
import { OPEN_STATES } from "../orders/words";
import type { Session } from "../session/session";
import { query } from "../shared/api";
import type { Customer, Pop, TimelineEntry, WorkOrder } from "../shared/types";

export const NEWEST = 10;
const ORDERS = 20;

export interface Caller {
  contact_id: string;
  offer_id: string;
  from_number: string;
  customer_id: string;
}

/** As the gateway would push it; services that do not answer are named in `missing`. */
export async function loadPop(session: Session, caller: Caller, signal?: AbortSignal): Promise<Pop> {
  const pop: Pop = {
    contact_id: caller.contact_id, offer_id: caller.offer_id, caller: null, customer: null, recent: [],
    work_orders: [], missing: [],
  };
  try {
    pop.customer = await findCustomer(session, caller, signal);
    if (pop.customer) pop.recent = await loadTimeline(session, pop.customer.customer_id, signal);
  } catch (problem) {
    if (signal?.aborted) throw problem;
    pop.missing.push("crm");
  }
  const customerId = pop.customer?.customer_id ?? caller.customer_id;
  try {
    if (customerId) pop.work_orders = await loadOpenOrders(session, customerId, signal);
  } catch (problem) {
    if (signal?.aborted) throw problem;
    pop.missing.push("workorder");
  }
  return pop;
}

async function findCustomer(session: Session, caller: Caller, signal?: AbortSignal): Promise<Customer | null> {
  if (caller.customer_id) {
    return session.ask<Customer>(`/customers/${encodeURIComponent(caller.customer_id)}`, { signal });
  }
  if (!/\d{3}/.test(caller.from_number)) return null;
  const found = await searchCustomers(session, caller.from_number, 5, signal);
  return found.find(({ numbers }) => numbers.includes(caller.from_number)) ?? null;
}

export async function searchCustomers(
  session: Session, text: string, limit: number, signal?: AbortSignal,
): Promise<Customer[]> {
  const found = await session.ask<{ customers: Customer[] }>(`/customers${query({ text, limit })}`, { signal });
  return found.customers;
}

export async function loadTimeline(session: Session, customerId: string, signal?: AbortSignal): Promise<TimelineEntry[]> {
  const path = `/customers/${encodeURIComponent(customerId)}/timeline${query({ limit: NEWEST })}`;
  return (await session.ask<{ entries: TimelineEntry[] }>(path, { signal })).entries;
}

export async function loadOpenOrders(session: Session, customerId: string, signal?: AbortSignal): Promise<WorkOrder[]> {
  const path = `/work-orders${query({ customer_id: customerId, state: OPEN_STATES, limit: ORDERS })}`;
  return (await session.ask<{ work_orders: WorkOrder[] }>(path, { signal })).work_orders;
}

export function asForm(customer: Customer) {
  const { name, organisation, numbers, accounts, email, level, language, tags, notes } = customer;
  return { name, organisation, numbers, accounts, email, level, language, tags, notes };
}
