import { Box, Button, Card, Checkbox, Group, SimpleGrid, Stack, Text, Title } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import type { ReactNode } from "react";

import { api } from "@/api/client";
import type { ApiProblem } from "@/api/problem";
import { useFormat } from "@/i18n/format";
import { useWords } from "@/i18n/words";
import { Ago } from "@/ui/Ago";
import { Change } from "@/ui/Change";
import { Said } from "@/ui/Said";
import { Failed, Loading } from "@/ui/states";

import type { Choice, Review } from "./useDeciding";

interface Props {
  review: Review;
  ticked: boolean;
  mayDecide: boolean;
  /** Why a decision was not taken, by its code. */
  refusal: ApiProblem | undefined;
  onTick: (ticked: boolean) => void;
  onDecide: (choice: Choice) => void;
}

/** A number that somebody changed at a shop: both sides, and what each choice would do. */
export function Conflict({ review, ticked, mayDecide, refusal, onTick, onDecide }: Props) {
  const { t } = useWords();
  const [opened, { toggle }] = useDisclosure(false);
  return (
    <Card withBorder component="article" aria-label={review.title} tabIndex={-1}>
      <Stack gap="sm">
        <Group wrap="nowrap" align="flex-start" gap="sm">
          {mayDecide ? (
            <Checkbox
              mt={2}
              checked={ticked}
              aria-label={t("matching.tick", { title: review.title })}
              onChange={(event) => onTick(event.currentTarget.checked)}
            />
          ) : null}
          <div>
            <Title order={3} size="h5">
              {review.title}
            </Title>
            <Text size="sm" c="dimmed">
              {review.sku ?? t("line.noSku")} · {review.connection_name} · <Ago at={review.seen_at} />
            </Text>
          </div>
        </Group>
        <Text size="sm">{t(`reviews.reason.${review.reason}`)}</Text>
        <Sides review={review} />
        <SimpleGrid cols={{ base: 1, sm: 2 }} spacing="sm">
          {review.choices.map((choice) => (
            <Consequence
              key={choice.choice}
              review={review}
              choice={choice}
              action={
                mayDecide ? (
                  <Button
                    size="xs"
                    variant="default"
                    aria-label={`${t(`reviews.choice.${choice.choice}.do`)}: ${review.title}`}
                    onClick={() => onDecide(choice.choice)}
                  >
                    {t(`reviews.choice.${choice.choice}.do`)}
                  </Button>
                ) : null
              }
            />
          ))}
        </SimpleGrid>
        {refusal === undefined ? null : <Failed error={refusal} />}
        <div>
          <Button size="compact-sm" variant="subtle" aria-expanded={opened} onClick={toggle}>
            {t("reviews.history")}
          </Button>
          {opened ? <WhatLedToIt reviewId={review.id} /> : null}
        </div>
      </Stack>
    </Card>
  );
}

/** What the shop shows, and what there is by our account. A number that was lowered holds units back everywhere until
 *  it is decided, so that what the shop should show just now says nothing. */
function Sides({ review }: { review: Review }) {
  const { t } = useWords();
  const format = useFormat();
  return (
    <SimpleGrid cols={2} spacing="sm">
      <Side name={t("reviews.atShop", { shop: review.connection_name })} number={format.number(review.shown)}>
        {t("reviews.unexplained", {
          to: format.number(review.changed_to),
          change: format.number(review.quantity, { signDisplay: "always" }),
        })}
      </Side>
      <Side name={t("reviews.here")} number={format.number(review.available)}>
        {t("reviews.stock", { onHand: review.on_hand, committed: review.committed })}
        {review.target === null
          ? ` · ${t("reviews.paused")}`
          : review.reason === "no_identity"
            ? ` · ${t("reviews.target", { target: review.target })}`
            : ""}
      </Side>
    </SimpleGrid>
  );
}

function Side({ name, number, children }: { name: string; number: string; children: ReactNode }) {
  return (
    <Box>
      <Text size="sm" c="dimmed">
        {name}
      </Text>
      <Text fz={26} fw={650} lh={1.3}>
        {number}
      </Text>
      <Text size="sm" c="dimmed">
        {children}
      </Text>
    </Box>
  );
}

interface ConsequenceProps {
  review: Review;
  choice: Review["choices"][number];
  action: ReactNode;
}

function Consequence({ review, choice, action }: ConsequenceProps) {
  const { t } = useWords();
  return (
    <Card withBorder padding="sm">
      <Stack gap={6} align="flex-start">
        <Text size="sm" fw={600}>
          {t(`reviews.choice.${choice.choice}`)}
        </Text>
        <Text size="sm">
          {choice.choice === "add" ? (
            <>
              {t("reviews.available")} <Change from={review.available} to={choice.available_after} />.{" "}
              {t("reviews.choice.add.means")}
            </>
          ) : (
            <>
              {t("reviews.stays", { count: choice.available_after })}{" "}
              {t(`reviews.choice.overwrite.${whenOurs(review)}`)}
            </>
          )}
        </Text>
        {action}
      </Stack>
    </Card>
  );
}

/** When our number is at the shop again, where it is kept. */
function whenOurs({ connection_state, target }: Review): "ended" | "later" | "means" {
  return connection_state === "disconnected" ? "ended" : target === null ? "later" : "means";
}

function WhatLedToIt({ reviewId }: { reviewId: number }) {
  const { t } = useWords();
  const format = useFormat();
  const found = api.useQuery("get", "/api/v1/reviews/{review_id}", { params: { path: { review_id: reviewId } } });
  if (found.isPending) {
    return <Loading rows={3} />;
  }
  if (found.data === undefined) {
    return <Failed error={found.error} retry={() => void found.refetch()} retrying={found.isFetching} />;
  }
  if (found.data.history.length === 0) {
    return (
      <Text size="sm" c="dimmed">
        {t("reviews.noHistory")}
      </Text>
    );
  }
  return (
    <Stack component="ol" gap={4} m={0} mt="xs" pl="lg" aria-label={t("reviews.history")}>
      {found.data.history.map((line, index) => (
        <li key={index}>
          <Text size="sm" span>
            <Said line={line} />
          </Text>{" "}
          <Text size="sm" span c="dimmed">
            {format.moment(line.at, { dateStyle: "short", timeStyle: "medium" })}
          </Text>
        </li>
      ))}
    </Stack>
  );
}
