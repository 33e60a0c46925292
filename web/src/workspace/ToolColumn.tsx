import { Tooltip } from "@mantine/core";
import { memo, useSyncExternalStore } from "react";
import { keyHint } from "@/canvas/keymap";
import { useKeyMap } from "./hooks";
import type { HostHandle } from "./host";
import styles from "./Workspace.module.css";

const VIEW_ACTIONS = [
  { action: "zoom.in", label: "Zoom in", path: "M9 4v10M4 9h10" },
  { action: "zoom.out", label: "Zoom out", path: "M4 9h10" },
  { action: "zoom.fit", label: "Fit to the window", path: "M4 8V4h4M12 4h4v4M16 12v4h-4M8 16H4v-4" },
  {
    action: "brightness.up",
    label: "Brighter",
    path: "M10 6.500a3.5 3.5 0 100 7 3.5 3.5 0 000-7zM10 2v2M10 16v2M2 10h2M16 10h2",
  },
  { action: "brightness.down", label: "Darker", path: "M10 6.500a3.5 3.5 0 100 7 3.5 3.5 0 000-7z" },
] as const;

/** Drawn again when the tool changes, not with every selection. */
export const ToolColumn = memo(function ToolColumn({ handle }: { handle: HostHandle | null }) {
  const keyMap = useKeyMap();
  const current = useSyncExternalStore(
    (listener) => handle?.onTool(listener) ?? (() => {}),
    () => handle?.currentTool() ?? "",
  );
  return (
    <div className={styles.tools} role="toolbar" aria-label="Tools" aria-orientation="vertical">
      {handle?.tools.map((tool) => {
        const hint = keyHint(keyMap, tool.action);
        return (
          <Tooltip key={tool.id} label={hint ? `${tool.title} (${hint})` : tool.title} position="right">
            <button
              type="button"
              className={styles.tool}
              aria-label={tool.title}
              aria-keyshortcuts={hint}
              aria-pressed={current === tool.id}
              data-testid={`tool-${tool.id}`}
              onClick={() => handle.chooseTool(tool.id)}
            >
              <svg
                width="20"
                height="20"
                viewBox="0 0 24 24"
                fill="none"
                stroke="currentColor"
                strokeWidth="1.8"
                strokeLinejoin="round"
                aria-hidden="true"
              >
                <path d={tool.icon} />
              </svg>
            </button>
          </Tooltip>
        );
      })}
      <hr />
      {VIEW_ACTIONS.filter(({ action }) => handle?.offers(action)).map(({ action, label, path }) => (
        <Tooltip key={action} label={`${label} (${keyHint(keyMap, action)})`} position="right">
          <button
            type="button"
            className={styles.tool}
            aria-label={label}
            onClick={() => handle?.perform(action)}
          >
            <svg
              width="18"
              height="18"
              viewBox="0 0 20 20"
              fill="none"
              stroke="currentColor"
              strokeWidth="1.6"
              strokeLinecap="round"
              aria-hidden="true"
            >
              <path d={path} />
            </svg>
          </button>
        </Tooltip>
      ))}
    </div>
  );
});
