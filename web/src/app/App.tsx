import { App as AntApp, ConfigProvider, type ConfigProviderProps } from "antd";
import enUS from "antd/locale/en_US";
import zhCN from "antd/locale/zh_CN";
import { lazy, useEffect, useMemo, useState } from "react";

import { SpeechContext, firstLanguage, translator, type Language } from "../i18n";
import { LookContext, antTheme, useChosenLook } from "../preferences/look";
import { Gate } from "../session/Gate";
import { remembered } from "../shared/storage";
import { Mishap } from "./Mishap";
import { nonce } from "./nonce";

// The desk is loaded while the person still types their password.
const loadHome = () => import("./Home");
const Home = lazy(loadHome);

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

  const { dark, still } = looks;
  const theme = useMemo(() => antTheme({ dark, still }), [dark, still]);

  useEffect(() => {
    document.documentElement.lang = language;
  }, [language]);

  return (
    <SpeechContext value={speech}>
      <LookContext value={looks}>
        <ConfigProvider
          theme={theme}
          locale={language === "en" ? enUS : zhCN}
          button={{ autoInsertSpace: false }}
          {...csp}
        >
          <AntApp className="app" notification={{ placement: "bottomRight" }}>
            <Mishap>
              <Gate prepare={loadHome}><Home /></Gate>
            </Mishap>
          </AntApp>
        </ConfigProvider>
      </LookContext>
    </SpeechContext>
  );
}
