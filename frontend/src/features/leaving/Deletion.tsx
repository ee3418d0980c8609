import { Alert, Button, Group, Stack, Text } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";

import { api } from "@/api/client";
import { useFormat } from "@/i18n/format";
import { useWords } from "@/i18n/words";
import { Icon } from "@/ui/icons";
import { useTellProblem } from "@/ui/notify";
import { Section } from "@/ui/Section";
import { Failed, Loading } from "@/ui/states";
import { SureDialog } from "@/ui/SureDialog";

/** The account's end: asked for with its name and the password, and taken back within a week. */
export function Deletion() {
  const { t } = useWords();
  const format = useFormat();
  const tell = useTellProblem();
  const queries = useQueryClient();
  const [asks, setAsks] = useState(false);
  const account = api.useQuery("get", "/api/v1/account");
  const look = () => queries.invalidateQueries({ queryKey: ["get", "/api/v1/account"] });
  const end = api.useMutation("post", "/api/v1/account/deletion", {
    onSuccess: async () => {
      setAsks(false);
      await look();
    },
  });
  const keep = api.useMutation("delete", "/api/v1/account/deletion", { onSuccess: look, onError: tell });
  const found = account.data;
  return (
    <Section title={t("deletion.title")} lead={t("deletion.lead")}>
      {account.isPending ? <Loading /> : null}
      {account.isError ? <Failed error={account.error} retry={() => void account.refetch()} /> : null}
      {found === undefined ? null : found.delete_at === null ? (
        <Group>
          <Button
            color="red"
            onClick={() => {
              end.reset();
              setAsks(true);
            }}
          >
            {t("deletion.ask")}
          </Button>
        </Group>
      ) : (
        <Alert color="red" icon={<Icon name="warn" />} title={t("deletion.at", { at: format.moment(found.delete_at) })}>
          <Stack gap="sm" align="flex-start">
            <Text size="sm">{t("deletion.keep.lead")}</Text>
            <Button variant="default" loading={keep.isPending} onClick={() => keep.mutate({})}>
              {t("deletion.keep")}
            </Button>
          </Stack>
        </Alert>
      )}
      <SureDialog
        opened={asks}
        title={t("deletion.title")}
        action={t("deletion.go")}
        typed={found?.name ?? ""}
        asksPassword
        busy={end.isPending}
        error={end.error}
        onYes={(password) => end.mutate({ body: { password } })}
        onClose={() => setAsks(false)}
      >
        {t("deletion.sure")}
      </SureDialog>
    </Section>
  );
}
