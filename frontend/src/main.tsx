import "@mantine/core/styles.css";
import "@mantine/notifications/styles.css";
import "@/ui/theme.css";

import { StrictMode } from "react";
import { createRoot } from "react-dom/client";

import { makeQueryClient } from "@/api/queries";
import { App } from "@/app/App";
import { makeRouter } from "@/app/router";
import { loadFirst, preferredLanguage } from "@/i18n/catalog";
import { styleNonce } from "@/ui/theme";

// react-remove-scroll, below Mantine's modals, looks here for what its <style> is allowed with.
Object.assign(globalThis, { __webpack_nonce__: styleNonce() });

const language = preferredLanguage();
const queries = makeQueryClient();
const router = makeRouter(queries);
const root = document.getElementById("root");

if (root !== null) {
  void loadFirst(language).then((catalog) =>
    createRoot(root).render(
      <StrictMode>
        <App language={language} catalog={catalog} queries={queries} router={router} />
      </StrictMode>,
    ),
  );
  void import("@/app/vitals").then(({ reportVitals }) => reportVitals(router));
}
