import { memo, useEffect, useReducer } from "react";
import type { ToolOption } from "@/canvas/tool";
import type { HostHandle } from "./host";
import styles from "./ToolOptions.module.css";
import shared from "./Workspace.module.css";

/** The settings of the tool in hand. The row is always there, so that nothing moves when the tool changes. */
export const ToolOptions = memo(function ToolOptions({ handle }: { handle: HostHandle | null }) {
  const [, again] = useReducer((n: number) => n + 1, 0);
  useEffect(() => {
    const undo = [handle?.onTool(again), handle?.onOptions?.(again)];
    again();
    return () => {
      for (const stop of undo) stop?.();
    };
  }, [handle]);
  if (!handle?.options) return null;
  const tool = handle.tools.find((entry) => entry.id === handle.currentTool());
  return (
    <div className={styles.bar} role="toolbar" aria-label="Settings of the tool" data-testid="tool-options">
      <strong>{tool?.title}</strong>
      {handle.options().map((option) => (
        <Setting key={`${tool?.id}/${option.id}`} option={option} />
      ))}
    </div>
  );
});

function Setting({ option }: { option: ToolOption }) {
  const testid = `option-${option.id}`;
  switch (option.kind) {
    case "text":
      return <span data-testid={testid}>{option.text}</span>;
    case "act":
      return (
        <button
          type="button"
          className={shared.plain}
          disabled={option.disabled}
          onClick={option.run}
          data-testid={testid}
        >
          {option.label}
        </button>
      );
    case "flag":
      return (
        <label>
          <input
            type="checkbox"
            checked={option.value}
            onChange={(event) => option.set(event.currentTarget.checked)}
            data-testid={testid}
          />
          {option.label}
        </label>
      );
    case "range":
      return (
        <label>
          {option.label}
          <input
            type="range"
            min={option.min}
            max={option.max}
            step={option.step}
            value={option.value}
            onChange={(event) => option.set(Number(event.currentTarget.value))}
            data-testid={testid}
          />
          <output>{option.value.toLocaleString("en-GB", { maximumFractionDigits: 2 })}</output>
        </label>
      );
    default:
      return (
        <fieldset className={shared.segments} aria-label={option.label} data-testid={testid}>
          {option.choices.map((choice) => (
            <button
              key={choice.value}
              type="button"
              aria-pressed={option.value === choice.value}
              onClick={() => option.set(choice.value)}
            >
              {choice.label}
            </button>
          ))}
        </fieldset>
      );
  }
}
