import { MantineProvider } from "@mantine/core";
import { Notifications } from "@mantine/notifications";
import { type QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { RouterProvider } from "@tanstack/react-router";
import { useEffect } from "react";

import type { Catalog, Language } from "@/i18n/catalog";
import { WordsProvider } from "@/i18n/words";
import { session } from "@/session/session";
import { ME } from "@/ui/me";
import { styleNonce, theme } from "@/ui/theme";

import type { AppRouter } from "./router";

interface Props {
  language: Language;
  catalog: Catalog;
  queries: QueryClient;
  router: AppRouter;
  /** `test`: menus and dialogs are there at once, wherever they would be on a screen. */
  env?: "default" | "test";
}

export function App({ language, catalog, queries, router, env = "default" }: Props) {
  useEffect(
    () =>
      session.watch(() => {
        // Nothing of one user is left for the next. Who was in the middle of something is asked for the password right
        // there (Again.tsx), if it is known whose page that is.
        const { status } = session;
        if (status === "out" || (status === "ended" && queries.getQueryData(ME) === undefined)) {
          queries.clear();
          router.options.context.lists.clear();
          void router.invalidate();
        }
      }),
    [queries, router],
  );
  return (
    <MantineProvider theme={theme} defaultColorScheme="auto" getStyleNonce={styleNonce} env={env}>
      <WordsProvider language={language} catalog={catalog}>
        <QueryClientProvider client={queries}>
          <Notifications position="bottom-right" />
          <RouterProvider router={router} />
        </QueryClientProvider>
      </WordsProvider>
    </MantineProvider>
  );
}
