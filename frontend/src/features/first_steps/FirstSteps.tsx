import { ActionIcon, Button, Group, Stack, Text, ThemeIcon, VisuallyHidden } from "@mantine/core";
import type { ReactNode } from "react";

import type { Schemas } from "@/api/client";
import { useWords } from "@/i18n/words";
import { useTellDone } from "@/ui/done";
import { Icon } from "@/ui/icons";
import { isAtLeast } from "@/ui/role";
import { Section } from "@/ui/Section";

import { type FirstStepsDocument, type Step, useDismiss } from "./useFirstSteps";

interface Props {
  found: FirstStepsDocument;
  role: Schemas["Me"]["role"];
  /** Where, or how, a step is done by whoever may. */
  wayOf: (step: Step) => ReactNode;
  onTour: () => void;
}

/** What is left to do before shops are in step, as the account is now. */
export default function FirstSteps({ found, role, wayOf, onTour }: Props) {
  const { t } = useWords();
  const tellDone = useTellDone();
  const dismiss = useDismiss(() => tellDone(t("firstSteps.hidden")));
  const done = found.steps.filter(({ state }) => state === "done").length;
  const next = found.steps.find(({ state }) => state !== "done");
  return (
    <Section
      title={t("firstSteps.title")}
      lead={
        <Group gap="xs">
          <span aria-live="polite">{t("firstSteps.progress", { done, count: found.steps.length })}</span>
          {found.tour_taken ? null : (
            <Button variant="subtle" size="compact-sm" onClick={onTour}>
              {t("tour.begin")}
            </Button>
          )}
        </Group>
      }
      aside={
        <ActionIcon
          variant="subtle"
          color="gray"
          aria-label={t("firstSteps.hide")}
          loading={dismiss.isPending}
          onClick={() => dismiss.mutate({ body: { hidden: true } })}
        >
          <Icon name="close" />
        </ActionIcon>
      }
    >
      <Stack component="ol" gap="md" m={0} p={0} style={{ listStyle: "none" }}>
        {found.steps.map((step, index) => (
          <Group
            component="li"
            key={step.step}
            gap="sm"
            align="flex-start"
            wrap="nowrap"
            aria-current={step === next ? "step" : undefined}
          >
            <Mark number={index + 1} isDone={step.state === "done"} isNext={step === next} />
            <Group justify="space-between" align="flex-start" gap="xs" style={{ flex: 1 }}>
              <div style={{ flex: "1 1 260px" }}>
                <Text fw={600} c={step.state === "done" ? "dimmed" : undefined}>
                  {t(`firstSteps.${step.step}`)}
                </Text>
                <Told step={step} />
              </div>
              {step.state !== "open" ? null : isAtLeast(role, step.least_role) ? (
                wayOf(step)
              ) : (
                <Text size="sm">{t(`firstSteps.by.${step.least_role === "staff" ? "staff" : "admin"}`)}</Text>
              )}
            </Group>
          </Group>
        ))}
      </Stack>
    </Section>
  );
}

function Mark({ number, isDone, isNext }: { number: number; isDone: boolean; isNext: boolean }) {
  const { t } = useWords();
  return isDone ? (
    <ThemeIcon size={26} radius="xl" color="green">
      <Icon name="check" size={16} />
      <VisuallyHidden>{t("firstSteps.done")}</VisuallyHidden>
    </ThemeIcon>
  ) : (
    <ThemeIcon size={26} radius="xl" variant={isNext ? "filled" : "default"} aria-hidden="true">
      <Text span size="sm" fw={600}>
        {number}
      </Text>
    </ThemeIcon>
  );
}

/** Where a step stands, in words; what it is about as long as it is not its turn. */
function Told({ step }: { step: Step }) {
  const { t, known } = useWords();
  if (step.state === "done") {
    return null;
  }
  const words =
    known(`firstSteps.${step.step}.${step.state}`, { count: step.count }) ??
    (step.state === "waiting" ? t("firstSteps.reading") : t(`firstSteps.${step.step}.hint`));
  return (
    <Text size="sm" c="dimmed">
      {words}
    </Text>
  );
}
