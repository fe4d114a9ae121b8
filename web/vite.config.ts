/// <reference types="vitest/config" />
import { fileURLToPath } from "node:url";
import tailwindcss from "@tailwindcss/vite";
import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";
import { VitePWA } from "vite-plugin-pwa";
import { hints } from "./scripts/hints";

const api = process.env.QUESTHALL_API ?? "http://127.0.0.1:8000";

export default defineConfig({
  resolve: { alias: { "@": fileURLToPath(new URL("./src", import.meta.url)) } },
  plugins: [
    react(),
    tailwindcss(),
    hints(),
    VitePWA({
      // Registered by src/app/offline.ts: the strict policy allows only one way to name a worker.
      injectRegister: false,
      registerType: "prompt",
      manifestFilename: "manifest.webmanifest",
      manifest: {
        name: "Questhall",
        short_name: "Questhall",
        description: "Real work, earned adventures.",
        start_url: "/",
        display: "standalone",
        background_color: "#fff6e6",
        theme_color: "#fff6e6",
        icons: [{ src: "/icon.svg", sizes: "any", type: "image/svg+xml", purpose: "any" }],
      },
      workbox: {
        // importScripts is a Trusted Types sink: one file holds all.
        inlineWorkboxRuntime: true,
        sourcemap: false,
        globPatterns: ["**/*.{js,css,html,woff2,svg}"],
        globIgnores: ["badges/**", "**/*cyrillic*", "**/*vietnamese*", "**/*greek*"],
        navigateFallback: "/index.html",
        navigateFallbackDenylist: [/^\/api\//, /^\/\.well-known\//],
        runtimeCaching: [
          {
            urlPattern: ({ url, request }) =>
              request.method === "GET" &&
              /^\/api\/v1\/(services|me|me\/balances|me\/streaks|me\/history|me\/achievements\/closest|quests|achievements)$/.test(url.pathname),
            handler: "NetworkFirst",
            options: { cacheName: "questhall-reads", networkTimeoutSeconds: 4, expiration: { maxEntries: 60 } },
          },
        ],
      },
    }),
  ],
  build: {
    outDir: "../src/questhall/gateway/built",
    emptyOutDir: true,
    manifest: true,
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    target: "es2022",
    chunkSizeWarningLimit: 700,
    rolldownOptions: {
      output: {
        codeSplitting: {
          // Few files: each costs its own request, and on a slow processor a request is dear even where the network is fast.
          groups: [
            { name: "libraries", test: /node_modules.+js$/, tags: ["$initial"], priority: 3 },
            { name: "frame", tags: ["$initial"], priority: 2 },
            { name: "parts", test: /\/src\//, minShareCount: 4, priority: 1 },
          ],
        },
      },
    },
  },
  server: { proxy: { "/api": { target: api, ws: true } } },
  test: { environment: "jsdom", include: ["src/**/*.test.{ts,tsx}"], setupFiles: ["./src/app/test-setup.ts"], restoreMocks: true },
});
