import { Button, Stack, Text } from "@mantine/core";
import { useForm } from "@mantine/form";
import { useMutation, useQuery } from "@tanstack/react-query";
import { useState } from "react";

import { publicClient, type Schemas } from "@/api/client";
import { useWords } from "@/i18n/words";
import { Door, Doorstep } from "@/ui/Doorstep";
import { PasswordField } from "@/ui/PasswordField";
import { isPassword, LEAST_CHARACTERS } from "@/ui/passwords";
import { Failed, Loading } from "@/ui/states";
import { useToken } from "@/ui/useToken";

type Offer = Schemas["Offer"];

/** Where the link of an invitation leads: who invites to what, and yes. */
export function AcceptInvitation() {
  const { t } = useWords();
  const token = useToken();
  const [joined, setJoined] = useState(false);
  const offer = useQuery({
    queryKey: ["invitation", token],
    queryFn: async () => {
      const { data } = await publicClient.POST("/api/v1/invitations/show", { body: { token: token || "-" } });
      return data as Offer;
    },
    staleTime: Infinity,
  });
  const signIn = <Door to="/sign-in">{t("signIn.title")}</Door>;
  if (offer.isPending) {
    return (
      <Doorstep title={t("invitation.title")}>
        <Loading />
      </Doorstep>
    );
  }
  if (offer.isError) {
    return (
      <Doorstep title={t("invitation.title")} footer={signIn}>
        <Failed error={offer.error} retry={() => void offer.refetch()} retrying={offer.isFetching} />
      </Doorstep>
    );
  }
  const { account_name: account, email } = offer.data;
  return joined ? (
    <Doorstep title={t("invitation.done.title", { account })} footer={signIn}>
      <Text role="status">{t("invitation.done", { email })}</Text>
    </Doorstep>
  ) : (
    <Doorstep
      title={t("invitation.to", { account })}
      lead={t("invitation.lead", { email, role: t(`role.${offer.data.role as Schemas["Me"]["role"]}`) })}
    >
      <Accept token={token} email={email} isKnown={offer.data.is_known} onJoined={() => setJoined(true)} />
    </Doorstep>
  );
}

interface AcceptProps {
  token: string;
  email: string;
  isKnown: boolean;
  onJoined: () => void;
}

function Accept({ token, email, isKnown, onJoined }: AcceptProps) {
  const { t } = useWords();
  const accept = useMutation({
    mutationFn: (password: string) =>
      publicClient.POST("/api/v1/invitations/accept", { body: { token, password: isKnown ? null : password } }),
    onSuccess: onJoined,
  });
  const form = useForm({
    mode: "uncontrolled",
    initialValues: { password: "" },
    validate: {
      password: (value) =>
        isKnown || isPassword(value) ? null : t("form.password", { least: LEAST_CHARACTERS }),
    },
  });
  return (
    <form onSubmit={form.onSubmit(({ password }) => accept.mutate(password))} noValidate>
      <Stack gap="md">
        {accept.isError ? <Failed error={accept.error} /> : null}
        {isKnown ? (
          <Text size="sm">{t("invitation.known")}</Text>
        ) : (
          <>
            {/* For password managers, which keep a password together with its user. */}
            <input type="text" autoComplete="username" value={email} readOnly hidden />
            <PasswordField
              label={t("invitation.password")}
              description={t("form.password", { least: LEAST_CHARACTERS })}
              autoComplete="new-password"
              key={form.key("password")}
              {...form.getInputProps("password")}
            />
          </>
        )}
        <Button type="submit" loading={accept.isPending} fullWidth>
          {t("invitation.go")}
        </Button>
      </Stack>
    </form>
  );
}
