import { useEffect } from "react";

import { usePhone } from "../phone/PhoneProvider";
import { useDesk } from "./DeskProvider";

/** Tells the page's telephone what the gateway says of the call: also where the switch's own word was lost. */
export function usePhoneOfDesk(): void {
  const { desk } = useDesk();
  const { phone } = usePhone();
  const { contact_id, state, offer_id } = desk.contact ?? { contact_id: "", state: "", offer_id: "" };
  const talking = state === "connected";
  const offered = state === "offered" ? offer_id : "";
  useEffect(() => (offered ? () => phone.happened({ type: "offer_over" }) : undefined), [phone, offered]);
  useEffect(() => (talking ? () => phone.happened({ type: "contact_over" }) : undefined), [phone, talking, contact_id]);
}
