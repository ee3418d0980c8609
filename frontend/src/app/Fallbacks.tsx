/** What stands in for a screen. */

import { Center, Container } from "@mantine/core";
import { type ErrorComponentProps, useRouter } from "@tanstack/react-router";
import { useEffect } from "react";

import { PartMissing } from "@/i18n/catalog";
import { useWords } from "@/i18n/words";
import { ButtonLink } from "@/ui/links";
import { Empty, Failed, Loading } from "@/ui/states";

import { loadAnew, loadAnewOnce } from "./reload";

export function Waiting() {
  return (
    <Center mih="60vh">
      <Loading />
    </Center>
  );
}

export function Lost() {
  const { t } = useWords();
  return (
    <Center mih="80vh" component="main">
      <Empty
        icon="search"
        title={t("lost.title")}
        action={
          <ButtonLink to="/overview" variant="default">
            {t("lost.home")}
          </ButtonLink>
        }
      >
        {t("lost.next")}
      </Empty>
    </Center>
  );
}

export function Crashed({ error, reset }: ErrorComponentProps) {
  const router = useRouter();
  const isMissing = error instanceof PartMissing;
  useEffect(() => {
    if (isMissing) {
      void loadAnewOnce();
    }
  }, [isMissing]);
  const retry = () => {
    if (isMissing) {
      void loadAnew();
    } else {
      reset();
      void router.invalidate();
    }
  };
  return (
    <Container size="sm" py="xl">
      <Failed error={error} retry={retry} />
    </Container>
  );
}
