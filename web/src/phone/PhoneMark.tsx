import { CheckOutlined, LoadingOutlined, PhoneOutlined, SettingOutlined } from "@ant-design/icons";
import { Button, Dropdown, Tooltip, type MenuProps } from "antd";
import { lazy, Suspense, useState } from "react";

import { useSpeech, type Key } from "../i18n";
import { usePhone } from "./PhoneProvider";
import type { Choice, PhoneState } from "./state";

const CHOICES: Choice[] = ["browser", "both", "desk"];
const PhoneSettings = lazy(() => import("./PhoneSettings").then((m) => ({ default: m.PhoneSettings })));

/** Whether this page can be rung now, and the way to change it. Nothing where there are no telephones in pages. */
export function PhoneMark() {
  const { t } = useSpeech();
  const { state, phone } = usePhone();
  const [settings, setSettings] = useState(false);
  if (!state.available) return null;
  const text = t(lineText(state));
  const items: MenuProps["items"] = [
    {
      type: "group", key: "choice", label: t("phone.rings"),
      children: CHOICES.map((key) => ({
        key, label: t(`phone.choice.${key}`), disabled: state.call !== null, icon: <CheckOutlined className={state.choice === key ? "" : "unchosen"} />,
      })),
    },
    { type: "divider" },
    { key: "settings", label: t("phone.settings"), icon: <SettingOutlined /> },
  ];
  const pick = (key: string) => {
    if (key === "settings") setSettings(true);
    else phone.choose(key as Choice);
  };
  return (
    <>
      <Tooltip title={text}>
        <Dropdown trigger={["click"]} menu={{ items, onClick: ({ key }) => pick(key) }}>
          <Button type="text" className={`phone-mark phone-${state.line}`} aria-label={text}
            icon={state.line === "opening" || state.line === "waiting" ? <LoadingOutlined /> : <PhoneOutlined />} />
        </Dropdown>
      </Tooltip>
      {settings && <Suspense fallback={null}><PhoneSettings onClose={() => setSettings(false)} /></Suspense>}
    </>
  );
}

/** The state of the line in one sentence. */
export function lineText(state: PhoneState): Key {
  if (state.choice === null) return "phone.unchosen";
  if (state.choice === "desk") return "phone.desk";
  if (!state.claimed) return "phone.elsewhere";
  if (state.line === "ready") return "phone.ready";
  return state.trouble === null ? "phone.opening" : `phone.trouble.${state.trouble}`;
}
