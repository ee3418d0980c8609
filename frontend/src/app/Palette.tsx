import "@mantine/spotlight/styles.css";

import { useMantineColorScheme } from "@mantine/core";
import { Spotlight, spotlight, type SpotlightActionData } from "@mantine/spotlight";
import { useNavigate } from "@tanstack/react-router";
import { useEffect } from "react";

import { type Language, LANGUAGES } from "@/i18n/catalog";
import { useWords } from "@/i18n/words";
import { session } from "@/session/session";
import { Icon } from "@/ui/icons";
import { useTellProblem } from "@/ui/notify";

import { PLACES } from "./navigation";

/** Everything by keyboard. Opens each time that `asked` counts on. */
export default function Palette({ asked }: { asked: number }) {
  const { t } = useWords();
  const actions = useActions();
  useEffect(() => {
    spotlight.open();
  }, [asked]);
  return (
    <Spotlight
      actions={actions}
      shortcut={null}
      nothingFound={t("palette.nothing")}
      highlightQuery
      searchProps={{
        "aria-label": t("palette.search"),
        placeholder: t("palette.search"),
        leftSection: <Icon name="search" />,
      }}
    />
  );
}

function useActions(): SpotlightActionData[] {
  const { t, language, speak } = useWords();
  const { setColorScheme } = useMantineColorScheme();
  const navigate = useNavigate();
  const tell = useTellProblem();
  const languages = (Object.keys(LANGUAGES) as Language[]).filter((each) => each !== language);
  return [
    ...PLACES.map(({ to, name, icon }) => ({
      id: to,
      label: t(name),
      leftSection: <Icon name={icon} />,
      onClick: () => void navigate({ to }),
    })),
    {
      id: "review",
      label: t("palette.review"),
      leftSection: <Icon name="warn" />,
      onClick: () => void navigate({ to: "/orders", search: { review: true } }),
    },
    ...languages.map((each) => ({
      id: each,
      label: LANGUAGES[each],
      leftSection: <Icon name="language" />,
      onClick: () => speak(each),
    })),
    ...(["light", "dark", "auto"] as const).map((scheme) => ({
      id: scheme,
      label: `${t("shell.scheme")}: ${t(`shell.scheme.${scheme}`)}`,
      leftSection: <Icon name="half" />,
      onClick: () => setColorScheme(scheme),
    })),
    {
      id: "sign-out",
      label: t("shell.signOut"),
      leftSection: <Icon name="leave" />,
      onClick: () => void session.signOut().then(() => navigate({ to: "/" }), tell),
    },
  ];
}
