import { ActionIcon, Group, type MantineColorScheme, Menu, useMantineColorScheme } from "@mantine/core";

import { type Language, LANGUAGES } from "@/i18n/catalog";
import { useWords } from "@/i18n/words";

import { Icon } from "./icons";

const SCHEMES = ["light", "dark", "auto"] as const;

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
  return (
    <Menu.RadioGroup value={language} onChange={(value) => speak(value as Language)}>
      {Object.entries(LANGUAGES).map(([key, name]) => (
        <Menu.RadioItem key={key} value={key} lang={key} closeMenuOnClick>
          {name}
        </Menu.RadioItem>
      ))}
    </Menu.RadioGroup>
  );
}

export function SchemeItems() {
  const { t } = useWords();
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  return (
    <Menu.RadioGroup value={colorScheme} onChange={(value) => setColorScheme(value as MantineColorScheme)}>
      {SCHEMES.map((scheme) => (
        <Menu.RadioItem key={scheme} value={scheme} closeMenuOnClick>
          {t(`shell.scheme.${scheme}`)}
        </Menu.RadioItem>
      ))}
    </Menu.RadioGroup>
  );
}
