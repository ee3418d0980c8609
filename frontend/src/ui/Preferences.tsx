import { ActionIcon, Group, Menu, useMantineColorScheme } from "@mantine/core";

import { type Language, LANGUAGES } from "@/i18n/catalog";
import { useWords } from "@/i18n/words";

import { Icon } from "./icons";

const SCHEMES = { light: "sun", dark: "moon", auto: "half" } as const;

/** Language, and light or dark; kept in this browser. */
export function Preferences() {
  const { t } = useWords();
  return (
    <Group gap={4} wrap="nowrap">
      <Menu position="bottom-end">
        <Menu.Target>
          <ActionIcon variant="subtle" color="gray" size="lg" aria-label={t("shell.language")}>
            <Icon name="language" />
          </ActionIcon>
        </Menu.Target>
        <Menu.Dropdown>
          <LanguageItems />
        </Menu.Dropdown>
      </Menu>
      <Menu position="bottom-end">
        <Menu.Target>
          <ActionIcon variant="subtle" color="gray" size="lg" aria-label={t("shell.scheme")}>
            <Icon name="half" />
          </ActionIcon>
        </Menu.Target>
        <Menu.Dropdown>
          <SchemeItems />
        </Menu.Dropdown>
      </Menu>
    </Group>
  );
}

export function LanguageItems() {
  const { language, speak } = useWords();
  return Object.entries(LANGUAGES).map(([key, name]) => (
    <Menu.Item
      key={key}
      role="menuitemradio"
      aria-checked={key === language}
      lang={key}
      rightSection={key === language ? <Icon name="check" size={16} /> : null}
      onClick={() => speak(key as Language)}
    >
      {name}
    </Menu.Item>
  ));
}

export function SchemeItems() {
  const { t } = useWords();
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  return (["light", "dark", "auto"] as const).map((scheme) => (
    <Menu.Item
      key={scheme}
      role="menuitemradio"
      aria-checked={scheme === colorScheme}
      leftSection={<Icon name={SCHEMES[scheme]} />}
      rightSection={scheme === colorScheme ? <Icon name="check" size={16} /> : null}
      onClick={() => setColorScheme(scheme)}
    >
      {t(`shell.scheme.${scheme}`)}
    </Menu.Item>
  ));
}
