import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { brotliCompressSync, gzipSync } from "node:zlib";

import react from "@vitejs/plugin-react";
import { defineConfig, type Plugin } from "vite";

import { isFirst } from "./src/i18n/first.ts";

const COMPRESSED = /\.(js|css|svg|json)$/;

/** Puts `name.gz` and `name.br` beside each file that gets smaller, so that the server compresses nothing. */
function precompressed(): Plugin {
  return {
    name: "precompressed",
    apply: "build",
    writeBundle({ dir }) {
      const folder = join(dir ?? "dist", "assets");
      for (const name of readdirSync(folder).filter((each) => COMPRESSED.test(each))) {
        const content = readFileSync(join(folder, name));
        for (const [suffix, packed] of [
          ["gz", gzipSync(content, { level: 9 })],
          ["br", brotliCompressSync(content)],
        ] as const) {
          if (packed.length < content.length) {
            writeFileSync(join(folder, `${name}.${suffix}`), packed);
          }
        }
      }
    },
  };
}

/** Makes two parts of a file of words: `de.json?first`, and all else as `de.json?rest`. */
function partedWords(): Plugin {
  return {
    name: "parted-words",
    load(id) {
      const [file = "", part] = id.split("?");
      if (!file.endsWith(".json") || (part !== "first" && part !== "rest")) {
        return null;
      }
      this.addWatchFile(file);
      const words = Object.entries(JSON.parse(readFileSync(file, "utf8")) as Record<string, string>);
      const chosen = words.filter(([key]) => isFirst(key) === (part === "first"));
      return { code: JSON.stringify(Object.fromEntries(chosen)), moduleType: "json" };
    },
  };
}

export default defineConfig({
  plugins: [react(), partedWords(), precompressed()],
  resolve: { alias: { "@": fileURLToPath(new URL("src", import.meta.url)) } },
  // The server puts a new one in its place for each answer (app/api/web_app.py).
  html: { cspNonce: "__CSP_NONCE__" },
  build: {
    manifest: true,
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 700,
  },
  server: { proxy: { "/api": "http://127.0.0.1:8000" } },
});
