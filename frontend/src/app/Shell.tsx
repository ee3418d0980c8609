import { AppShell, Burger, Button, Group, Kbd, VisuallyHidden } from "@mantine/core";
import { useDisclosure, useHotkeys } from "@mantine/hooks";
import { Outlet, useRouterState } from "@tanstack/react-router";
import { lazy, Suspense, useEffect, useState, useSyncExternalStore } from "react";

import { Live } from "@/features/live/Live";
import { withWords } from "@/i18n/catalog";
import { useWords } from "@/i18n/words";
import { session } from "@/session/session";
import { Brand } from "@/ui/Brand";
import { Icon } from "@/ui/icons";
import { PlaceLink } from "@/ui/links";

import { AccountMenu } from "./AccountMenu";
import { LIVE_RULES } from "./live";
import { PLACES } from "./navigation";
import { Notices } from "./Notices";
import classes from "./Shell.module.css";
import { TourStart } from "./tour";

const again = () => withWords(import("./Again"));
const palette = () => withWords(import("./palette/Palette"));
const Again = lazy(again);
const Palette = lazy(palette);
const Tour = lazy(() => withWords(import("./Tour")));

const LATER_MS = 15_000;

/** What is around every screen of a member. */
export function Shell() {
  const { t } = useWords();
  const accountId = useSyncExternalStore(session.watch, () => session.accountId);
  const isOver = useSyncExternalStore(session.watch, () => session.status === "ended");
  const [opened, { toggle, close, set: showPlaces }] = useDisclosure(false);
  /** Undefined until it is first asked for. */
  const [showsPalette, setPalette] = useState<boolean>();
  const [tour, { open: beginTour, close: endTour }] = useDisclosure(false);
  useEffect(() => {
    // What comes over any screen is there before it is needed: one is in the middle of something when it cannot be loaded.
    const timer = setTimeout(() => void Promise.allSettled([again(), palette()]), LATER_MS);
    return () => clearTimeout(timer);
  }, []);
  useHotkeys([["mod+K", () => setPalette(!isOver)]], []);
  return (
    <Live rules={LIVE_RULES} accountId={isOver ? null : accountId}>
      <TourStart value={beginTour}>
        <AppShell
          header={{ height: 56 }}
          navbar={{ width: 220, breakpoint: "sm", collapsed: { mobile: !opened } }}
          padding={{ base: "md", md: "xl" }}
        >
          <AppShell.Header className={classes["bar"] ?? ""}>
            <a href="#content" className={classes["skip"]}>
              {t("shell.skip")}
            </a>
            <Group gap="sm" wrap="nowrap">
              <Burger
                opened={opened}
                onClick={toggle}
                hiddenFrom="sm"
                size="sm"
                aria-label={t("shell.menu")}
                aria-expanded={opened}
                aria-controls="places"
              />
              <Brand />
            </Group>
            <Group gap="sm" wrap="nowrap">
              <PaletteButton onClick={() => setPalette(true)} />
              <AccountMenu />
            </Group>
          </AppShell.Header>
          <AppShell.Navbar p="sm" id="places" aria-label={t("shell.places")}>
            <Places onGone={close} />
          </AppShell.Navbar>
          <AppShell.Main id="content" tabIndex={-1} className={classes["main"] ?? ""}>
            <Notices />
            <Outlet />
          </AppShell.Main>
        </AppShell>
      </TourStart>
      {showsPalette === undefined ? null : (
        <Suspense>
          <Palette opened={showsPalette && !isOver} onClose={() => setPalette(false)} />
        </Suspense>
      )}
      {isOver ? (
        <Suspense>
          <Again />
        </Suspense>
      ) : null}
      {tour ? (
        <Suspense>
          <Tour showPlaces={showPlaces} onEnd={endTour} />
        </Suspense>
      ) : null}
    </Live>
  );
}

function Places({ onGone }: { onGone: () => void }) {
  const { t } = useWords();
  const path = useRouterState({ select: (state) => state.location.pathname });
  return PLACES.map(({ to, name, icon, also = to }) => {
    const isHere = [to, also].some((each) => path === each || path.startsWith(`${each}/`));
    return (
      <PlaceLink
        key={to}
        to={to}
        label={t(name)}
        leftSection={<Icon name={icon} />}
        active={isHere}
        data-tour={to}
        aria-current={isHere ? "page" : undefined}
        onClick={onGone}
        className={classes["place"] ?? ""}
      />
    );
  });
}

function PaletteButton({ onClick }: { onClick: () => void }) {
  const { t } = useWords();
  return (
    <>
      <Button
        variant="default"
        size="xs"
        c="dimmed"
        visibleFrom="sm"
        data-tour="palette"
        leftSection={<Icon name="search" size={16} />}
        rightSection={<Kbd size="xs">{t("shell.palette.keys")}</Kbd>}
        onClick={onClick}
      >
        {t("shell.palette")}
      </Button>
      <Button variant="subtle" color="gray" size="xs" px={6} hiddenFrom="sm" data-tour="palette" onClick={onClick}>
        <Icon name="search" />
        <VisuallyHidden>{t("shell.palette")}</VisuallyHidden>
      </Button>
    </>
  );
}
