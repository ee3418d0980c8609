import type { ReactNode } from "react";

/** Outlines of 24 by 24, in the colour of the text around them; decoration, never the only name of a thing. */
const SHAPES = {
  overview: <path d="M4 13a8 8 0 1 1 16 0M12 13l4-4M4 13v5h16v-5" />,
  orders: <path d="M6 3h12v18l-3-2-3 2-3-2-3 2zM9 8h6M9 12h6" />,
  menu: <path d="M4 7h16M4 12h16M4 17h16" />,
  search: <path d="M10.5 4a6.5 6.5 0 1 0 0 13 6.5 6.5 0 0 0 0-13zM15.5 15.5 20 20" />,
  check: <path d="m5 12.5 4.5 4.5L19 7.5" />,
  warn: <path d="M12 4 2.8 20h18.4zM12 10v4M12 17.2v.1" />,
  stop: <path d="M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18zM12 8v5M12 16.2v.1" />,
  box: <path d="m12 3 8 4.5v9L12 21l-8-4.5v-9zM4 7.5l8 4.5 8-4.5M12 12v9" />,
  shop: <path d="M4 10v10h16V10M3 9l2-5h14l2 5c0 3-4.5 3-4.5 0 0 3-4.5 3-4.5 0 0 3-4.5 3-4.5 0C7.5 12 3 12 3 9zM10 20v-5h4v5" />,
  half: <path d="M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18zM12 3v18M12 8l6-2.5M12 13l8.5-3M12 18l6.5-3" />,
  language: <path d="M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18zM3 12h18M12 3c3 3 3 15 0 18M12 3c-3 3-3 15 0 18" />,
  leave: <path d="M14 4H5v16h9M10 12h11M17.5 8.5 21 12l-3.5 3.5" />,
  user: <path d="M12 4a4 4 0 1 0 0 8 4 4 0 0 0 0-8zM4 21c0-4.5 3.5-6.5 8-6.5s8 2 8 6.5" />,
  swap: <path d="M4 8h15M15.5 4.5 19 8l-3.5 3.5M20 16H5M8.5 12.5 5 16l3.5 3.5" />,
  filter: <path d="M4 5h16l-6 8v6l-4-2v-4z" />,
  download: <path d="M12 4v11M7.5 10.5 12 15l4.5-4.5M4 20h16" />,
  back: <path d="M20 12H5M11 6l-6 6 6 6" />,
  mail: <path d="M3 5.5h18v13H3zM3 6l9 7 9-7" />,
  offline: <path d="M3 3l18 18M8.5 15.5a5 5 0 0 1 6.5-.4M5 12a10 10 0 0 1 4-2.4M19 12a10 10 0 0 0-5-2.8M2 8.5a15 15 0 0 1 4-2.5M22 8.5A15 15 0 0 0 10.5 5M12 19v.1" />,
  link: <path d="M10 14a4 4 0 0 0 6 .4l3-3a4 4 0 0 0-5.7-5.7l-1.5 1.5M14 10a4 4 0 0 0-6-.4l-3 3a4 4 0 0 0 5.7 5.7l1.5-1.5" />,
  history: <path d="M4 12a8 8 0 1 0 2.5-5.8L4 8.5M4 4v4.5h4.5M12 8v4.5l3 2" />,
  compare: <path d="M5 5v14M19 5v14M9 9h7M13.5 6.5 16 9l-2.5 2.5M15 15H8M10.5 12.5 8 15l2.5 2.5" />,
  review: <path d="M12 4v16M5 20h14M5 8h14M5 8l-2.5 6h5zM19 8l-2.5 6h5z" />,
  close: <path d="M6 6l12 12M18 6 6 18" />,
  columns: <path d="M4 5h16v14H4zM9.5 5v14M14.5 5v14" />,
  bookmark: <path d="M7 4h10v16l-5-4-5 4z" />,
  upload: <path d="M12 15V4M7.5 8.5 12 4l4.5 4.5M4 20h16" />,
  up: <path d="M12 19V5M6 11l6-6 6 6" />,
  down: <path d="M12 5v14M6 13l6 6 6-6" />,
  left: <path d="M19 12H5M11 6l-6 6 6 6" />,
  right: <path d="M5 12h14M13 6l6 6-6 6" />,
  dashboards: <path d="M4 4h7v9H4zM13 4h7v5h-7zM13 12h7v8h-7zM4 16h7v4H4z" />,
  settings: <path d="M4 7h10M18 7h2M4 17h2M10 17h10M16 5v4M8 15v4M4 12h4M12 12h8M10 10v4" />,
  chart: <path d="M4 4v16h16M8 16l4-5 3 3 5-7" />,
  table: <path d="M4 5h16v14H4zM4 10h16M4 14.5h16M10 5v14" />,
  more: <path d="M5 12v.1M12 12v.1M19 12v.1" strokeWidth={3} />,
  plus: <path d="M12 5v14M5 12h14" />,
  grip: <path d="M9 6v.1M15 6v.1M9 12v.1M15 12v.1M9 18v.1M15 18v.1" strokeWidth={2.6} />,
  wider: <path d="M3 5v14M21 5v14M7 12h10M9.5 9 7 12l2.5 3M14.5 9l2.5 3-2.5 3" />,
  taller: <path d="M5 3h14M5 21h14M12 7v10M9 9.5 12 7l3 2.5M9 14.5l3 2.5 3-2.5" />,
  copy: <path d="M9 9h11v11H9zM5 15H4V4h11v1" />,
  key: <path d="M8 11a4 4 0 1 0 0 8 4 4 0 0 0 0-8zM11 12.5 20 4M16 8l3 3" />,
  trash: <path d="M4 7h16M9 7V4h6v3M6 7l1 13h10l1-13M10 11v5M14 11v5" />,
  pause: <path d="M9 5v14M15 5v14" />,
  play: <path d="M7 4.5v15l12-7.5z" />,
  plug: <path d="M9 3v5M15 3v5M6 8h12v3a6 6 0 0 1-12 0zM12 17v4" />,
} as const satisfies Record<string, ReactNode>;

export type IconName = keyof typeof SHAPES;

export function Icon({ name, size = 18 }: { name: IconName; size?: number }) {
  return (
    <svg
      width={size}
      height={size}
      viewBox="0 0 24 24"
      fill="none"
      stroke="currentColor"
      strokeWidth={1.8}
      strokeLinecap="round"
      strokeLinejoin="round"
      aria-hidden="true"
      focusable="false"
    >
      {SHAPES[name]}
    </svg>
  );
}
