import { Button, Result } from "antd";
import { Component, type ReactNode } from "react";

import { SpeechContext } from "../i18n";

/** A defect of ours must not leave a white page: it says so and offers to reload. */
export class Mishap extends Component<{ children: ReactNode }, { failed: boolean }> {
  static override contextType = SpeechContext;
  declare context: React.ContextType<typeof SpeechContext>;
  override state = { failed: false };

  static getDerivedStateFromError() {
    return { failed: true };
  }

  override render() {
    if (!this.state.failed) return this.props.children;
    const { t } = this.context;
    return (
      <Result
        status="error"
        title={t("app.failed")}
        subTitle={t("app.failed.help")}
        extra={<Button type="primary" onClick={() => window.location.reload()}>{t("app.reload")}</Button>}
      />
    );
  }
}
