import { Badge, Button, Group, Text } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";

import { api } from "@/api/client";
import { useWords } from "@/i18n/words";
import { Section } from "@/ui/Section";
import { Failed, Loading } from "@/ui/states";
import { SureDialog } from "@/ui/SureDialog";

import { CodesDialog } from "./Codes";
import { EnrolDialog } from "./Enrol";

type Dialog = "enrol" | "renew" | "disable" | null;

/** Codes of an authenticator app beside the password: on, off, and what stands in for a lost phone. */
export function SecondFactor() {
  const { t } = useWords();
  const queries = useQueryClient();
  const [dialog, setDialog] = useState<Dialog>(null);
  const [codes, setCodes] = useState<string[] | null>(null);
  const state = api.useQuery("get", "/api/v1/auth/second-factor");
  const look = () => queries.invalidateQueries({ queryKey: ["get", "/api/v1/auth/second-factor"] });
  const show = (found: string[]) => {
    setDialog(null);
    setCodes(found);
    void look();
  };
  const renew = api.useMutation("post", "/api/v1/auth/second-factor/recovery-codes", {
    onSuccess: (found) => show(found?.recovery_codes ?? []),
  });
  const disable = api.useMutation("post", "/api/v1/auth/second-factor/disable", {
    onSuccess: () => {
      setDialog(null);
      void look();
    },
  });
  const begin = (next: Dialog) => {
    renew.reset();
    disable.reset();
    setDialog(next);
  };
  const found = state.data;
  return (
    <Section
      title={t("factor.title")}
      lead={t("factor.lead")}
      aside={
        found === undefined ? null : (
          <Badge variant="default" size="lg" tt="none">
            {t(found.enabled ? "factor.on" : "factor.off")}
          </Badge>
        )
      }
    >
      {state.isError ? <Failed error={state.error} retry={() => void state.refetch()} /> : null}
      {state.isPending ? <Loading /> : null}
      {found === undefined ? null : found.enabled ? (
        <>
          <Text size="sm">{t("factor.left", { count: found.recovery_codes_left })}</Text>
          <Group gap="xs">
            <Button variant="default" onClick={() => begin("renew")}>
              {t("factor.renew")}
            </Button>
            <Button variant="default" c="var(--mantine-color-error)" onClick={() => begin("disable")}>
              {t("factor.disable")}
            </Button>
          </Group>
        </>
      ) : (
        <Group>
          <Button onClick={() => begin("enrol")}>{t("factor.enrol")}</Button>
        </Group>
      )}
      <EnrolDialog opened={dialog === "enrol"} onClose={() => setDialog(null)} onDone={show} />
      <SureDialog
        opened={dialog === "renew"}
        title={t("factor.renew")}
        action={t("factor.renew.go")}
        asksPassword
        busy={renew.isPending}
        error={renew.error}
        onYes={(password) => renew.mutate({ body: { password } })}
        onClose={() => setDialog(null)}
      >
        {t("factor.renew.sure")}
      </SureDialog>
      <SureDialog
        opened={dialog === "disable"}
        title={t("factor.disable")}
        action={t("factor.disable.go")}
        asksPassword
        busy={disable.isPending}
        error={disable.error}
        onYes={(password) => disable.mutate({ body: { password } })}
        onClose={() => setDialog(null)}
      >
        {t("factor.disable.sure")}
      </SureDialog>
      <CodesDialog codes={codes} onClose={() => setCodes(null)} />
    </Section>
  );
}
