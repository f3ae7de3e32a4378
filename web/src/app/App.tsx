import { App as AntApp, ConfigProvider, type ConfigProviderProps } from "antd";
import enUS from "antd/locale/en_US";
import zhCN from "antd/locale/zh_CN";
import { useEffect, useMemo, useState } from "react";

import { SpeechContext, firstLanguage, translator, type Language } from "../i18n";
import { Gate } from "../session/Gate";
import { remembered } from "../shared/storage";
import { Mishap } from "./Mishap";
import { nonce } from "./nonce";
import { LookContext, antTheme, useChosenLook } from "./look";

const csp: Pick<ConfigProviderProps, "csp"> = nonce ? { csp: { nonce } } : {};

export function App() {
  const looks = useChosenLook();
  const [language, setLanguage] = useState<Language>(firstLanguage);
  const speech = useMemo(() => ({
    language,
    t: translator(language),
    choose: (wanted: Language) => {
      remembered.set("language", wanted);
      setLanguage(wanted);
    },
  }), [language]);

  useEffect(() => {
    document.documentElement.lang = language;
  }, [language]);

  return (
    <SpeechContext value={speech}>
      <LookContext value={looks}>
        <ConfigProvider
          theme={antTheme(looks.dark)}
          locale={language === "en" ? enUS : zhCN}
          button={{ autoInsertSpace: false }}
          {...csp}
        >
          <AntApp className="app" notification={{ placement: "bottomRight" }}>
            <Mishap>
              <Gate />
            </Mishap>
          </AntApp>
        </ConfigProvider>
      </LookContext>
    </SpeechContext>
  );
}
