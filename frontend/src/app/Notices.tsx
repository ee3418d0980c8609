import { Alert, Badge, Group, Text } from "@mantine/core";
import { useNavigate } from "@tanstack/react-router";
import type { ReactNode } from "react";

import { api } from "@/api/client";
import { RemoveSample } from "@/features/sample_data/RemoveSample";
import { useFormat } from "@/i18n/format";
import { useWords } from "@/i18n/words";
import { AllowWrites } from "@/ui/AllowWrites";
import { Icon } from "@/ui/icons";
import { TextLink } from "@/ui/links";
import { useMe } from "@/ui/me";

import { useSwitched } from "./switching";

const EVERY_MS = 60_000;

/** What holds for the whole account and is not as usual, above every screen. */
export function Notices() {
  const { t } = useWords();
  const format = useFormat();
  const isSample = useMe()?.is_sample;
  const account = api.useQuery("get", "/api/v1/account", {}, { refetchInterval: EVERY_MS }).data;
  const stopped = account?.writes_stopped_at ?? null;
  const ends = account?.delete_at ?? null;
  return (
    <>
      {isSample ? <Sample /> : null}
      {stopped === null ? null : (
        <Notice colour="yellow" words={t("writes.stopped", { at: format.moment(stopped) })} action={<AllowWrites />} />
      )}
      {ends === null ? null : (
        <Notice
          colour="red"
          words={t("deletion.at", { at: format.moment(ends) })}
          action={
            <TextLink to="/settings/data" size="sm">
              {t("overview.look")}
            </TextLink>
          }
        />
      )}
    </>
  );
}

function Notice({ colour, words, action }: { colour: "yellow" | "red"; words: string; action: ReactNode }) {
  return (
    <Alert color={colour} icon={<Icon name="warn" />} py="xs" mb="md" role="note">
      <Group gap="sm" justify="space-between">
        <Text size="sm">{words}</Text>
        {action}
      </Group>
    </Alert>
  );
}

function Sample() {
  const { t } = useWords();
  const navigate = useNavigate();
  const switched = useSwitched();
  return (
    <Group gap="xs" mb="md" role="note">
      <Badge variant="default" tt="none">
        {t("sample.badge")}
      </Badge>
      <Text size="sm" c="dimmed">
        {t("sample.notice")}
      </Text>
      <RemoveSample onGone={() => void navigate({ to: "/overview", ignoreBlocker: true }).then(switched)} />
    </Group>
  );
}
