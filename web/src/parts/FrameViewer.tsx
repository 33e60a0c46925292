/** Looks through the frames of one stream or gate entry: slider, arrow keys, wheel. Drawing is the workspace's job. */
import { Button } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import { type ReactNode, useRef, useState } from "react";
import { meQuery } from "@/api/session";
import styles from "./FrameViewer.module.css";
import { Icon } from "./Icon";
import { type KeyGroup, useKeyHelp, useKeys } from "./keys";

const KEYS: KeyGroup = {
  title: "Frames",
  keys: [
    { keys: "← →", does: "Frame before, next frame" },
    { keys: "Home End", does: "First, last frame" },
  ],
};
/** Wheel travel for one frame, in CSS pixels; a mouse notch is about 100. */
const WHEEL_PER_FRAME_PX = 60;

type Props = {
  url: (frame: number) => string;
  frames: number;
  label: string;
  start?: number;
  /** What lies over the frame, drawn in the pixels of the picture. */
  over?: ((frame: number, size: { width: number; height: number }) => ReactNode) | undefined;
  /** A frame is on the screen. */
  onShown?: (() => void) | undefined;
};

export function FrameViewer({ url, frames, label, start = 0, over, onShown }: Props) {
  const [frame, setFrame] = useState(start);
  const [state, setState] = useState<{ url: string; is: "shown" | "failed" } | null>(null);
  const [size, setSize] = useState({ width: 0, height: 0 });
  const client = useQueryClient();
  const wheel = useRef(0);
  const go = (to: number) => setFrame(Math.max(0, Math.min(frames - 1, to)));
  useKeyHelp(KEYS);
  // A single picture leaves the keys to whatever else is on the page.
  useKeys(
    {
      ArrowLeft: () => go(frame - 1),
      ArrowRight: () => go(frame + 1),
      Home: () => go(0),
      End: () => go(frames - 1),
    },
    frames > 1,
  );
  const source = url(frame);
  const is = state?.url === source ? state.is : "loading";
  return (
    <figure className={styles.viewer} style={{ margin: 0 }}>
      <div
        className={styles.stage}
        onWheel={(event) => {
          wheel.current += event.deltaY;
          const steps = Math.trunc(wheel.current / WHEEL_PER_FRAME_PX);
          wheel.current -= steps * WHEEL_PER_FRAME_PX;
          if (steps !== 0) go(frame + steps);
        }}
      >
        {is === "failed" ? (
          <span className={styles.say} role="alert">
            This frame could not be shown.
          </span>
        ) : (
          <img
            src={source}
            alt={`${label}, frame ${frame + 1} of ${frames}`}
            draggable={false}
            onLoad={({ currentTarget: { naturalWidth: width, naturalHeight: height } }) => {
              setSize({ width, height });
              setState({ url: source, is: "shown" });
              onShown?.();
            }}
            onError={() => {
              setState({ url: source, is: "failed" });
              // A picture cannot say why it failed; the session can, and asks to sign in again if that is it.
              client.refetchQueries({ queryKey: meQuery.queryKey, exact: true });
            }}
          />
        )}
        {is === "shown" && size.width > 0 ? over?.(frame, size) : null}
        {is === "loading" ? (
          <span className={styles.say} role="status">
            Loading…
          </span>
        ) : null}
      </div>
      {frames > 1 ? (
        <div className={styles.step}>
          <Button
            variant="default"
            size="compact-sm"
            onClick={() => go(frame - 1)}
            disabled={frame === 0}
            aria-label="Frame before"
          >
            <Icon name="left" />
          </Button>
          <input
            type="range"
            min={0}
            max={frames - 1}
            value={frame}
            onChange={(event) => go(Number(event.currentTarget.value))}
            aria-label={`Frame of ${label}`}
          />
          <span>
            {frame + 1} / {frames}
          </span>
          <Button
            variant="default"
            size="compact-sm"
            onClick={() => go(frame + 1)}
            disabled={frame >= frames - 1}
            aria-label="Next frame"
          >
            <Icon name="right" />
          </Button>
        </div>
      ) : null}
    </figure>
  );
}
