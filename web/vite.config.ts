import react from "@vitejs/plugin-react";
import { defineConfig, loadEnv } from "vite";

import { compressed } from "./compressed.ts";

// `npm run dev` shows the console against a suite that runs already: SWITCHYARD_PAGE says where.
export default defineConfig(({ mode }) => {
  const gateway = loadEnv(mode, ".", "SWITCHYARD_")["SWITCHYARD_PAGE"] ?? "http://127.0.0.1:8080";
  return {
    plugins: [react(), compressed()],
    html: { cspNonce: "__CSP_NONCE__" }, // the gateway puts a new one into each page it serves
    build: { outDir: "dist", chunkSizeWarningLimit: 1500 },
    server: { host: "127.0.0.1", proxy: { "/api": { target: gateway, ws: true } } },
  };
});
