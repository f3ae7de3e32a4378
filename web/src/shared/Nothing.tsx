import { Empty } from "antd";

/** An empty list says why it is empty. */
export function Nothing({ text }: { text: string }) {
  return <Empty image={Empty.PRESENTED_IMAGE_SIMPLE} description={text} className="nothing" />;
}
