/** The window through which the pictures of a study are judged: the presets of the reading view, or two numbers. */
import { Button, NumberInput } from "@mantine/core";
import type { Window } from "@/canvas/lut";
import { presetsFor } from "@/canvas/presets";

/** Where the fields begin when a file's own window, which the page does not know, is left: soft tissue of CT. */
const FIRST: Window = { center: 40, width: 400 };
/** The audit does not say of which modality a study is. Windows in Hounsfield units are the same everywhere, and others are set by hand. */
const PRESETS = presetsFor("CT", FIRST);

export function AuditWindow({
  window,
  onWindow,
}: {
  /** Nothing: as the file says. */
  window: Window | null;
  onWindow: (window: Window | null) => void;
}) {
  const shown = window ?? FIRST;
  const number = (value: number | string) =>
    typeof value === "number" && Number.isFinite(value) ? value : null;
  const isSame = (one: Window) => window?.center === one.center && window.width === one.width;
  return (
    <fieldset className="row" aria-label="Window" style={{ border: 0, margin: 0, padding: 0 }}>
      <Button
        variant={window ? "default" : "filled"}
        size="compact-sm"
        aria-pressed={window === null}
        onClick={() => onWindow(null)}
      >
        As the file says
      </Button>
      {PRESETS.map((preset) => (
        <Button
          key={preset.name}
          variant={isSame(preset) ? "filled" : "default"}
          size="compact-sm"
          aria-pressed={isSame(preset)}
          title={`CT: width ${preset.width}, centre ${preset.center}`}
          onClick={() => onWindow({ center: preset.center, width: preset.width })}
        >
          {preset.name}
        </Button>
      ))}
      <NumberInput
        aria-label="Window width"
        prefix="W "
        value={window ? Math.round(shown.width) : ""}
        placeholder="width"
        min={1}
        w={100}
        size="xs"
        onChange={(value) => {
          const width = number(value);
          if (width !== null && width >= 1) onWindow({ ...shown, width });
        }}
      />
      <NumberInput
        aria-label="Window centre"
        prefix="L "
        value={window ? Math.round(shown.center) : ""}
        placeholder="centre"
        w={100}
        size="xs"
        onChange={(value) => {
          const center = number(value);
          if (center !== null) onWindow({ ...shown, center });
        }}
      />
      <span className="dim">
        {window
          ? "The right button drags it."
          : "Presets are those of CT; other modalities are set by number."}
      </span>
    </fieldset>
  );
}
