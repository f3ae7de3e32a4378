import { promisify } from "node:util";
import { brotliCompress, constants, gzip } from "node:zlib";

import type { Plugin } from "vite";

const SMALL_BYTES = 1_024; // below it nothing is gained
const WORTH = /\.(js|css|svg)$/;
const QUALITY = 9; // 11 takes ten times as long for a twentieth less

/** Lays a `.br` and a `.gz` beside each asset: compressed once here, not by the gateway at each request. */
export function compressed(): Plugin {
  return {
    name: "compressed",
    apply: "build",
    enforce: "post",
    async generateBundle(_, bundle) {
      await Promise.all(Object.values(bundle).map(async (made) => {
        const bytes = Buffer.from(made.type === "chunk" ? made.code : made.source);
        if (!WORTH.test(made.fileName) || bytes.length < SMALL_BYTES) return;
        const options = { params: { [constants.BROTLI_PARAM_QUALITY]: QUALITY } };
        this.emitFile({ type: "asset", fileName: `${made.fileName}.br`, source: await promisify(brotliCompress)(bytes, options) });
        this.emitFile({ type: "asset", fileName: `${made.fileName}.gz`, source: await promisify(gzip)(bytes, { level: 9 }) });
      }));
    },
  };
}
