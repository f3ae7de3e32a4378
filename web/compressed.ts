import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
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
    // What was written, not what is being made: Vite changes its chunks to the last.
    async writeBundle({ dir = "dist" }, bundle) {
      await Promise.all(Object.keys(bundle).map((name) => compress(join(dir, name))));
    },
  };
}

async function compress(path: string): Promise<void> {
  if (!WORTH.test(path)) return;
  const bytes = await readFile(path);
  if (bytes.length < SMALL_BYTES) return;
  const params = { [constants.BROTLI_PARAM_QUALITY]: QUALITY };
  await writeFile(`${path}.br`, await promisify(brotliCompress)(bytes, { params }));
  await writeFile(`${path}.gz`, await promisify(gzip)(bytes, { level: 9 }));
}
