import { expect, it } from "vitest";

// From the frame down to what everybody uses. A folder may import from those that stand behind it.
const LAYERS = ["app", "wallboard", "settings", "desk", "phone", "customer", "orders", "session", "preferences", "socket", "i18n", "shared"];
const sources = import.meta.glob<string>("./*/**/*.{ts,tsx}", { query: "?raw", import: "default", eager: true });

const folderOf = (path: string) => path.split("/")[1] ?? "";

it("keeps the order of the folders", () => {
  const wrong: string[] = [];
  for (const [path, text] of Object.entries(sources)) {
    for (const [, target = ""] of text.matchAll(/from "(\.[^"]+)"/g)) {
      const meant = folderOf(`./${new URL(target, `https://x${path.slice(1)}`).pathname.slice(1)}`);
      if (LAYERS.indexOf(folderOf(path)) > LAYERS.indexOf(meant)) wrong.push(`${path} imports ${target}`);
    }
  }
  expect(Object.keys(sources).length).toBeGreaterThan(50);
  expect(wrong).toEqual([]);
});
