import { Alert, Button, Code, CopyButton, Stack, Text } from "@mantine/core";

import { useWords } from "@/i18n/words";

import { Icon } from "./icons";

/** Something that is shown this once, to be copied. */
export function Secret({ label, value }: { label: string; value: string }) {
  const { t } = useWords();
  return (
    <Stack gap="sm">
      <Alert color="yellow" icon={<Icon name="warn" />} title={t("secret.once")}>
        <Text size="sm">{t("secret.once.next")}</Text>
      </Alert>
      <Code block aria-label={label} tabIndex={0} style={{ whiteSpace: "pre-wrap", wordBreak: "break-all" }}>
        {value}
      </Code>
      <CopyButton value={value}>
        {({ copied, copy }) => (
          <Button variant="default" leftSection={<Icon name={copied ? "check" : "copy"} />} onClick={copy}>
            {t(copied ? "secret.copied" : "secret.copy")}
          </Button>
        )}
      </CopyButton>
    </Stack>
  );
}
