import { Box, Button, Group, Popover, Portal, Stack, Text, Title } from "@mantine/core";
import { useHotkeys } from "@mantine/hooks";
import { useEffect, useId, useState } from "react";

import { useDismiss } from "@/features/first_steps/useFirstSteps";
import type { Key } from "@/i18n/catalog";
import { useWords } from "@/i18n/words";

import classes from "./Tour.module.css";
import { placeOf, type Stop, STOPS } from "./tour";

const WORDS: Record<Stop, { title: Key; text: Key }> = {
  "/overview": { title: "overview.title", text: "tour.overview" },
  "/stock": { title: "stock.title", text: "tour.stock" },
  "/connections": { title: "connections.title", text: "tour.connections" },
  "/reviews": { title: "reviews.title", text: "tour.reviews" },
  palette: { title: "shell.palette", text: "tour.palette" },
};

const WIDTH = 300;

interface Props {
  /** Shows or hides the places where a narrow window hides them. */
  showPlaces: (shown: boolean) => void;
  onEnd: () => void;
}

/** Goes through what is around every screen, one place after the other. Seen or skipped, it is not offered again. */
export default function Tour({ showPlaces, onEnd }: Props) {
  const [at, setAt] = useState(0);
  const dismiss = useDismiss();
  const stop = STOPS[at] ?? "palette";
  const place = usePlace(stop);
  useEffect(() => showPlaces(stop !== "palette"), [showPlaces, stop]);
  const end = () => {
    showPlaces(false);
    dismiss.mutate({ body: { tour_taken: true } });
    onEnd();
    document.getElementById("content")?.focus();
  };
  const back = () => setAt(Math.max(at - 1, 0));
  const next = () => (at === STOPS.length - 1 ? end() : setAt(at + 1));
  useHotkeys([
    ["Escape", end],
    ["ArrowLeft", back],
    ["ArrowRight", next],
  ]);
  return (
    <Portal>
      <Box pos="fixed" inset={0} className={classes["ground"] ?? ""} />
      {place === null ? null : (
        <Popover
          key={stop}
          opened
          trapFocus
          withArrow
          closeOnEscape={false}
          closeOnClickOutside={false}
          withRoles={false}
          position={stop === "palette" ? "bottom-end" : hasRoom(place) ? "right-start" : "bottom-start"}
          width={WIDTH}
          shadow="md"
          zIndex={402}
        >
          <Popover.Target>
            <Box
              className={classes["light"] ?? ""}
              style={{ top: place.top, left: place.left, width: place.width, height: place.height }}
            />
          </Popover.Target>
          <Card stop={stop} at={at} onSkip={end} onBack={back} onNext={next} />
        </Popover>
      )}
    </Portal>
  );
}

interface CardProps {
  stop: Stop;
  at: number;
  onSkip: () => void;
  onBack: () => void;
  onNext: () => void;
}

function Card({ stop, at, onSkip, onBack, onNext }: CardProps) {
  const { t } = useWords();
  const id = useId();
  const isLast = at === STOPS.length - 1;
  return (
    <Popover.Dropdown role="dialog" aria-labelledby={`${id}-title`} aria-describedby={`${id}-text`} aria-modal="true">
      <Stack gap="xs">
        <Text size="xs" c="dimmed">
          {t("tour.at", { number: at + 1, count: STOPS.length })}
        </Text>
        <Title order={2} size="h5" id={`${id}-title`}>
          {t(WORDS[stop].title)}
        </Title>
        <Text size="sm" id={`${id}-text`}>
          {t(WORDS[stop].text)}
        </Text>
        <Group justify="space-between" gap="xs">
          {isLast ? (
            <span />
          ) : (
            <Button size="xs" variant="subtle" color="gray" onClick={onSkip}>
              {t("tour.skip")}
            </Button>
          )}
          <Group gap="xs">
            {at === 0 ? null : (
              <Button size="xs" variant="default" onClick={onBack}>
                {t("tour.back")}
              </Button>
            )}
            <Button size="xs" data-autofocus onClick={onNext}>
              {t(isLast ? "tour.done" : "tour.next")}
            </Button>
          </Group>
        </Group>
      </Stack>
    </Popover.Dropdown>
  );
}

/** Whether the card fits to its right. */
function hasRoom(place: DOMRect): boolean {
  return place.right + WIDTH + 20 < window.innerWidth;
}

/** Where the stop is to be seen, also once the window has changed or the places have slid in. */
function usePlace(stop: Stop): DOMRect | null {
  const [place, setPlace] = useState<DOMRect | null>(null);
  useEffect(() => {
    const look = () => setPlace(placeOf(stop));
    const first = requestAnimationFrame(look);
    const moved = ["resize", "scroll", "transitionend"];
    moved.forEach((event) => window.addEventListener(event, look, true));
    return () => {
      cancelAnimationFrame(first);
      moved.forEach((event) => window.removeEventListener(event, look, true));
    };
  }, [stop]);
  return place;
}
