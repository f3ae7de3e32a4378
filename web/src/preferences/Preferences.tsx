import { BgColorsOutlined, GlobalOutlined } from "@ant-design/icons";
import { Button, Dropdown, Tooltip } from "antd";

import { useSpeech, type Language } from "../i18n";
import { useLook, type Look } from "./look";

const LOOKS: Look[] = ["system", "light", "dark"];

/** Language and colours: on the sign-in page and in the header. */
export function Preferences() {
  const { t, language, choose } = useSpeech();
  const looks = useLook();
  const languages: { key: Language; label: string }[] = [
    { key: "zh-CN", label: "简体中文" },
    { key: "en", label: "English" },
  ];
  return (
    <>
      <Tooltip title={t("app.language")}>
        <Dropdown
          trigger={["click"]}
          menu={{
            items: languages.map(({ key, label }) => ({ key, label: <span lang={key}>{label}</span> })),
            selectable: true,
            selectedKeys: [language],
            onClick: ({ key }) => choose(key as Language),
          }}
        >
          <Button type="text" icon={<GlobalOutlined />} aria-label={t("app.language")} />
        </Dropdown>
      </Tooltip>
      <Tooltip title={t("app.theme")}>
        <Dropdown
          trigger={["click"]}
          menu={{
            items: LOOKS.map((key) => ({ key, label: t(`app.theme.${key}`) })),
            selectable: true,
            selectedKeys: [looks.look],
            onClick: ({ key }) => looks.choose(key as Look),
          }}
        >
          <Button type="text" icon={<BgColorsOutlined />} aria-label={t("app.theme")} />
        </Dropdown>
      </Tooltip>
    </>
  );
}
