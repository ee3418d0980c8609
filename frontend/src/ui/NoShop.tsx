import { Text } from "@mantine/core";
import type { ReactNode } from "react";

import { useWords } from "@/i18n/words";

import { Icon } from "./icons";
import { ButtonLink } from "./links";
import { useMe } from "./me";
import { useMay } from "./role";
import { Empty } from "./states";

/** In place of what shops would bring: none is connected yet, and who connects one. */
export function NoShop({ children }: { children?: ReactNode }) {
  const { t } = useWords();
  const action =
    useMay("admin") === false ? <Text size="sm">{t("sample.askAdmin")}</Text> : <ConnectShop />;
  return (
    <Empty icon="shop" title={t("overview.noShops")} action={action}>
      {children}
    </Empty>
  );
}

/** The way to connect a shop, for those who may. */
export function ConnectShop() {
  const { t } = useWords();
  const mayConnect = useMay("admin");
  const isSample = useMe()?.is_sample ?? true;
  return mayConnect && !isSample ? (
    <ButtonLink to="/connections/new" leftSection={<Icon name="plus" />}>
      {t("connections.connect")}
    </ButtonLink>
  ) : null;
}
