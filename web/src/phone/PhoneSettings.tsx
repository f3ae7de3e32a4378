import { Alert, Button, Form, Modal, Progress, Select } from "antd";
import { useEffect, useState } from "react";

import { useSpeech } from "../i18n";
import { usePhone } from "./PhoneProvider";
import { chosen, devices, listen, meter, release, troubleOf, type Devices } from "./sound";
import type { Trouble } from "./state";

const NONE: Devices = { microphones: [], speakers: [] };

/** Which microphone and loudspeaker, how loud one is, and a call to oneself. */
export function PhoneSettings({ onClose }: { onClose: () => void }) {
  const { t } = useSpeech();
  const { state, phone } = usePhone();
  const [microphone, setMicrophone] = useState(chosen.microphone);
  const [speaker, setSpeaker] = useState(chosen.speaker);
  const { level, trouble, found } = useLevel(microphone);
  const testing = state.call?.kind === "test";

  const close = () => {
    if (testing) phone.happened({ type: "hang_up" });
    onClose();
  };
  // The microphone that cannot be had is said by the level; a talk goes on with the one before.
  const use = () => void phone.useChosenDevices().catch(() => undefined);
  const options = (list: MediaDeviceInfo[]) => [
    { value: "", label: t("phone.device.usual") },
    ...list.map(({ deviceId, label }) => ({ value: deviceId, label: label || deviceId })),
  ];
  return (
    <Modal open title={t("phone.settings")} onCancel={close} width={460} footer={<Button onClick={close}>{t("app.close")}</Button>}>
      <Form layout="vertical" component="div">
        {trouble !== null && <Alert type="error" showIcon title={t(`phone.trouble.${trouble}`)} description={t(`phone.trouble.${trouble}.help`)} />}
        <Form.Item label={t("phone.microphone")} htmlFor="phone-microphone">
          <Select id="phone-microphone" value={microphone} options={options(found.microphones)} onChange={(id) => {
            chosen.setMicrophone(id);
            setMicrophone(id);
            use();
          }} />
        </Form.Item>
        <Progress percent={Math.round(level * 100)} showInfo={false} aria-label={t("phone.level")} />
        <p className="secondary">{t("phone.level.help")}</p>
        <Form.Item label={t("phone.speaker")} htmlFor="phone-speaker">
          <Select id="phone-speaker" value={speaker} options={options(found.speakers)} onChange={(id) => {
            chosen.setSpeaker(id);
            setSpeaker(id);
            use();
          }} />
        </Form.Item>
        {testing ? (
          <Button danger onClick={() => phone.happened({ type: "hang_up" })}>{t("phone.test.end")}</Button>
        ) : (
          <Button disabled={state.line !== "ready" || state.call !== null} onClick={() => phone.test()}>{t("phone.test")}</Button>
        )}
        <p className="secondary" role="status">
          {t(testing && state.call?.stage === "talking" ? "phone.test.talking" : "phone.test.help")}
        </p>
      </Form>
    </Modal>
  );
}

/** How loud the microphone is, and what there is to choose from: names are told only while one listens. */
function useLevel(microphone: string): { level: number; trouble: Trouble | null; found: Devices } {
  const [level, setLevel] = useState(0);
  const [trouble, setTrouble] = useState<Trouble | null>(null);
  const [found, setFound] = useState(NONE);
  useEffect(() => {
    let here = true;
    let stop = () => undefined as void;
    const begin = async () => {
      try {
        const stream = await listen();
        if (!here) return release(stream);
        const end = meter(stream, setLevel);
        stop = () => {
          end();
          release(stream);
        };
        setTrouble(null);
        setFound(await devices());
      } catch (problem) {
        if (here) setTrouble(troubleOf(problem) ?? "microphone_missing");
      }
    };
    void begin();
    return () => {
      here = false;
      stop();
    };
  }, [microphone]);
  return { level, trouble, found };
}
