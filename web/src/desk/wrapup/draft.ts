// The half-filled form of each contact: it survives a lost connection and a reload, and goes when it was taken.
import { newId } from "../../shared/ids";
import { kept } from "../../shared/storage";
import type { NewWorkOrder } from "../../shared/types";

export interface Draft {
  /** The same for every try, so that nothing is done twice. */
  id: string;
  disposition: string;
  notes: string;
  order: boolean;
  type: string;
  urgency: string;
  title: string;
  description: string;
  department: string;
}

const key = (contactId: string) => `wrapup.${contactId}`;
const KEPT = 20;

export function emptyDraft(): Draft {
  return {
    id: newId(), disposition: "", notes: "", order: false, type: "consultation", urgency: "normal", title: "",
    description: "", department: "",
  };
}

export function readDraft(contactId: string): Draft {
  return { ...emptyDraft(), ...kept.json<Partial<Draft>>(key(contactId)) };
}

export function writeDraft(contactId: string, draft: Draft): void {
  for (const old of kept.keys("wrapup.").slice(0, -KEPT)) kept.set(old, null);
  kept.set(key(contactId), JSON.stringify(draft));
}

export function dropDraft(contactId: string): void {
  kept.set(key(contactId), null);
}

export function isWorthKeeping(draft: Draft): boolean {
  return [draft.notes, draft.title, draft.description].some((text) => text.trim() !== "");
}

/** What is sent: as POST …/wrap-up, with the contact. */
export function toCommand(contactId: string, draft: Draft, customerId: string): object {
  const work_order: NewWorkOrder | undefined = draft.order ? orderOf(draft, customerId) : undefined;
  return {
    contact_id: contactId,
    disposition: draft.disposition,
    notes: draft.notes.trim(),
    ...(work_order ? { work_order } : {}),
  };
}

export function orderOf(draft: Draft, customerId: string): NewWorkOrder {
  return {
    type: draft.type,
    urgency: draft.urgency,
    title: draft.title.trim(),
    description: draft.description.trim(),
    customer_id: customerId,
    department: draft.department.trim(),
  };
}

/** Whether a refusal was final, so that a corrected form is a new intention. Where nobody knows what was done
 * (no answer, a service away), the next try must be the same one. */
export function isFinal(code: string): boolean {
  return code === "invalid" || code === "conflict" || code === "too_large";
}
