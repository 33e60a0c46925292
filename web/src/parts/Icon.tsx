/** The page's own icons: 16-unit grid, one stroke weight, decoration only (the word stands beside or in aria-label). */
const PATHS = {
  check: "M3 8.5l3.2 3.2L13 4.8",
  cross: "M4 4l8 8M12 4l-8 8",
  plus: "M8 3v10M3 8h10",
  left: "M10 3L5 8l5 5",
  right: "M6 3l5 5-5 5",
  down: "M3 6l5 5 5-5",
  hold: "M5.5 3.5v9M10.5 3.5v9",
  gate: "M3 13V5.5L8 3l5 2.5V13M6 13V8.5h4V13",
  lock: "M4 7.5h8v6H4zM5.5 7.5V5.5a2.5 2.5 0 015 0v2",
  upload: "M8 11V3M4.8 6L8 2.8 11.2 6M3 13h10",
  download: "M8 3v8M4.8 8L8 11.2 11.2 8M3 13.2h10",
  person: "M8 8a2.7 2.7 0 100-5.4A2.7 2.7 0 008 8zM3 13.6c.6-2.6 2.5-4 5-4s4.4 1.4 5 4",
  model:
    "M4.5 4.500h7v7h-7zM6.5 2v2.500M9.5 2v2.500M6.5 11.500V14M9.5 11.500V14M2 6.500h2.500M2 9.500h2.500M11.5 6.500H14M11.5 9.500H14",
  menu: "M3 4.500h10M3 8h10M3 11.500h10",
  eye: "M1.8 8S4 3.8 8 3.8 14.2 8 14.2 8 12 12.2 8 12.2 1.8 8 1.8 8zM8 9.800a1.8 1.8 0 100-3.6 1.8 1.8 0 000 3.600z",
  retry: "M13 8a5 5 0 11-1.5-3.600M13 2.500V5h-2.5",
  seal: "M8 1.800l5 2v4c0 3-2.1 5.2-5 6.4-2.9-1.2-5-3.4-5-6.400v-4zM5.7 7.900l1.7 1.7 3-3.2",
  copy: "M5.5 5.500h7v8h-7zM3.5 10.500v-8h7",
  warn: "M8 2.500l6 11H2zM8 6.500v3.300M8 11.500v.6",
} as const;

export type IconName = keyof typeof PATHS;

export function Icon({ name, size = 16 }: { name: IconName; size?: number }) {
  return (
    <svg
      width={size}
      height={size}
      viewBox="0 0 16 16"
      fill="none"
      stroke="currentColor"
      strokeWidth="1.5"
      strokeLinecap="round"
      strokeLinejoin="round"
      aria-hidden="true"
      focusable="false"
    >
      <path d={PATHS[name]} />
    </svg>
  );
}
