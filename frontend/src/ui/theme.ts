import { createTheme, Menu } from "@mantine/core";

/** Colours that carry text have a contrast of 4.5 to 1 and more, in light and in dark; see theme.css. */
export const theme = createTheme({
  colors: {
    // Mantine's have no hue, and the ground beside them has.
    dark: [
      "#d8dade",
      "#b8bcc3",
      "#8b9098",
      "#6a7079",
      "#454a53",
      "#363a42",
      "#25282d",
      "#1d1f23",
      "#191b1f",
      "#111316",
    ],
  },
  primaryColor: "indigo",
  primaryShade: { light: 8, dark: 8 },
  defaultRadius: "md",
  cursorType: "pointer",
  respectReducedMotion: true,
  fontFamily: 'system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif',
  headings: { fontWeight: "650" },
  components: {
    // What it puts into a menu may not be in one.
    Menu: Menu.extend({ defaultProps: { withInitialFocusPlaceholder: false } }),
  },
});

/** Of `<html>`'s meta tag: what the server allows `<style>` with. */
export function styleNonce(): string {
  return document.querySelector<HTMLMetaElement>('meta[property="csp-nonce"]')?.nonce ?? "";
}
